"""Which facts were corrected, as a score says it; and a clinician's flag, which is not corrected by ending."""

from __future__ import annotations

from itertools import permutations

import msgspec

from streams.clock import HOUR
from streams.records import Correction, Measure, ObservationVersion, Version
from streams.timeline.series import Snapshot
from streams.timeline.snapshot import snapshot
from streams.timeline.timeline import Timeline
from tests.unit.timeline.test_timeline import DAY_1, observation, timeline

DAY = 24 * HOUR


def stored(event: ObservationVersion, last_updated: int) -> ObservationVersion:
    version = msgspec.structs.replace(event.version, last_updated=last_updated)
    return msgspec.structs.replace(event, version=version)


def flag(status_rank: int, *, at: int | None = DAY_1) -> ObservationVersion:
    withdrawn = status_rank > 2
    measures = () if withdrawn else (Measure("news2-spo2-scale-2", "news2-spo2-scale-2", 1.0),)
    return ObservationVersion("hospital", "Flag/f1", "p1", Version(0, 0, status_rank), withdrawn, 0, at, "", measures)


def of(made: Timeline) -> Snapshot:
    found = snapshot("p1", [made])
    assert found is not None
    return found


def test_a_fact_as_it_came_is_no_correction() -> None:
    found = of(timeline(observation("a", 80)))
    assert (found.corrected, found.corrections, found.corrections_count) == (False, (), 0)


def test_a_replaced_and_a_withdrawn_fact_are_named_newest_first() -> None:
    made = timeline(
        observation("a", 80),
        observation("b", 90),
        observation("c", 70),
        stored(observation("a", 85, version=2), 1000),
        stored(observation("b", None, version=2, rank=4, withdrawn=True, at=None), 2000),
    )
    found = of(made)
    assert found.corrections == (Correction("b", "withdrawn", 2000), Correction("a", "replaced", 1000))
    assert (found.corrected, found.corrections_count) == (True, 2)


def test_at_most_ten_are_named_and_all_are_counted() -> None:
    changes = [stored(observation(f"f{k:02}", 80, version=v), k * v) for k in range(12) for v in (1, 2)]
    found = of(timeline(*changes))
    assert [c.resource_id for c in found.corrections] == [f"f{k:02}" for k in range(11, 1, -1)]
    assert found.corrections_count == 12


def test_the_order_of_arrival_does_not_matter() -> None:
    facts = (observation("a", 80), observation("a", 85, version=2), observation("b", None, rank=4, withdrawn=True))
    assert len({of(timeline(*order)).corrections for order in permutations(facts)}) == 1


def test_a_flag_that_ends_corrects_nothing_and_one_entered_in_error_does() -> None:
    assert not of(timeline(observation("a", 80), flag(2), flag(3))).corrected
    assert of(timeline(observation("a", 80), flag(2), flag(4))).corrections == (Correction("Flag/f1", "withdrawn", 0),)


def test_a_flag_is_remembered_however_long_ago_it_was_set() -> None:
    assert timeline(observation("a", 80)).apply(flag(2, at=DAY_1 - 900 * DAY)) == "added"
    made = timeline(flag(2), observation("a", 80, at=DAY_1 + 400 * DAY))
    assert of(made).series.value.tolist() == [1.0, 80.0]


def test_a_flag_taken_back_long_ago_does_not_come_back() -> None:
    made = timeline(flag(2), flag(3), observation("a", 80, at=DAY_1 + 400 * DAY))
    assert made.apply(flag(2)) == "older"
    assert of(made).series.value.tolist() == [80.0]
