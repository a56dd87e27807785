"""The bedside worker and passing time: stale, silent, and a backlog that is read first."""

from __future__ import annotations

import pytest

from streams.timeline.pieces import TICK
from streams.transport.runs import Due
from streams.workers import due_times
from streams.workers.assessment import RECEIVED_AT
from tests.unit.workers.bedsides import TICKS, Bedside, successor
from tests.unit.workers.fakes import HOUR, START, through, vitals


async def test_a_tick_long_after_the_last_fact_publishes_the_score_as_stale_once(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 4 * HOUR, obs=1)
    await bedside.tick(START + 5 * HOUR, obs=1)
    assert [s.stale for s in bedside.scores] == [False, True]
    assert RECEIVED_AT not in bedside.heads[1]
    assert bedside.pieces(TICK) == [("", True), ("", True)]


async def test_a_patient_who_falls_silent_is_published_as_stale_and_then_as_indeterminate(bedside: Bedside) -> None:
    await bedside.take(vitals())
    for hours in (3, 4, 5, 11, 12, 13, 48):
        await bedside.tick(START + hours * HOUR, obs=1)
    assert [(s.stale, s.silent) for s in bedside.scores] == [(False, False), (True, False), (True, True)]
    assert bedside.scores[-1].level == "indeterminate"
    assert bedside.scores[-1].models == bedside.scores[0].models


async def test_a_new_fact_ends_the_silence(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 12 * HOUR)
    await bedside.take(vitals(at=START + 12 * HOUR))
    assert [(s.stale, s.silent) for s in bedside.scores] == [(False, False), (True, True), (False, False)]


async def test_a_tick_too_early_publishes_nothing(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 4 * HOUR - 1, obs=1)
    assert [s.stale for s in bedside.scores] == [False]


async def test_a_tick_is_acknowledged_only_when_it_has_been_acted_on(bedside: Bedside) -> None:
    await bedside.tick(START + 9 * HOUR, obs=1)
    assert bedside.host.committable(TICKS) is None
    assert bedside.pieces(TICK) == []
    await bedside.take(vitals())
    assert bedside.host.committable(TICKS) == 1
    assert bedside.pieces(TICK) == [("", True)]


async def test_a_backlog_is_read_before_anyone_is_called_late(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 5 * HOUR, obs=2)
    await bedside.take(vitals(at=START + 4 * HOUR))
    assert [s.stale for s in bedside.scores] == [False, False]


async def test_a_new_fact_makes_a_stale_score_fresh_and_it_falls_due_again(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 4 * HOUR)
    await bedside.take(vitals(at=START + 4 * HOUR))
    await bedside.tick(START + 8 * HOUR)
    assert [s.stale for s in bedside.scores] == [False, True, False, True]


async def test_an_older_tick_never_takes_time_back(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 4 * HOUR)
    await bedside.tick(START)
    await bedside.take(vitals())
    assert [s.stale for s in bedside.scores] == [False, True, True]
    assert bedside.pieces(TICK) == [("", True)]


async def test_the_first_tick_after_an_assignment_publishes_due_results_again(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 4 * HOUR)
    async with successor(bedside) as second:
        await second.tick(START + 4 * HOUR)
        assert [s.stale for s in second.scores] == [True]


async def test_those_whom_a_tick_concerns_are_taken_some_at_a_time(
    bedside: Bedside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_times, "DUE_AT_ONCE", 2)
    await bedside.take(*(vitals(f"p{n}") for n in range(5)))
    before = len(bedside.scores)
    await bedside.tick(START + 5 * HOUR, obs=5)
    assert len(bedside.scores) - before == 2
    for _ in range(3):
        await through(bedside.work, Due(0, (), bedside.host.generation))
    assert sorted(s.patient_id for s in bedside.scores[before:]) == ["p0", "p1", "p2", "p3", "p4"]
