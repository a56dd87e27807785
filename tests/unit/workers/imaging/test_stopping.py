"""What is under way when partitions go or the worker ends comes again: nothing is said of it, and it is not done."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from streams import topics
from streams.transport.produce import Out
from streams.transport.runs import Item, Run
from streams.workers.slow.desk import Desk
from tests.unit.workers.fakes import Rec
from tests.unit.workers.imaging.office import FRONTAL, NOW, Office, study
from tests.unit.workers.imaging.test_results import RECORD, RUN
from tests.unit.workers.imaging.test_results import Desk as Storing


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def never(*_: Any) -> Any:
    await asyncio.Event().wait()


async def stumbles_on_its_way_out(*_: Any) -> Any:
    try:
        await never()
    finally:
        raise KeyError("closed meanwhile")


async def test_studies_that_hold_and_studies_that_wait_for_memory_are_abandoned_alike(specs: Any) -> None:
    office = Office(specs, FRONTAL, imaging_bytes_in_flight_mb=16, imaging_studies_at_once=5)
    office.archive.instance = never  # type: ignore[method-assign]
    sent: list[Out] = []
    done: list[Item] = []

    async def send(outs: list[Out]) -> Any:
        sent.extend(outs)
        return asyncio.sleep(0)

    desk = Desk(office.clerk.answer, send, done.extend, delay_ms=lambda _: None, now=lambda: NOW, most=100)
    records = [Rec(n, msgspec.json.encode(study(resource_id=f"ImagingStudy/{n}")), timestamp=NOW) for n in range(5)]
    lane, _ = office.lanes.of(())
    # Who of them ends first is chance.
    for _ in range(20):
        await desk.put(Run(topics.EVENTS_IMAGING, 3, tuple(records), 1))
        await settle()
        assert (len(lane.budget._asking), lane.budget.held > 12_000_000) == (2, True)
        assert await desk.drain(5.0)
    assert (sent, done, desk.failed.done(), lane.budget.held) == ([], [], False, 0)


async def test_a_defect_on_the_way_out_of_an_abandoned_study_refuses_nothing(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.series = stumbles_on_its_way_out  # type: ignore[method-assign]
    answering = asyncio.create_task(office.answer(study()))
    await settle()
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering


@pytest.mark.parametrize("step", ["reference", "store"])
async def test_nor_is_a_result_given_up_that_was_abandoned_on_its_way(specs: Any, step: str) -> None:
    office = Storing(specs)
    begun = asyncio.Event()

    async def stumbles(*_: Any) -> Any:
        begun.set()
        await stumbles_on_its_way_out()

    setattr(office.archive, step, stumbles)

    async def whole() -> list[Out]:
        return await office.answer(study()) + await office.clerk.after(RECORD, RUN)

    under_way = asyncio.create_task(whole())
    await begun.wait()
    await settle()
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way
