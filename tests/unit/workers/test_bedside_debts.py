"""The bedside worker while Triton is away: NEWS2 alone, and what is owed is paid."""

from __future__ import annotations

import asyncio

from streams.timeline.pieces import DEBT
from streams.transport.runs import Again, Due
from tests.unit.workers.bedsides import OBS, Bedside, successor
from tests.unit.workers.fakes import START, through, vitals


async def test_while_triton_is_away_news2_stands_alone_and_the_patient_is_owed(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    assert bedside.scores[0].degraded
    assert bedside.pieces(DEBT) == [("p1", True)]
    assert bedside.host.committable(OBS) == 1


async def settled(bedside: Bedside) -> None:
    """Let the pipeline work off what waits in it."""
    running = asyncio.create_task(bedside.work.pipeline.run())
    for _ in range(500):
        await asyncio.sleep(0)
    running.cancel()
    assert not bedside.work.pipeline.busy


async def test_a_debt_is_paid_when_triton_is_back(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    bedside.triton.down = False
    await bedside.work.idle()
    await settled(bedside)
    assert [s.degraded for s in bedside.scores] == [True, False]
    assert bedside.pieces(DEBT) == [("p1", True), ("p1", False)]
    await bedside.work.idle()
    assert not bedside.work.pipeline.busy


async def test_a_debt_stays_while_triton_is_still_away(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    await bedside.work.idle()
    await settled(bedside)
    assert bedside.pieces(DEBT) == [("p1", True)]
    assert bedside.work.shares[0].owed == {"p1"}


async def test_a_newer_observation_pays_the_debt_too(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    bedside.triton.down = False
    await bedside.take(vitals(at=START + 1000))
    assert bedside.work.shares[0].owed == set()


async def test_while_the_breaker_is_open_debts_are_not_tried(bedside: Bedside) -> None:
    bedside.triton.down = True
    for n in range(10):
        await bedside.take(vitals(f"p{n}"))
    calls = len(bedside.triton.calls)
    await bedside.work.idle()
    assert not bedside.work.pipeline.busy
    assert len(bedside.triton.calls) == calls


async def test_a_debt_survives_a_restart(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    async with successor(bedside) as second:
        await second.work.idle()
        await settled(second)
        assert [s.degraded for s in second.scores] == [False]


async def test_a_patient_judged_for_a_debt_of_an_older_assignment_is_left_alone(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await through(bedside.work, Due(0, ("p1",), bedside.host.generation - 1))
    assert len(bedside.scores) == 1


async def test_a_late_word_on_a_patient_who_is_owed_too_is_answered_without_the_model(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    generation = bedside.host.generation
    await through(bedside.work, Due(0, ("p1",), generation), Again(0, ("p1",), 1, generation))
    assert [s.degraded for s in bedside.scores] == [True, True]
