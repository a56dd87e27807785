"""Flags: NEWS2's SpO2 scale 2 set and taken back by a clinician."""

from __future__ import annotations

import pytest

from streams.records import Measure, ObservationVersion, Skip
from tests.unit.normalise.fhir_messages import NOON, Json, coded, observations, overrulings, reasons, sent

SYSTEM = "urn:cardiostream:fhir:flag"
HOUR = 3_600_000


def flag(**changes: object) -> Json:
    """A flag for scale 2 since nine o'clock; a change to None leaves the element out."""
    whole: Json = {
        "resourceType": "Flag",
        "id": "f1",
        "status": "active",
        "code": coded("spo2-scale-2", SYSTEM),
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
        "period": {"start": "2025-03-01T09:00:00Z"},
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def event_of(message: Json, **changes: object) -> ObservationVersion:
    (event,) = observations(sent(message, **changes))  # type: ignore[arg-type]
    return event


def test_an_active_flag_is_a_fact_since_its_start() -> None:
    event = event_of(flag())
    assert (event.source, event.resource_id, event.patient_id, event.encounter_id) == (
        "hospital",
        "Flag/f1",
        "p1",
        "e1",
    )
    assert (event.effective_at, event.withdrawn, event.received_at) == (NOON - 3 * HOUR, False, NOON)
    assert event.measures == (Measure("news2-spo2-scale-2", "news2-spo2-scale-2", 1.0),)


@pytest.mark.parametrize("version", ["R4", "R4B", "R5"])
def test_a_flag_reads_the_same_in_every_release(version: str) -> None:
    assert event_of(flag(), fhir_version=version) == event_of(flag())


@pytest.mark.parametrize("changes", [{"status": "inactive"}, {"status": "entered-in-error"}])
def test_a_flag_that_ended_or_was_never_right_is_withdrawn(changes: dict[str, object]) -> None:
    event = event_of(flag(**changes))
    assert (event.withdrawn, event.measures) == (True, ())
    assert event.version > event_of(flag()).version


def test_an_active_flag_with_an_end_is_withdrawn() -> None:
    ended = event_of(flag(period={"start": "2025-03-01T09:00:00Z", "end": "2025-03-02T09:00:00Z"}))
    assert ended.withdrawn
    assert ended.version.status_rank == event_of(flag(status="inactive")).version.status_rank


def test_a_withdrawn_flag_needs_no_time() -> None:
    assert event_of(flag(status="inactive", period=None)).effective_at is None


def test_a_flag_without_start_holds_since_its_version_was_stored() -> None:
    event = event_of(flag(period=None, meta={"lastUpdated": "2025-03-01T10:00:00Z", "versionId": "2"}))
    assert event.effective_at == NOON - 2 * HOUR
    assert (event.version.last_updated, event.version.version_id) == (NOON - 2 * HOUR, 2)


@pytest.mark.parametrize(("zone", "hours"), [(None, 12), ("Europe/Berlin", 13)])
def test_a_flag_that_names_a_day_holds_from_its_first_moment(zone: str | None, hours: int) -> None:
    assert event_of(flag(period={"start": "2025-03-01"}), zone=zone).effective_at == NOON - hours * HOUR


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"period": None}, "effective-missing"),
        ({"period": {"start": "2025-03"}}, "effective-precision"),
        ({"period": {"start": "yesterday"}}, "effective-format"),
        ({"period": {"start": "2025-03-02T09:00:00Z"}}, "effective-future"),
        ({"period": None, "meta": {"lastUpdated": "yesterday"}}, "last-updated-format"),
        ({"status": None}, "status"),
        ({"status": "draft"}, "status"),
        ({"subject": None}, "no-subject"),
        ({"subject": {"reference": "Group/g1"}}, "subject-type"),
        ({"id": "a/b"}, "id"),
        ({"period": "today"}, "structure"),
    ],
)
def test_a_flag_that_cannot_be_used_is_a_dead_letter(changes: dict[str, object], reason: str) -> None:
    assert reasons(sent(flag(**changes))) == [reason]


def test_other_flags_are_skipped() -> None:
    fall_risk = coded("129839007", "http://snomed.info/sct")
    assert sent(flag(code=fall_risk)).skips == (Skip("code", "sct|129839007"),)
    assert sent(flag(code=None)).skips == (Skip("code", ""),)
    assert sent(flag(code=coded("spo2-scale-2", "urn:local"))).skips == (Skip("code", ""),)


def test_a_flag_without_id_sent_twice_is_one_fact() -> None:
    first, second = event_of(flag(id=None)), event_of(flag(id=None))
    assert first.resource_id == second.resource_id
    assert first.resource_id.startswith("Flag/sha-")


def test_a_flag_taken_back_without_its_code_may_have_been_ours() -> None:
    assert event_of(flag(status="entered-in-error", code=None)).withdrawn
    assert sent(flag(status="entered-in-error", code=None, id=None)).skips == (Skip("code", ""),)


@pytest.mark.parametrize(
    "changes", [{"status": "inactive"}, {"status": "entered-in-error"}, {"meta": {"versionId": "2"}}]
)
def test_a_changed_flag_is_told_to_its_patient_and_to_all(changes: dict[str, object]) -> None:
    assert overrulings(sent(flag(**changes))) == [("Flag/f1", "p1")]
    nobodys = sent(flag(**changes, subject=None))
    assert (overrulings(nobodys), len(nobodys.events), reasons(nobodys)) == ([("Flag/f1", "")], 1, [])


def test_a_flag_as_it_first_came_is_told_to_its_patient_alone() -> None:
    assert overrulings(sent(flag())) == []


def test_a_flag_may_name_its_patient_by_an_identifier() -> None:
    by_identifier = event_of(flag(subject={"identifier": {"system": "urn:mrn", "value": "7"}}))
    assert by_identifier.patient_id.startswith("idn:")
