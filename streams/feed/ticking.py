"""The feed's clock: one tick per partition at a clinical time, once normalise has passed what was fed before it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import msgspec

from streams import topics
from streams.clock import Instant
from streams.feed.positions import Positions, passed
from streams.records import Tick

Publish = Callable[[int, bytes, bytes], Awaitable[None]]
"""Writes partition, key and value to ``events.ticks``."""


def ticks(at: Instant, ends: Mapping[str, Mapping[int, int]], partitions: list[int]) -> list[tuple[int, bytes, bytes]]:
    """Write one tick per partition, as partition, key and value; `ends` is topic to partition to end offset."""
    return [
        (
            number,
            str(number).encode(),
            msgspec.json.encode(Tick(at, {topic: of_topic.get(number, 0) for topic, of_topic in ends.items()})),
        )
        for number in partitions
    ]


class Ticker:
    """Makes ticks one after the other beside the feed, each after normalise has passed its targets."""

    def __init__(
        self,
        positions: Positions,
        publish: Publish,
        topic: str,
        patience_s: float,
        inputs: Sequence[str] = topics.BEDSIDE_INPUTS,
    ) -> None:
        self.made = 0
        """Clinical times ticked so far, each in every partition."""
        self.given_up = 0
        """Ticks not made because normalise did not come so far; bedside must not call late what it was not given."""
        self._positions, self._publish, self._topic, self._patience_s = positions, publish, topic, patience_s
        self._inputs = inputs
        self._due: asyncio.Queue[tuple[Instant, dict[int, int]]] = asyncio.Queue()

    def due(self, at: Instant, targets: Mapping[int, int]) -> None:
        """Ask for a tick at a clinical time, once the fed topic is passed up to `targets`."""
        self._due.put_nowait((at, dict(targets)))

    async def run(self) -> None:
        """Make due ticks until cancelled."""
        while True:
            at, targets = await self._due.get()
            try:
                await self._make(at, targets)
            finally:
                self._due.task_done()

    async def finish(self, running: asyncio.Task[None]) -> None:
        """Wait until all due ticks are made or given up, then stop; raises what stopped the making."""
        joined = asyncio.create_task(self._due.join())
        await asyncio.wait({joined, running}, return_when=asyncio.FIRST_COMPLETED)
        joined.cancel()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    async def _make(self, at: Instant, targets: Mapping[int, int]) -> None:
        if not await passed(self._positions, self._topic, targets, self._patience_s):
            self.given_up += 1
            return
        ends = {topic: await self._positions.ends(topic) for topic in self._inputs}
        partitions = await self._positions.partitions(topics.TICKS)
        for partition, key, value in ticks(at, ends, partitions):
            await self._publish(partition, key, value)
        self.made += 1
