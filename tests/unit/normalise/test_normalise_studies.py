"""Imaging studies: which images of whom, where they lie, and how they are taken back."""

from __future__ import annotations

import pytest

from streams.records import ImagingStudyVersion, Overruling, SeriesAnnounced
from tests.unit.normalise.fhir_messages import NOON, Json, bundle, overrulings, reasons, sent, skipped

UID = "1.2.826.0.1.3680043.8.498.1"
MINUTE = 60_000


def study(**changes: object) -> Json:
    """A chest film of ten to twelve; a change to None leaves the element out."""
    whole: Json = {
        "resourceType": "ImagingStudy",
        "id": "s1",
        "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{UID}"}],
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
        "started": "2025-03-01T11:50:00Z",
        "modality": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "DX"}],
        "endpoint": [{"reference": "Endpoint/pacs"}],
        "numberOfInstances": 2,
        "series": [
            {
                "uid": f"{UID}.1",
                "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "DX"},
                "numberOfInstances": 2,
                "bodySite": {"system": "http://snomed.info/sct", "code": "51185008"},
            }
        ],
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def event_of(message: Json, **changes: object) -> ImagingStudyVersion:
    (event,) = [e for e in sent(message, **changes).events if isinstance(e, ImagingStudyVersion)]  # type: ignore[arg-type]
    return event


def test_an_available_study_says_which_images_of_whom_and_where() -> None:
    event = event_of(study())
    assert (event.source, event.resource_id, event.patient_id, event.encounter_id) == (
        "hospital",
        "ImagingStudy/s1",
        "p1",
        "e1",
    )
    assert (event.study_uid, event.started_at, event.received_at) == (UID, NOON - 10 * MINUTE, NOON)
    assert (event.modalities, event.instances, event.endpoints) == (("DX",), 2, ("Endpoint/pacs",))
    assert event.series == (SeriesAnnounced(f"{UID}.1", "DX", 2, "51185008"),)
    assert not event.withdrawn


