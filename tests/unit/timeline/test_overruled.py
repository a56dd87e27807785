"""Versions that have left their patient: the highest overruling speaks, and is remembered while it voids anything."""

from __future__ import annotations

from collections.abc import Set

import pytest

from streams.clock import DAY
from streams.records import ObservationVersion, Overruling, Version
from streams.timeline.held import Held, held
from streams.timeline.overruled import FactKey, Overruled, bucket_of

KEY = "hospital", "a"
RETENTION = 14 * DAY


def word(version_id: int, patient_id: str = "p2", *, at: int = 0, resource_id: str = "a") -> Overruling:
    return Overruling("hospital", resource_id, Version(0, version_id), patient_id, at)


def resource(version_id: int) -> Held:
    return held(ObservationVersion("hospital", "a", "p1", Version(0, version_id), False, 0, 0))


def told(*words: Overruling) -> Overruled:
    made = Overruled(RETENTION)
    for one in words:
        made.take(one)
    return made


@pytest.mark.parametrize(("held_version", "void"), [(1, True), (2, True), (3, False), (4, False)])
def test_a_lower_version_is_void_and_the_same_or_a_higher_one_is_not(held_version: int, void: bool) -> None:
    assert told(word(3)).voids("p1", resource(held_version)) is void


def test_nothing_is_void_for_whom_the_overruling_names() -> None:
    assert not told(word(3, "p1")).voids("p1", resource(1))


def test_a_deletion_names_nobody_and_voids_for_all() -> None:
    assert told(word(3, "")).voids("p1", resource(1))


def test_the_highest_overruling_speaks_in_any_order() -> None:
    for made in (told(word(2, "p2"), word(3, "p1")), told(word(3, "p1"), word(2, "p2"))):
        assert made.bucket(bucket_of(KEY)) == [word(3, "p1")]


def test_of_one_version_the_highest_patient_id_speaks_in_any_order() -> None:
    for made in (told(word(2, "p2"), word(2, "p3")), told(word(2, "p3"), word(2, "p2"))):
        assert made.bucket(bucket_of(KEY)) == [word(2, "p3")]


def test_taking_tells_whether_anything_changed() -> None:
    made = Overruled(RETENTION)
    assert [made.take(word(2)), made.take(word(2)), made.take(word(1)), made.take(word(3))] == [
        True,
        False,
        False,
        True,
    ]


def test_the_newest_arrival_counts_whichever_version_speaks() -> None:
    made = told(word(3, at=5), word(2, at=9))
    assert made.bucket(bucket_of(KEY)) == [word(3, at=9)]


def nothing(keys: Set[FactKey]) -> Set[FactKey]:
    return set()


def test_what_came_too_long_ago_and_voids_nothing_is_forgotten() -> None:
    made = told(word(2), word(2, at=RETENTION + DAY, resource_id="b"))
    assert made.forget_old(nothing) == {bucket_of(KEY)}
    assert made.bucket(bucket_of(KEY)) == []
    assert len(made.bucket(bucket_of(("hospital", "b")))) == 1


def test_what_voids_something_is_remembered_however_old() -> None:
    made = told(word(2), word(2, at=RETENTION + DAY, resource_id="b"))
    assert made.forget_old(lambda keys: keys) == set()
    assert made.voids("p1", resource(1))


def test_nothing_is_looked_at_again_before_the_newest_arrival_has_moved() -> None:
    made = told(word(2), word(2, at=RETENTION + DAY, resource_id="b"))
    made.forget_old(nothing)
    made.take(word(1, resource_id="c"))
    assert made.forget_old(nothing) == set()
