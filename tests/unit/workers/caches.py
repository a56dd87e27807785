"""The cache worker on topics in memory, with a view that can be away or emptied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from streams import topics
from streams.clock import FixedClock
from streams.errors import RetryableError
from streams.publish.alerts_view import AlertRow
from streams.publish.headers import AS_OF, EPOCH, INDEX, LEVEL
from streams.publish.view import ViewRow, WriteCounts
from streams.settings import Settings
from streams.transport.produce import Out
from streams.workers.cache import OFFSET, CacheWork
from tests.unit.workers.fakes import START, Broker, Host, Rec, through

SCORES, LATEST = topics.SCORES, topics.LATEST

HEADERS = {"ce_id": b"abc", LEVEL: b"medium", INDEX: b"41.5", AS_OF: b"1700000000000", EPOCH: b"3"}


def score(offset: int, patient_id: str = "p1", **headers: bytes) -> Rec:
    names = {"epoch": EPOCH, "index": INDEX, "level": LEVEL}
    head = HEADERS | {names.get(name, name): text for name, text in headers.items()}
    return Rec(offset, b"{}", patient_id.encode(), tuple(head.items()))


class FakeView:
    """Takes rows; can be told that Redis is away or was emptied."""

    def __init__(self) -> None:
        self.rows: list[ViewRow] = []
        self.away = False
        self.marked: set[int] = set()

    async def write_many(self, rows: Sequence[ViewRow]) -> WriteCounts:
        self._heed()
        self.rows += rows
        return WriteCounts(len(rows), 0, 0)

    async def is_rebuilt(self, partitions: Iterable[int] = ()) -> bool:
        self._heed()
        return self.marked >= set(partitions)

    async def mark(self, partitions: Iterable[int] = ()) -> None:
        self._heed()
        self.marked |= set(partitions)

    def _heed(self) -> None:
        if self.away:
            raise RetryableError("Redis: expected an answer, received none")


class FakeBoard:
    """A ranking that needs no mending."""

    def __init__(self, redis: Any) -> None: ...

    async def repair(self) -> int:
        return 0


class FakeTimekeeper:
    """Makes the ticks that it was given, once."""

    def __init__(self) -> None:
        self.ticks: list[Out] = []
        self.asked_for: set[int] = set()

    async def due(self, partitions: set[int]) -> list[Out]:
        self.asked_for = partitions
        made, self.ticks = self.ticks, []
        return made

    async def stop(self) -> None: ...


class Cache:
    """The worker on partition 0 of topics in memory."""

    def __init__(self, broker: Broker) -> None:
        self.broker, self.host, self.view, self.timekeeper = broker, Host(broker), FakeView(), FakeTimekeeper()
        worker: Any = CacheWork
        self.work: Any = worker(Settings(), self.host)
        self.work.view, self.work.timekeeper = self.view, self.timekeeper
        self.work.clock = FixedClock(START)

    async def take(self, *records: Rec) -> None:
        await through(self.work, self.host.run(SCORES, records))

    async def idle(self) -> None:
        """Call what falls due and wait for the rebuilding it may have begun."""
        self.work._looked = 0.0
        await self.work.idle()
        await self.work._rebuilding

    @property
    def latest(self) -> list[tuple[bytes | None, dict[str, bytes]]]:
        return [(out.key, dict(out.headers)) for out in self.host.producer.on(LATEST)]

    @property
    def places(self) -> list[tuple[int, int]]:
        """Epoch and offset of what was written to the compacted topic."""
        return [(int(head[EPOCH]), int(head[OFFSET])) for _, head in self.latest]


class FakeAlerts:
    """Takes words on alerts in place of the view's."""

    def __init__(self) -> None:
        self.rows: list[AlertRow] = []
        self.away = False
        self.lost = 0

    async def write_many(self, rows: Sequence[AlertRow], *, told: bool) -> int:
        if self.away:
            raise RetryableError("Redis: expected an answer, received none")
        self.rows += rows
        return len(rows)

    async def repair(self) -> tuple[int, int]:
        return len(self.rows), self.lost