def test_r5_names_modalities_as_concepts() -> None:
    concept = {"coding": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"}]}
    site = {"concept": {"coding": [{"system": "http://snomed.info/sct", "code": "51185008"}]}}
    series = [{"uid": f"{UID}.1", "modality": concept, "bodySite": site}]
    event = event_of(study(modality=[concept], series=series), fhir_version="R5")
    assert (event.modalities, event.series[0].modality, event.series[0].body_site) == (("CT",), "CT", "51185008")


def test_instances_are_counted_by_the_series_where_the_study_does_not_say() -> None:
    series = [{"uid": f"{UID}.{n}", "numberOfInstances": n} for n in (1, 2)]
    assert event_of(study(numberOfInstances=None, series=series)).instances == 3
    assert event_of(study(numberOfInstances=None, series=[*series, {"uid": f"{UID}.3"}])).instances == -1
    assert event_of(study(numberOfInstances=-3)).instances == 2


def test_a_contained_endpoint_gives_its_address() -> None:
    pacs = {"resourceType": "Endpoint", "id": "e", "address": "https://pacs.example/dicom-web"}
    assert event_of(study(contained=[pacs], endpoint=[{"reference": "#e"}])).endpoints == (pacs["address"],)


def test_an_endpoint_of_the_same_bundle_gives_its_address() -> None:
    pacs = {
        "resourceType": "Endpoint",
        "id": "pacs",
        "connectionType": {"code": "dicom-wado-rs"},
        "address": "https://pacs.example/dicom-web",
    }
    assert event_of(bundle(pacs, study())).endpoints == ("https://pacs.example/dicom-web",)


def test_an_endpoint_that_speaks_something_else_is_passed_over() -> None:
    fhir = {"resourceType": "Endpoint", "id": "e", "address": "https://x/", "connectionType": {"code": "hl7-fhir-rest"}}
    assert event_of(study(contained=[fhir], endpoint=[{"reference": "#e"}])).endpoints == ()


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_study_taken_back_is_withdrawn_and_told_to_all(status: str) -> None:
    result = sent(study(status=status))
    assert event_of(study(status=status)).withdrawn
    assert event_of(study(status=status)).version > event_of(study()).version
    assert overrulings(result) == [("ImagingStudy/s1", "p1")]


def test_a_withdrawal_needs_no_study_uid_and_no_subject() -> None:
    result = sent(study(status="entered-in-error", identifier=None, subject=None, started="2025"))
    assert overrulings(result) == [("ImagingStudy/s1", "")]
    assert reasons(result) == []


@pytest.mark.parametrize("status", ["registered", "unknown"])
def test_a_study_that_is_not_there_yet_is_a_skip(status: str) -> None:
    assert skipped(sent(study(status=status))) == [(f"status-{status}", "ImagingStudy")]


def test_a_second_version_is_told_to_all_and_a_first_is_not() -> None:
    assert overrulings(sent(study(meta={"versionId": "1"}))) == []
    assert overrulings(sent(study(meta={"versionId": "2"}))) == [("ImagingStudy/s1", "p1")]


def test_a_study_without_id_is_known_by_patient_and_uid() -> None:
    first, again = event_of(study(id=None)), event_of(study(id=None, numberOfInstances=3))
    assert first.resource_id == again.resource_id
    assert first.resource_id.startswith("ImagingStudy/sha-")
    assert first.resource_id != event_of(study(id=None, subject={"reference": "Patient/p2"})).resource_id


def test_an_oid_among_uris_is_the_study_uid_where_none_is_named_as_dicom_s() -> None:
    oid = {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{UID}"}
    assert event_of(study(identifier=[oid])).study_uid == UID
    assert event_of(study(identifier=[oid, {"system": "urn:dicom:uid", "value": "urn:oid:1.2"}])).study_uid == "1.2"


def test_a_date_alone_is_no_time_of_a_study() -> None:
    assert event_of(study(started="2025-03-01")).started_at is None
    assert skipped(sent(study(started="2025-03-01"))) == [("started-precision", "")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"identifier": None}, "no-study-uid"),
        ({"identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2/../../x"}]}, "study-uid"),
        ({"identifier": [{"system": "urn:dicom:uid", "value": v} for v in ("1.2", "1.3")]}, "study-uid"),
        ({"series": [{"uid": "1.2;x"}]}, "series-uid"),
        ({"series": [{}]}, "series-uid"),
        ({"status": "done"}, "status"),
        ({"status": None}, "status"),
        ({"subject": None}, "no-subject"),
        ({"started": "2025-03-01T13:00:00Z"}, "effective-future"),
        ({"started": "yesterday"}, "started-format"),
        ({"numberOfInstances": "two"}, "structure"),
        ({"id": "no id"}, "id"),
    ],
)
def test_what_the_sender_can_mend_is_a_dead_letter(changes: dict[str, object], reason: str) -> None:
    assert reasons(sent(study(**changes))) == [reason]


@pytest.mark.parametrize("modality", [7, "DX", {"coding": 7}, {"coding": [7]}, {"code": 7}, {"code": "x" * 99}, None])
def test_a_modality_of_another_form_is_left_out(modality: object) -> None:
    assert event_of(study(modality=[modality], series=[{"uid": UID, "modality": modality}])).modalities == ()


def test_an_entry_of_a_bundle_deletes_a_study() -> None:
    gone = {"resourceType": "Bundle", "entry": [{"request": {"method": "DELETE", "url": "ImagingStudy/s1"}}]}
    (event,) = sent(gone).events
    assert isinstance(event, Overruling)
    assert (event.resource_id, event.patient_id, event.version.status_rank) == ("ImagingStudy/s1", "", 4)


def test_an_empty_value_deletes_a_study_where_the_key_is_its_id() -> None:
    (event,) = sent(None, key=b"s1", key_is_id_of="ImagingStudy").events
    assert isinstance(event, Overruling)
    assert event.resource_id == "ImagingStudy/s1"
