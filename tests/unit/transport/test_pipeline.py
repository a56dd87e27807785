"""The way of a flush: order, gathering, failure, drain."""

import asyncio
from collections.abc import Awaitable

import pytest

from streams.transport.pipeline import Pipeline
from streams.transport.runs import Due, Item


class Stages:
    """Notes what happens to each flush; `gates` hold a flush's judging until they are opened."""

    def __init__(self, *, in_flight: int = 2) -> None:
        self.log: list[str] = []
        self.gates: dict[int, asyncio.Event] = {}
        self.fail_at: int | None = None
        self.pipeline: Pipeline[tuple[int, ...]] = Pipeline(
            self.begin, self.judge, self.publish, self.settle, max_records=3, in_flight=in_flight
        )

    def begin(self, items: list[Item]) -> tuple[int, ...]:
        numbers = tuple(item.partition for item in items)
        self.log.append(f"begin {numbers}")
        return numbers

    async def judge(self, work: tuple[int, ...]) -> None:
        if self.fail_at in work:
            raise RuntimeError("judging failed")
        gate = self.gates.get(work[0])
        if gate is not None:
            await gate.wait()

    async def publish(self, work: tuple[int, ...]) -> Awaitable[None]:
        self.log.append(f"publish {work}")
        return asyncio.sleep(0)

    async def settle(self, work: tuple[int, ...]) -> None:
        self.log.append(f"settle {work}")


def item(number: int, size: int = 1) -> Due:
    return Due(number, ("p",) * size, 1)


async def settled(stages: Stages, *, turns: int = 50) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_an_idle_pipeline_takes_what_came_at_once() -> None:
    stages = Stages()
    running = asyncio.create_task(stages.pipeline.run())
    await stages.pipeline.put(item(1))
    await settled(stages)
    assert stages.log == ["begin (1,)", "publish (1,)", "settle (1,)"]
    running.cancel()


async def test_a_later_flush_judged_sooner_is_published_later() -> None:
    stages = Stages()
    stages.gates = {1: asyncio.Event()}
    running = asyncio.create_task(stages.pipeline.run())
    await stages.pipeline.put(item(1))
    await settled(stages)
    await stages.pipeline.put(item(2))
    await settled(stages)
    assert stages.log == ["begin (1,)", "begin (2,)"]
    stages.gates[1].set()
    await settled(stages)
    assert stages.log[2:] == ["publish (1,)", "publish (2,)", "settle (1,)", "settle (2,)"]
    running.cancel()


async def test_what_comes_while_the_models_are_busy_is_gathered_into_one_flush() -> None:
    stages = Stages(in_flight=1)
    stages.gates = {1: asyncio.Event()}
    running = asyncio.create_task(stages.pipeline.run())
    await stages.pipeline.put(item(1))
    await settled(stages)
    for number in (2, 3, 4):
        await stages.pipeline.put(item(number))
    stages.gates[1].set()
    await settled(stages)
    assert "begin (2, 3, 4)" in stages.log
    running.cancel()


async def test_a_flush_takes_no_more_records_than_its_limit() -> None:
    stages = Stages(in_flight=1)
    for number in (1, 2, 3):
        await stages.pipeline.put(item(number, size=2))
    running = asyncio.create_task(stages.pipeline.run())
    await settled(stages)
    assert [line for line in stages.log if line.startswith("begin")] == ["begin (1, 2)", "begin (3,)"]
    running.cancel()


async def test_a_failed_flush_is_told_and_nothing_behind_it_is_settled() -> None:
    stages = Stages()
    stages.fail_at = 1
    running = asyncio.create_task(stages.pipeline.run())
    await stages.pipeline.put(item(1))
    await settled(stages)
    await stages.pipeline.put(item(2))
    await settled(stages)
    with pytest.raises(RuntimeError, match="judging failed"):
        await stages.pipeline.failed
    assert not [line for line in stages.log if line.startswith(("publish", "settle"))]
    running.cancel()


async def test_draining_forgets_what_waits_and_reports_what_does_not_finish() -> None:
    stages = Stages(in_flight=1)
    stages.gates = {1: asyncio.Event()}
    running = asyncio.create_task(stages.pipeline.run())
    await stages.pipeline.put(item(1))
    await settled(stages)
    await stages.pipeline.put(item(2))
    assert not await stages.pipeline.drain(0.0)
    stages.gates[1].set()
    await settled(stages)
    assert "begin (2,)" not in stages.log
    running.cancel()


async def test_putting_waits_while_more_is_gathered_than_two_flushes_take() -> None:
    stages = Stages()
    for number in range(4):
        await stages.pipeline.put(item(number, size=2))
    blocked = asyncio.create_task(stages.pipeline.put(item(9)))
    await settled(stages)
    assert not blocked.done()
    running = asyncio.create_task(stages.pipeline.run())
    await settled(stages)
    assert blocked.done()
    running.cancel()
