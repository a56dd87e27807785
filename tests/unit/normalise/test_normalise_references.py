"""Whose observation it is."""

from __future__ import annotations

import pytest

from tests.unit.normalise.fhir_messages import bundle, heart_rate, reasons, sent

UUID = "urn:uuid:0f3bd2f7-5f8f-4f43-b8d4-9c1f6d6a8c11"


@pytest.mark.parametrize(
    ("reference", "patient"),
    [
        ("Patient/p1", "p1"),
        ("Patient/p1/_history/7", "p1"),
        ("https://ehr.example/fhir/Patient/p1", "p1"),
        ("http://ehr.example:8080/a/b/Patient/p1/_history/2", "p1"),
        (UUID, "0f3bd2f7-5f8f-4f43-b8d4-9c1f6d6a8c11"),
    ],
)
def test_reference_gives_the_bare_id(reference: str, patient: str) -> None:
    (event,) = sent(heart_rate(subject={"reference": reference})).events
    assert event.patient_id == patient


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (None, "no-subject"),
        ({}, "no-subject"),
        ({"display": "Jane"}, "no-subject"),
        ({"identifier": {"system": "urn:mrn"}}, "subject-identifier"),
        ({"identifier": {"value": " "}}, "subject-identifier"),
        ({"identifier": {"value": 7}}, "subject-identifier"),
        ({"identifier": {"system": 7, "value": "7"}}, "subject-identifier"),
        ({"identifier": {"value": "123", "use": "old"}}, "subject-identifier"),
        ({"identifier": "123"}, "subject-identifier"),
        ({"identifier": {"system": "a", "value": "b\x1fc"}}, "subject-identifier"),
        ({"identifier": {"value": "123"}, "type": "Group"}, "subject-type"),
        ({"reference": "#p1"}, "subject-contained"),
        ({"reference": "Group/g"}, "subject-type"),
        ({"reference": "https://ehr.example/Location/l"}, "subject-type"),
        ({"reference": "Patient/p1", "type": "Device"}, "subject-type"),
        ({"reference": "Patient/"}, "subject-reference"),
        ({"reference": "Patient/p 1"}, "subject-reference"),
        ({"reference": "Patient/" + "p" * 65}, "subject-reference"),
        ({"reference": "Patient?identifier=1"}, "subject-reference"),
        ({"reference": "ftp://ehr.example/Patient/p1"}, "subject-reference"),
        ({"reference": "x" * 1_000_000}, "subject-reference"),
    ],
)
def test_subject_that_names_no_patient_is_rejected(subject: object, reason: str) -> None:
    assert reasons(sent(heart_rate(subject=subject))) == [reason]


def test_reference_within_a_bundle_is_resolved_to_the_patients_id() -> None:
    message = bundle(heart_rate(subject={"reference": UUID}))
    message["entry"].append({"fullUrl": UUID, "resource": {"resourceType": "Patient", "id": "p9"}})
    assert [event.patient_id for event in sent(message).events] == ["p9", "p9"]


def test_reference_within_a_bundle_to_a_device_is_rejected() -> None:
    message = bundle(heart_rate(subject={"reference": UUID}))
    message["entry"].append({"fullUrl": UUID, "resource": {"resourceType": "Device", "id": "d"}})
    assert reasons(sent(message)) == ["subject-type"]


@pytest.mark.parametrize(
    ("encounter", "kept"),
    [
        ({"reference": "Encounter/e7"}, "e7"),
        ({"reference": "http://h/Encounter/e7/_history/1"}, "e7"),
        ({"reference": "EpisodeOfCare/e7"}, ""),
        ({"display": "visit"}, ""),
        (None, ""),
    ],
)
def test_encounter_is_kept_where_it_can_be_told(encounter: object, kept: str) -> None:
    (event,) = sent(heart_rate(encounter=encounter)).events
    assert event.encounter_id == kept  # type: ignore[union-attr]
