"""A consumer of runs with a fetch of the test's making, on a group in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from streams.settings import Settings
from streams.transport.consumer import RunConsumer
from streams.transport.runs import Run

A, B = TP("events.observations", 0), TP("events.observations", 1)


class Rec(msgspec.Struct, frozen=True):
    offset: int
    timestamp: int = 1_700_000_000_000
    key: bytes | None = None
    value: bytes | None = b"{}"
    headers: tuple[tuple[str, bytes], ...] = ()


class Group:
    """What the broker knows of the group: committed offsets, and positions as they are moved."""

    def __init__(self) -> None:
        self.committed: dict[TP, int | None] = {A: None, B: None}
        self.moved: dict[TP, int | str] = {}
        self.assigned = {A, B}
        self.takes_commits = True
        self.commits: list[dict[TP, int]] = []
        self.seek_errors: list[Exception] = []
        self.commit_error: BaseException | None = None
        self.next_offsets: dict[TP, int] = {}

    def positions(self) -> list[tuple[TP, int]]:
        return list(self.next_offsets.items())

    async def seek_to_committed(self) -> dict[TP, int | None]:
        if self.seek_errors:
            raise self.seek_errors.pop()
        self.moved.update({tp: offset for tp, offset in self.committed.items() if offset is not None})
        return dict(self.committed)

    async def seek_to_beginning(self, *partitions: TP) -> None:
        self.moved.update(dict.fromkeys(partitions, "beginning"))

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        if self.commit_error is not None:
            raise self.commit_error
        self.commits.append(dict(offsets))
        return self.takes_commits

    def assignment(self) -> set[TP]:
        return self.assigned


class Faust:
    """What a consumer asks of its app and transport."""

    consumer_generation_id = 5
    should_stop = True
    settings = Settings(gather_ms=0, revoke_deadline_s=0.001)

    @property
    def app(self) -> Faust:
        return self


class Consumer(RunConsumer):
    """The consumer with a fetch of the test's making, on a group in memory."""

    should_stop = False

    def __init__(self, group: Group) -> None:
        super().__init__()
        self.offsets.assigned()
        self.app = self.transport = Faust()
        self._thread = group
        self._read_offset: dict[TP, int] = {}
        self._committed_offset: dict[TP, int] = {}
        self.flow_active = True
        self.suspend_flow = asyncio.Event()
        self.handed_on: list[Run] = []
        self.messages: list[ConsumerMessage] = []
        self.callback = self.receive
        self.during_fetch: Callable[[], None] = lambda: None
        self.during_receipt: Callable[[], None] = lambda: None
        self.fetched: dict[TP, list[Rec]] = {}
        self.active: set[TP] | None = {A, B}

    def stop_flow(self) -> None:
        self.flow_active = False
        self.suspend_flow.set()

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's signature
        self.during_fetch()
        return self.fetched, self.active

    async def wait_first(self, *coroutines: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109 - mode's signature
        first, *rest = coroutines
        await first
        for other in rest:
            other.close()

    async def receive(self, message: ConsumerMessage) -> None:
        self.messages.append(message)
        self.handed_on.append(message.value)
        self.during_receipt()


def records(*offsets: int) -> list[Rec]:
    return [Rec(offset) for offset in offsets]


async def handed_on(consumer: Consumer, tp: TP, *offsets: int) -> Run:
    consumer.fetched = {tp: records(*offsets)}
    await consumer._drain_once()
    return consumer.handed_on[-1]


def void(_: object) -> None:
    """Let a lambda call what returns something."""
