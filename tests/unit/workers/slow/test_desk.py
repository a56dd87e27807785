"""Studies under way: acknowledged after their effect, in any order, and what waits holds up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from streams.errors import ContractError, RetryableError
from streams.transport.produce import Out
from streams.transport.runs import Due, Record, Run
from streams.workers.slow.desk import Desk
from tests.unit.workers.fakes import Rec

EVENTS, LATER = "events", "later"


class Office:
    """A desk, and what happens around it: answers come when they are let go."""

    def __init__(self, most: int = 100) -> None:
        self.now = 1000
        self.gates: dict[int, asyncio.Event] = {}
        self.begun: list[int] = []
        self.sent: list[bytes | None] = []
        self.acknowledged: list[tuple[str, int]] = []
        self.held: list[tuple[str, int]] = []
        self.broker_takes = asyncio.Event()
        self.broker_takes.set()
        self.done = asyncio.Event()
        self.error: Exception | None = None
        self.desk = Desk(
            self.answer, self.send, self.acknowledge, delay_ms=lambda topic: 500 if topic == LATER else None,
            now=lambda: self.now, most=most, hold=lambda topic, partition: self.held.append((topic, partition)),
        )  # fmt: skip

    async def answer(self, record: Record, run: Run) -> list[Out]:
        self.begun.append(record.offset)
        if record.offset in self.gates:
            await self.gates[record.offset].wait()
        if self.error is not None:
            raise self.error
        return [Out("said", 0, None, record.value)]

    async def send(self, outs: list[Out]) -> Awaitable[Any]:
        self.sent += [out.value for out in outs]
        return self.broker_takes.wait()

    def acknowledge(self, items: list[Any]) -> None:
        self.acknowledged += [(item.topic, item.first) for item in items]
        self.done.set()


def run(*offsets: int, topic: str = EVENTS, timestamp: int = 1000) -> Run:
    records = tuple(Rec(offset, str(offset).encode(), timestamp=timestamp) for offset in offsets)
    return Run(topic, 0, records, 1)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_run_is_acknowledged_once_all_of_its_records_are_on_the_broker() -> None:
    office = Office()
    office.gates[2] = asyncio.Event()
    await office.desk.put(run(1, 2, 3))
    await settle()
    assert (sorted(office.begun), office.sent, office.acknowledged) == ([1, 2, 3], [b"1", b"3"], [])
    office.gates[2].set()
    await settle()
    assert office.acknowledged == [(EVENTS, 1)]


async def test_nothing_is_acknowledged_that_the_broker_has_not_taken() -> None:
    office = Office()
    office.broker_takes.clear()
    await office.desk.put(run(1))
    await settle()
    assert (office.sent, office.acknowledged) == ([b"1"], [])
    office.broker_takes.set()
    await settle()
    assert office.acknowledged == [(EVENTS, 1)]


async def test_a_later_run_may_be_done_before_an_earlier_one() -> None:
    office = Office()
    office.gates[1] = asyncio.Event()
    await office.desk.put(run(1))
    await office.desk.put(run(2))
    await settle()
    assert office.acknowledged == [(EVENTS, 2)]


async def test_what_waits_for_its_time_is_not_begun_and_no_more_of_it_is_fetched() -> None:
    office = Office()
    await office.desk.put(run(1, 2, topic=LATER))
    office.desk._release()
    await settle()
    assert (office.begun, office.held, office.desk.busy) == ([], [(LATER, 0)], False)
    assert office.desk.waiting == {(LATER, 0)}
    office.now = 1500
    office.desk._release()
    await settle()
    assert (office.begun, office.desk.waiting, office.acknowledged) == ([1, 2], set(), [(LATER, 1)])


async def test_of_one_run_each_record_waits_for_its_own_time() -> None:
    office = Office()
    mixed = Run(LATER, 0, (Rec(1, b"1", timestamp=1000), Rec(2, b"2", timestamp=1400)), 1)
    await office.desk.put(mixed)
    office.now = 1600
    office.desk._release()
    await settle()
    assert (office.begun, office.acknowledged) == ([1], [])
    office.now = 1900
    office.desk._release()
    await settle()
    assert (office.begun, office.acknowledged) == ([1, 2], [(LATER, 1)])


async def test_what_waits_does_not_hold_up_what_comes() -> None:
    office = Office(most=1)
    await office.desk.put(run(1, 2, 3, topic=LATER))
    await office.desk.put(run(4))
    await settle()
    assert office.acknowledged == [(EVENTS, 4)]


async def test_no_more_is_taken_than_there_is_room_for() -> None:
    office = Office(most=1)
    office.gates[1] = asyncio.Event()
    await office.desk.put(run(1))
    waiting = asyncio.create_task(office.desk.put(run(2)))
    await settle()
    assert (office.begun, waiting.done()) == ([1], False)
    office.gates[1].set()
    await settle()
    assert (office.begun, waiting.done()) == ([1, 2], True)


async def test_draining_abandons_what_is_under_way_and_what_waits_and_who_waits_for_room() -> None:
    office = Office(most=1)
    office.gates[1] = asyncio.Event()
    await office.desk.put(run(1))
    await office.desk.put(run(7, topic=LATER))
    waiting = asyncio.create_task(office.desk.put(run(2)))
    await settle()
    assert await office.desk.drain(5.0)
    await settle()
    assert waiting.done()
    assert (office.begun, office.acknowledged, office.desk.busy, office.desk.waiting) == ([1], [], False, set())
    await office.desk.put(run(3))
    await settle()
    assert office.acknowledged == [(EVENTS, 3)]


async def test_a_defect_fails_the_desk_without_an_acknowledgement() -> None:
    office = Office()
    office.error = ContractError("not ours")
    await office.desk.put(run(1))
    await settle()
    with pytest.raises(ContractError):
        await office.desk.failed
    assert office.acknowledged == []


async def test_a_study_that_somebody_else_cancels_stops_the_worker_without_an_acknowledgement() -> None:
    office = Office()
    office.gates[1] = asyncio.Event()
    await office.desk.put(run(1))
    await settle()
    [task] = office.desk._tasks
    task.cancel()
    await settle()
    with pytest.raises(RetryableError, match="one was cancelled"):
        await office.desk.failed
    assert office.acknowledged == []


async def test_a_drained_study_is_no_failure() -> None:
    office = Office()
    office.gates[1] = asyncio.Event()
    await office.desk.put(run(1))
    await settle()
    await office.desk.drain(1.0)
    await settle()
    assert not office.desk.failed.done()


async def test_dues_of_other_workers_are_none_of_its_business() -> None:
    office = Office()
    await office.desk.put(Due(0, ("p1",), 1))
    assert not office.desk.busy


async def test_released_by_itself_while_it_runs() -> None:
    office = Office()
    running = asyncio.create_task(office.desk.run())
    office.now = 5000
    await office.desk.put(run(1, topic=LATER))
    await asyncio.wait_for(office.done.wait(), 10)
    assert office.acknowledged == [(LATER, 1)]
    running.cancel()
