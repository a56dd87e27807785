"""What is remembered of notes: joined by version, replaced by others, taken back, across identities."""

from __future__ import annotations

from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.clock import DAY, HOUR
from streams.records import Correction, Version
from streams.timeline.encoding import decode_studies, encode_studies
from streams.timeline.retention import Retention
from streams.timeline.snapshot import snapshot
from streams.timeline.studies import held_study, join_study
from streams.timeline.timeline import Timeline
from tests.unit.workers.versions import note, observation

RETENTION = Retention(quick_ms=72 * HOUR, slow_ms=14 * DAY)
START = 1_700_000_000_000
V1, V2, VOID = Version(0, 1, 2), Version(0, 2, 3), Version(0, 3, 4)

notes = st.builds(
    note,
    st.sampled_from(["a", "b", "c"]),
    st.just("p1"),
    st.integers(START, START + DAY),
    st.builds(Version, st.just(0), st.integers(1, 3), st.sampled_from([2, 4])),
    st.sampled_from([None, 0.2, 0.9]),
    replaces=st.sampled_from([(), ("DocumentReference/a",), ("DocumentReference/b",)]),
)


def timeline(*events: Any) -> Timeline:
    made = Timeline(RETENTION)
    for event in events:
        made.apply(event)
    return made


def standing(*timelines: Timeline) -> list[str]:
    found = snapshot("p1", list(timelines))
    assert found is not None
    return [one.resource_id.removeprefix("DocumentReference/") for one in found.studies]


def corrections(*timelines: Timeline) -> tuple[Correction, ...]:
    found = snapshot("p1", list(timelines))
    assert found is not None
    return found.corrections


VITAL = observation("o1", "p1", START, V1, 80.0)


@given(st.lists(notes, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_what_stands_is_the_same_in_any_order_and_with_repeats(said: list[Any], rng: Any) -> None:
    shuffled = said + said[:2]
    rng.shuffle(shuffled)
    assert snapshot("p1", [timeline(VITAL, *shuffled)]) == snapshot("p1", [timeline(VITAL, *said)])


@given(st.lists(notes, min_size=1, max_size=4))
def test_what_is_remembered_is_read_back_from_its_piece(said: list[Any]) -> None:
    held = sorted((held_study(one) for one in {one.resource_id: one for one in said}.values()), key=lambda h: h.key)
    assert decode_studies(encode_studies(held)) == held
    same = [held_study(one) for one in said if one.resource_id == said[0].resource_id]
    assert reduce(join_study, same) == reduce(join_study, reversed(same))


def test_a_note_that_takes_anothers_place_stands_alone() -> None:
    first, second = note("a", "p1", START, V1, 0.9), note("b", "p1", START + HOUR, V1, 0.2, replaces=_of("a"))
    assert standing(timeline(VITAL, first, second)) == ["b"]
    assert standing(timeline(VITAL, second, first)) == ["b"]
    assert corrections(timeline(VITAL, first, second)) == (Correction("DocumentReference/a", "replaced", 0),)


def test_a_note_whose_replacement_is_withdrawn_stands_again() -> None:
    first, second = note("a", "p1", START, V1, 0.9), note("b", "p1", START, V1, 0.2, replaces=_of("a"))
    assert standing(timeline(VITAL, first, second, note("b", "p1", START, VOID, None))) == ["a"]


def test_what_was_replaced_long_ago_is_not_brought_back_by_a_replacement_of_its_replacement() -> None:
    a, b, c = (
        note(name, "p1", START, V1, 0.9, replaces=_of(other) if other else ())
        for name, other in (("a", ""), ("b", "a"), ("c", "b"))
    )
    assert standing(timeline(VITAL, a, b, c)) == ["c"]


def test_a_newer_version_may_take_nobodys_place_any_more() -> None:
    first = note("a", "p1", START, V1, 0.9)
    second, third = note("b", "p1", START, V1, 0.2, replaces=_of("a")), note("b", "p1", START, V2, 0.2)
    assert standing(timeline(VITAL, first, second, third)) == ["a", "b"]


def test_a_note_takes_the_place_of_one_that_came_under_another_identity() -> None:
    first, second = note("a", "p2", START, V1, 0.9), note("b", "p1", START, V1, 0.2, replaces=_of("a"))
    assert standing(timeline(VITAL, second), timeline(first)) == ["b"]


def test_a_note_of_another_source_is_left_alone() -> None:
    first = note("a", "p1", START, V1, 0.9, source="other")
    assert sorted(standing(timeline(VITAL, first, note("b", "p1", START, V1, 0.2, replaces=_of("a"))))) == ["a", "b"]


def test_a_note_that_could_not_be_read_takes_its_place_all_the_same() -> None:
    first, second = note("a", "p1", START, V1, 0.9), note("b", "p1", START, V1, None, replaces=_of("a"))
    assert standing(timeline(VITAL, first, second)) == ["b"]


def test_notes_move_no_horizon_and_no_instant() -> None:
    found = snapshot("p1", [timeline(VITAL, note("a", "p1", START + 9 * HOUR, V1, 0.9))])
    assert found is not None
    assert found.as_of == START
    assert snapshot("p1", [timeline(note("a", "p1", START, V1, 0.9))]) is None


def test_notes_are_forgotten_as_slow_facts_are() -> None:
    made = timeline(note("a", "p1", START, V1, 0.9), observation("o2", "p1", START + 15 * DAY, V1, 80.0))
    assert standing(made) == []
    assert made.apply(note("a", "p1", START, V1, 0.9)) == "beyond-retention"


def _of(name: str) -> tuple[str, ...]:
    return (f"DocumentReference/{name}",)
