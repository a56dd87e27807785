"""Deletes in Bundles, and empty values under a key that is a resource's id."""

from __future__ import annotations

from typing import Any

import pytest

from streams.records import Event, Overruling, PatientVersion
from tests.unit.normalise.fhir_messages import NOON, heart_rate, patient, reasons, sent, skipped


def deleted(url: object, kind: str = "transaction") -> Any:
    entry = {"request": {"method": "DELETE", "url": url}}
    return sent({"resourceType": "Bundle", "type": kind, "entry": [entry]})


def only(events: tuple[Event, ...]) -> Event:
    (event,) = events
    return event


@pytest.mark.parametrize("kind", ["transaction", "batch", "history"])
@pytest.mark.parametrize(
    ("url", "resource"),
    [
        ("Observation/hr-1", "hr-1"),
        ("/Observation/hr-1", "hr-1"),
        ("Observation/hr-1/_history/4", "hr-1"),
        ("Observation/hr-1?_cascade=delete", "hr-1"),
        ("https://ehr.example/fhir/Observation/hr-1", "hr-1"),
        ("Encounter/e1", "Encounter/e1"),
        ("Flag/f1", "Flag/f1"),
    ],
)
def test_delete_voids_the_resource_whosever_it_is(kind: str, url: str, resource: str) -> None:
    event = only(deleted(url, kind).events)
    assert isinstance(event, Overruling)
    assert (event.source, event.resource_id, event.patient_id) == ("hospital", resource, "")
    assert (event.version.last_updated, event.version.version_id, event.version.status_rank) == (NOON, 0, 4)


def test_delete_of_a_patient_withdraws_the_demographics() -> None:
    event = only(deleted("Patient/p1").events)
    assert isinstance(event, PatientVersion)
    assert (event.patient_id, event.resource_id, event.withdrawn, event.birth_date) == ("p1", "p1", True, "")
    assert event.version > only(sent(patient(meta={"lastUpdated": "2025-03-01T11:59:59Z"})).events).version


def test_delete_comes_after_every_version_that_was_updated_before_it_arrived() -> None:
    event = only(deleted("Observation/hr-1").events)
    before = only(sent(heart_rate(meta={"lastUpdated": "2025-03-01T11:59:59Z", "versionId": "1"})).events)
    after = only(sent(heart_rate(meta={"lastUpdated": "2025-03-01T12:00:01Z"})).events)
    assert before.version < event.version < after.version


def test_the_same_delete_told_twice_is_one_version_and_another_resource_is_another() -> None:
    one, again, other = (only(deleted(url).events) for url in ("Flag/a", "https://h/Flag/a", "Encounter/a"))
    assert one == again
    assert one.version.digest != other.version.digest


@pytest.mark.parametrize("url", ["Observation?status=final", "https://h/Observation?code=1", "/Observation/?x=y"])
def test_conditional_delete_is_skipped(url: str) -> None:
    assert skipped(deleted(url)) == [("delete-conditional", "")]


@pytest.mark.parametrize(("url", "name"), [("Claim/c1", "Claim"), ("GenomicStudy/g", "GenomicStudy"), ("Jane/g", "")])
def test_delete_of_a_type_of_no_use_is_skipped(url: str, name: str) -> None:
    assert skipped(deleted(url)) == [("resource-type", name)]


@pytest.mark.parametrize("url", [None, "", 7, [], "Observation", "Observation/", "Observation/a b", "x" * 5000])
def test_delete_that_does_not_say_of_what_is_rejected(url: object) -> None:
    (letter,) = deleted(url).dead_letters
    assert (letter.reason, letter.field, letter.entry) == ("delete-url", "Bundle.entry.request.url", 0)


@pytest.mark.parametrize("value", [None, b""])
@pytest.mark.parametrize("key", [b"hr-1", b"Observation/hr-1"])
def test_empty_value_under_an_id_is_a_delete(value: bytes | None, key: bytes) -> None:
    event = only(sent(value, key=key, key_is_id_of="Observation").events)
    assert event == only(deleted("Observation/hr-1").events)


def test_empty_value_under_the_id_of_a_patient_withdraws_it() -> None:
    assert only(sent(None, key=b"p1", key_is_id_of="Patient").events) == only(deleted("Patient/p1").events)


@pytest.mark.parametrize("key", [None, b"", b"a b", b"\xff", b"Patient/p1", b"Observation/", b"x" * 65])
def test_empty_value_under_a_key_that_is_no_id_is_rejected(key: bytes | None) -> None:
    result = sent(None, key=key, key_is_id_of="Observation")
    assert (reasons(result), result.events) == (["key"], ())


def test_empty_value_stays_a_dead_letter_where_the_key_is_not_declared_an_id() -> None:
    assert reasons(sent(None, key=b"hr-1")) == ["empty"]


def test_value_that_is_there_counts_whatever_the_key_says() -> None:
    assert only(sent(heart_rate(), key=b"hr-2", key_is_id_of="Observation").events).resource_id == "hr-1"
