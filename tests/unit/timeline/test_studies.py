from __future__ import annotations

from functools import reduce
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import DAY, HOUR
from streams.records import Correction, Overruling, Version
from streams.timeline.encoding import decode_studies, encode_studies
from streams.timeline.overruled import Overruled
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.timeline.studies import held_study, join_study
from streams.timeline.timeline import STUDIES, Timeline
from tests.unit.workers.versions import film, observation

RETENTION = Retention(quick_ms=72 * HOUR, slow_ms=14 * DAY)
START = 1_700_000_000_000
V1, V2, VOID = Version(0, 1, 2), Version(0, 2, 3), Version(0, 3, 4)

films = st.builds(
    film,
    st.just("x"),
    st.just("p1"),
    st.integers(START, START + DAY),
    st.builds(Version, st.just(0), st.integers(1, 3), st.sampled_from([2, 4])),
    st.sampled_from([None, 0.4, 0.6]),
    model=st.sampled_from(["1", "2", "10"]),
)


def timeline(*events: Any, voids: Any = lambda _: False) -> Timeline:
    made = Timeline(RETENTION, voids)
    for event in events:
        made.apply(event)
    return made


def standing(made: Timeline) -> list[tuple[str, list[float]]]:
    return [(s.resource_id, [f.value for one in s.findings for f in one.found]) for s in made.studies.standing()]


@given(st.lists(films, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_what_is_said_of_a_study_ends_the_same_in_any_order_and_with_repeats(said: list[Any], rng: Any) -> None:
    held = [held_study(one) for one in said]
    shuffled = held + held[:2]
    rng.shuffle(shuffled)
    assert reduce(join_study, shuffled) == reduce(join_study, held)


def test_the_highest_version_of_a_study_stands_and_it_alone() -> None:
    assert standing(timeline(film("x", "p1", START, V2, 0.6), film("x", "p1", START, V1, 0.4))) == [
        ("ImagingStudy/x", [0.6])
    ]


def test_of_one_version_judged_twice_the_newer_model_stands() -> None:
    old, new = film("x", "p1", START, V1, 0.4, model="9"), film("x", "p1", START, V1, 0.6, model="10")
    assert standing(timeline(new, old)) == standing(timeline(old, new)) == [("ImagingStudy/x", [0.6])]


def test_of_one_version_that_does_not_say_when_and_came_twice_the_earlier_arrival_counts() -> None:
    first = film("x", "p1", START, V1, 0.6)
    second = msgspec.structs.replace(first, as_of=START + HOUR)
    for order in ((first, second), (second, first)):
        [held] = timeline(*order).studies.held.values()
        assert (held.as_of, held.newest_at) == (START, START + HOUR)


def test_a_withdrawn_study_says_nothing_and_is_a_correction() -> None:
    made = timeline(film("x", "p1", START, V1, 0.6), film("x", "p1", START, VOID, None))
    assert standing(made) == []
    assert list(made.studies.corrections()) == [Correction("ImagingStudy/x", "withdrawn", 0)]


def test_a_study_that_was_refused_and_then_judged_corrects_nothing() -> None:
    made = timeline(film("x", "p1", START, V1, None), film("x", "p1", START, V2, 0.6))
    assert list(made.studies.corrections()) == []


def test_what_was_said_of_a_study_is_void_once_a_higher_version_of_the_same_patient_is_heard_of() -> None:
    words = Overruled(RETENTION.slow_ms)
    made = timeline(film("x", "p1", START, V1, 0.6), voids=lambda one: words.voids("p1", one))
    words.take(Overruling("hospital", "ImagingStudy/x", V2, "p1", START))
    assert standing(made) == []
    assert list(made.studies.corrections()) == [Correction("ImagingStudy/x", "replaced", 0)]
    made.apply(film("x", "p1", START, V2, 0.5))
    assert standing(made) == [("ImagingStudy/x", [0.5])]


def test_an_observation_is_not_void_by_a_higher_version_of_its_own_patient() -> None:
    words = Overruled(RETENTION.slow_ms)
    words.take(Overruling("hospital", "a", V2, "p1", START))
    made = timeline(observation("a", "p1", START, V1, 80.0), voids=lambda one: words.voids("p1", one))
    assert made.is_usable(("hospital", "a"))


def test_studies_are_forgotten_as_slow_facts_are_whichever_comes_first() -> None:
    old, now = film("x", "p1", START, V1, 0.6), observation("a", "p1", START + 15 * DAY, V1, 80.0)
    assert timeline(old, now).studies.held == timeline(now, old).studies.held == {}
    kept = observation("a", "p1", START + 13 * DAY, V1, 80.0)
    assert standing(timeline(old, kept)) == standing(timeline(kept, old)) == [("ImagingStudy/x", [0.6])]
    assert timeline(now).apply(old) == "beyond-retention"


def test_the_time_of_a_study_moves_no_horizon() -> None:
    made = timeline(observation("a", "p1", START, V1, 80.0), film("x", "p1", START + 30 * DAY, V1, 0.6))
    assert made.horizon == START
    assert made.is_usable(("hospital", "a"))


def test_studies_come_back_from_their_piece() -> None:
    held = [held_study(film("x", "p1", START, V1, 0.6)), held_study(film("y", "p1", START, V1, None))]
    assert decode_studies(encode_studies(held)) == held


def test_a_study_is_restored_and_overruled_also_while_its_timeline_rests() -> None:
    first = Share(b"a", RETENTION)
    log = first.restore([])
    first.apply(film("x", "p1", START, V1, 0.6))
    log += first.changed(["p1"])
    second = Share(b"b", RETENTION)
    second.restore(log)
    second.timelines.open_bytes = -1
    second.timelines.rest()
    taken = second.apply(Overruling("hospital", "ImagingStudy/x", V2, "p2", START))
    assert taken.touched == ("p1",)
    assert standing(second.timelines["p1"]) == []


def test_an_identity_with_nothing_but_a_study_is_a_piece_of_state() -> None:
    made = timeline(film("x", "p1", START, V1, 0.6))
    assert (made.pieces(), made.touched) == ([STUDIES], {STUDIES: False})


def test_where_nothing_but_studies_is_known_they_are_forgotten_by_the_time_that_passes() -> None:
    made = timeline(film("x", "p1", START, V1, 0.6), film("y", "p1", START + DAY, V1, 0.5))
    made.touched.clear()
    assert (made.oldest_said(), made.forget_said(START)) == (START, False)
    assert made.forget_said(START + 1)
    assert (standing(made), made.touched) == ([("ImagingStudy/y", [0.5])], {STUDIES: True})


def test_where_vital_signs_are_known_no_passing_time_forgets_a_study() -> None:
    made = timeline(film("x", "p1", START, V1, 0.6), observation("a", "p1", START, V1, 80.0))
    assert (made.oldest_said(), made.forget_said(START + 99 * DAY)) == (None, False)
