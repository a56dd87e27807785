"""Word to every partition of what a record alone shows to be a change."""

from __future__ import annotations

import pytest

from streams.records import Overruling
from tests.unit.normalise.fhir_messages import (
    NOON,
    coded,
    heart_rate,
    observations,
    overrulings,
    quantity,
    reasons,
    sent,
    skipped,
)

CHANGES: list[dict[str, object]] = [
    {"meta": {"versionId": "2"}},
    {"meta": {"versionId": "W/7"}},
    {"status": "preliminary", "meta": {"versionId": "2"}},
    {"status": "amended"},
    {"status": "corrected"},
    {"status": "cancelled"},
    {"status": "entered-in-error"},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_change_is_told_to_its_patient_and_to_all(changes: dict[str, object]) -> None:
    result = sent(heart_rate(**changes))
    event, word = result.events
    assert [event] == observations(result)
    assert word == Overruling("hospital", "hr-1", event.version, "p1", NOON)


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("subject", [None, {"display": "Jane"}, {"reference": "Group/g"}, {"reference": "#p"}])
def test_change_that_names_nobody_is_told_to_all_and_is_no_dead_letter(
    changes: dict[str, object], subject: object
) -> None:
    result = sent(heart_rate(**changes, subject=subject))
    assert (overrulings(result), len(result.events), reasons(result)) == ([("hr-1", "")], 1, [])


def test_change_that_names_nobody_needs_no_time_and_no_value() -> None:
    result = sent(heart_rate(status="corrected", subject=None, effectiveDateTime="2025", valueQuantity=None))
    assert overrulings(result) == [("hr-1", "")]
    assert skipped(result) == [("data-absent", "8867-4")]


@pytest.mark.parametrize("changes", [{}, {"meta": {"versionId": "1"}}, {"status": "preliminary"}])
def test_first_version_is_told_to_its_patient_only(changes: dict[str, object]) -> None:
    assert overrulings(sent(heart_rate(**changes))) == []
    assert reasons(sent(heart_rate(**changes, subject=None))) == ["no-subject"]


@pytest.mark.parametrize("changes", CHANGES)
def test_resource_without_id_overrules_nothing(changes: dict[str, object]) -> None:
    assert overrulings(sent(heart_rate(**changes, id=None))) == []
    assert reasons(sent(heart_rate(**changes, id=None, subject=None))) == ["no-subject"]


@pytest.mark.parametrize("status", ["registered", "unknown"])
def test_status_that_is_not_used_overrules_nothing(status: str) -> None:
    result = sent(heart_rate(status=status, meta={"versionId": "2"}))
    assert (result.events, skipped(result)) == ((), [(f"status-{status}", "8867-4")])


def test_correction_to_a_code_of_another_kind_voids_the_older_version_elsewhere() -> None:
    result = sent(heart_rate(code=coded("39156-5"), status="corrected", subject={"reference": "Patient/p2"}))
    assert [event.measures for event in observations(result)] == [()]
    assert overrulings(result) == [("hr-1", "p2")]


def test_correction_to_a_code_of_another_kind_that_names_nobody_is_told_to_all() -> None:
    result = sent(heart_rate(code=coded("39156-5"), status="corrected", subject=None, effectiveDateTime=None))
    assert (overrulings(result), skipped(result)) == ([("hr-1", "")], [("code", "39156-5")])


def test_withdrawal_of_an_unused_code_overrules_nothing() -> None:
    assert sent(heart_rate(code=coded("39156-5"), status="entered-in-error", subject=None)).events == ()


@pytest.mark.parametrize(
    ("time", "reason"),
    [("2025-03-01", "effective-precision"), ("2025-03-02T12:00:00Z", "effective-future"), (None, "effective-missing")],
)
def test_correction_that_cannot_be_placed_is_a_dead_letter_and_still_told_to_all(time: str | None, reason: str) -> None:
    result = sent(heart_rate(status="corrected", effectiveDateTime=time))
    assert (overrulings(result), observations(result), reasons(result)) == ([("hr-1", "p1")], [], [reason])


def test_correction_whose_order_cannot_be_told_overrules_nothing() -> None:
    result = sent(heart_rate(status="corrected", subject=None, meta={"lastUpdated": "2025"}))
    assert (result.events, reasons(result)) == ((), ["last-updated-precision"])


def test_correction_with_a_bad_unit_is_a_dead_letter_and_still_overrules() -> None:
    result = sent(heart_rate(status="corrected", valueQuantity=quantity(72, "kg")))
    assert (overrulings(result), reasons(result)) == ([("hr-1", "p1")], ["unit"])
