"""What a Patient becomes."""

from __future__ import annotations

import pytest

from streams.records import PatientVersion, Version
from tests.unit.normalise.fhir_messages import NOON, reasons, sent

PATIENT = {"resourceType": "Patient", "id": "p1", "meta": {"versionId": "3"}, "birthDate": "1950-04-30"}


def test_patient_becomes_demographics() -> None:
    (event,) = sent(PATIENT | {"gender": "female", "active": False, "deceasedBoolean": True}).events
    assert event == PatientVersion(
        source="hospital",
        resource_id="p1",
        patient_id="p1",
        version=Version(0, 3, 0, event.version.digest),
        withdrawn=False,
        received_at=NOON,
        birth_date="1950-04-30",
        sex="female",
    )


@pytest.mark.parametrize("birth_date", ["1950", "1950-04", "1950-04-30", ""])
def test_partial_birth_date_is_kept_as_it_is(birth_date: str) -> None:
    (event,) = sent(PATIENT | {"birthDate": birth_date}).events
    assert isinstance(event, PatientVersion)
    assert event.birth_date == birth_date


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "no-id"),
        ({"id": ""}, "no-id"),
        ({"id": "a b"}, "id"),
        ({"birthDate": "30.04.1950"}, "birth-date"),
        ({"birthDate": "1950-02-30"}, "birth-date"),
        ({"birthDate": 1950}, "structure"),
        ({"gender": "F"}, "gender"),
        ({"meta": {"lastUpdated": "2025"}}, "last-updated-precision"),
    ],
)
def test_patient_that_cannot_be_used_is_rejected(changes: dict[str, object], reason: str) -> None:
    assert reasons(sent(PATIENT | changes)) == [reason]
