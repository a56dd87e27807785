"""Writing ticks: passing time for every partition, unless a replay keeps the clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from aiokafka import TopicPartition

from streams import topics
from streams.clock import Clock, Instant
from streams.errors import ContractError
from streams.feed.clock_mode import LIVE, ClockMode, decode
from streams.records import Tick
from streams.settings import Settings
from streams.transport.produce import Out
from streams.transport.reading import read_ends, read_to_end, reader

_CLOCK = TopicPartition(topics.CLOCK, 0)
_encode = msgspec.json.Encoder().encode


class Timekeeper:
    """Makes ticks that name how far the inputs of a partition reach now."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self._mode: ClockMode = LIVE
        self._next: Instant = 0
        self._reader: Any = None
        self._ends: Any = None

    async def start(self) -> None:
        """Connect, and read who keeps the clock."""
        self._next = self.clock.now() + int(self.settings.first_tick_s * 1000)
        self._reader = reader(self.settings, "cardiostream-timekeeper")
        await self._reader.start()
        self._note(await read_to_end(self._reader, topics.CLOCK, 0))
        self._ends = reader(self.settings, "cardiostream-ends")
        await self._ends.start()

    async def stop(self) -> None:
        """Disconnect."""
        for consumer in (self._reader, self._ends):
            if consumer is not None:
                await consumer.stop()

    async def due(self, partitions: Iterable[int]) -> list[Out]:
        """Return a tick for each partition where one is due now and no replay keeps the clock."""
        await self._heed_clock()
        now = self.clock.now()
        if now < self._next or self._mode.replaying(now):
            return []
        self._next = now + int(self.settings.tick_interval_s * 1000)
        numbers = sorted(partitions)
        inputs = self.settings.bedside_inputs
        wanted = [TopicPartition(topic, number) for topic in inputs for number in numbers]
        ends = await read_ends(self._ends, wanted) if wanted else {}
        return [_tick(now, n, {topic: ends[TopicPartition(topic, n)] for topic in inputs}) for n in numbers]

    async def _heed_clock(self) -> None:
        while found := await self._reader.getmany(_CLOCK, timeout_ms=0):
            for records in found.values():
                self._note(records)

    def _note(self, records: Iterable[Any]) -> None:
        for record in records:
            if record.value is not None:
                self._mode = _mode(record.value, record.offset)


def _tick(at: Instant, partition: int, end_offsets: dict[str, int]) -> Out:
    return Out(topics.TICKS, partition, b"%d" % partition, _encode(Tick(at, end_offsets)))


def _mode(value: bytes, offset: int) -> ClockMode:
    try:
        return decode(value)
    except msgspec.MsgspecError as error:
        raise ContractError(
            f"{topics.CLOCK}/0@{offset}: expected a clock mode, received something else; only replay may write there"
        ) from error
