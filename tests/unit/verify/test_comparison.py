"""State and dead letters held against the sources: one missing, wrong or too many is found, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from streams.records import ObservationVersion
from streams.verify.comparison import (
    Finding,
    compare_letters,
    compare_states,
)
from streams.verify.expectation import Letter
from tests.unit.verify.wards import (
    FACTS,
    START,
    fact,
    state,
)


def test_equal_states_agree() -> None:
    assert compare_states(state(*FACTS), state(*reversed(FACTS))) == []


def test_no_patients_agree() -> None:
    assert compare_states({}, {}) == []


def test_a_fact_missing_in_the_state_is_found() -> None:
    assert compare_states(state(*FACTS), state(FACTS[0], FACTS[2])) == [Finding("state: facts missing", 1)]


def test_a_patient_missing_in_the_state_is_found_with_all_facts() -> None:
    assert compare_states(state(*FACTS), state(FACTS[2])) == [Finding("state: facts missing", 2)]


def test_a_fact_that_nobody_sent_is_found() -> None:
    assert compare_states(state(*FACTS), state(*FACTS, fact("p1", "x"))) == [Finding("state: facts nobody sent", 1)]


def test_a_patient_that_nobody_sent_is_found() -> None:
    assert compare_states(state(*FACTS), state(*FACTS, fact("p9", "x"))) == [Finding("state: facts nobody sent", 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        fact("p2", "c", hr=81.0),
        fact("p2", "c", version=2),
        fact("p2", "c", at=START + 1),
        fact("p2", "c", withdrawn=True),
    ],
)
def test_a_fact_with_another_value_version_time_or_fate_is_wrong(wrong: ObservationVersion) -> None:
    assert compare_states(state(*FACTS), state(*FACTS[:2], wrong)) == [Finding("state: facts wrong", 1)]


def test_a_correction_that_the_state_has_not_taken_in_is_wrong() -> None:
    corrected = fact("p1", "a", hr=90.0, version=2)
    assert compare_states(state(*FACTS, corrected), state(*FACTS)) == [Finding("state: facts wrong", 1)]


def test_a_correction_of_which_the_first_version_was_never_read_is_wrong() -> None:
    corrected = fact("p2", "c", version=2)
    assert compare_states(state(fact("p2", "c"), corrected), state(corrected)) == [Finding("state: facts wrong", 1)]


def test_a_fact_under_another_patient_is_both_missing_and_of_nobody() -> None:
    assert compare_states(state(*FACTS), state(*FACTS[:2], fact("p3", "c"))) == [
        Finding("state: facts missing", 1),
        Finding("state: facts nobody sent", 1),
    ]


LETTERS: set[Letter] = {("fhir.observations", 0, 4, -1, "not-json"), ("fhir.observations", 0, 5, 2, "no-subject")}


def test_equal_dead_letters_agree_however_often_they_were_written() -> None:
    assert compare_letters(LETTERS, [*LETTERS, *LETTERS]) == []


def test_a_missing_dead_letter_is_found() -> None:
    assert compare_letters(LETTERS, list(LETTERS)[:1]) == [Finding("dead letters missing", 1)]


def test_a_dead_letter_of_nothing_is_found() -> None:
    extra: Letter = ("fhir.observations", 1, 4, -1, "not-json")
    assert compare_letters(LETTERS, [*LETTERS, extra]) == [Finding("dead letters of nothing", 1)]


@pytest.mark.parametrize("place", range(5))
def test_a_dead_letter_that_differs_in_topic_partition_offset_entry_or_reason_is_another(place: int) -> None:
    letter: Letter = ("fhir.observations", 0, 4, -1, "not-json")
    other = ("fhir.patients", 1, 5, 0, "no-subject")
    changed: Any = (*letter[:place], other[place], *letter[place + 1 :])
    assert compare_letters({letter}, [changed]) == [
        Finding("dead letters missing", 1),
        Finding("dead letters of nothing", 1),
    ]
