"""Orthanc's change feed to ImagingStudy resources that `normalise` reads."""

from __future__ import annotations

from typing import Any

from streams.gateways.dicomweb.changes import Page, page, study
from streams.records import ImagingStudyVersion, SeriesAnnounced
from streams.settings import Pacs
from tests.unit.normalise.fhir_messages import sent

PACS = Pacs(name="main", url="https://pacs.example/dicom-web", patient_system="urn:hospital:mrn", zone="Europe/Berlin")
ID = "6c4e3f3b-5ba5d2d1-2b7c1f0e-55d0b0b5-8ac5e8a1"
FOUND: dict[str, Any] = {
    "ID": ID,
    "LastUpdate": "20250301T115500",
    "MainDicomTags": {"StudyInstanceUID": "1.2.3", "StudyDate": "20250301", "StudyTime": "125000.000"},
    "PatientMainDicomTags": {"PatientID": "MRN-1", "PatientName": "Nobody"},
}
SERIES = [{"MainDicomTags": {"Modality": "DX", "SeriesInstanceUID": "1.2.3.1"}, "Instances": ["a", "b"]}]


def change(seq: int, kind: str = "StableStudy", given: object = ID) -> dict[str, Any]:
    return {"ChangeType": kind, "ID": given, "ResourceType": "Study", "Seq": seq}


def event_of(pacs: Pacs = PACS, **changes: Any) -> ImagingStudyVersion:
    (event,) = sent(study({**FOUND, **changes}, SERIES, pacs)).events
    assert isinstance(event, ImagingStudyVersion)
    return event


def test_studies_that_have_come_to_rest_are_told_of_once() -> None:
    changes = [change(1, "NewStudy"), change(2), change(3, "NewInstance", "x"), change(4), change(5, given="../x")]
    assert page({"Changes": changes, "Last": 5, "Done": False}) == Page((ID,), 5, False)


def test_a_study_is_read_as_the_record_would_tell_of_it() -> None:
    event = event_of()
    assert (event.resource_id, event.study_uid, event.instances) == (f"ImagingStudy/{ID}", "1.2.3", 2)
    assert event.series == (SeriesAnnounced("1.2.3.1", "DX", 2),)
    assert event.endpoints == ("https://pacs.example/dicom-web",)
    assert event.patient_id.startswith("idn:")
    assert event.started_at == 1_740_829_800_000  # 12:50 in Berlin


def test_without_a_zone_the_study_does_not_say_when_it_began() -> None:
    assert event_of(PACS.model_copy(update={"zone": None})).started_at is None
    assert event_of(MainDicomTags={"StudyInstanceUID": "1.2.3", "StudyDate": "", "StudyTime": "25"}).started_at is None


def test_a_study_that_changed_is_a_higher_version_and_not_told_to_all() -> None:
    later = event_of(LastUpdate="20250301T115501")
    assert later.version > event_of().version
    assert later.resource_id == event_of().resource_id


def test_what_we_have_put_into_a_study_ourselves_makes_no_new_version_of_it() -> None:
    theirs = [{**SERIES[0], "LastUpdate": "20250301T115400"}]
    ours = {
        "MainDicomTags": {"Modality": "OT", "SeriesInstanceUID": "2.25.1", "Manufacturer": "CardioStream"},
        "Instances": ["c"],
        "LastUpdate": "20250301T120000",
    }
    before = study({**FOUND, "LastUpdate": "20250301T115400"}, theirs, PACS)
    assert study({**FOUND, "LastUpdate": "20250301T120000"}, [*theirs, ours], PACS) == before


def test_no_name_is_told() -> None:
    assert "Nobody" not in str(study(FOUND, SERIES, PACS))
