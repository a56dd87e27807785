"""Slow work under way: many records at once, in any order; a run is acknowledged once all its records had effect."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import msgspec

from streams.clock import Instant
from streams.errors import RetryableError
from streams.transport.produce import Out
from streams.transport.runs import Item, Record, Run

_LOOK_S = 0.25
"""Longest time between two looks for what has waited long enough."""

Answer = Callable[[Record, Run], Awaitable[list[Out]]]
Send = Callable[[list[Out]], Awaitable[Awaitable[object]]]


class _Open(msgspec.Struct):
    """A run some of whose records are not done."""

    run: Run
    begun: int = 0
    done: int = 0


class Desk:
    """Takes runs, has their records answered, produces the answers, and acknowledges in the end.

    Unlike a `Pipeline` it keeps no order between records: they are independent, readers of the answers unite
    versions, and a study that takes minutes must not hold up one that takes a second.

    Parameters
    ----------
    answer
        What goes out for one record.
    send
        Hands records to the producer; see `streams.transport.produce.Producer.send`.
    acknowledge
        Marks a run as done.
    delay_ms
        How long records of a topic wait from their timestamp on; None where they do not.
    now
        The present instant.
    most
        Records under way or about to be, give or take a run; what waits for its time does not count.
    hold
        Called with a topic and partition of which no more is to be fetched, as something of it waits for its time.
    """

    def __init__(
        self,
        answer: Answer,
        send: Send,
        acknowledge: Callable[[list[Item]], None],
        *,
        delay_ms: Callable[[str], int | None],
        now: Callable[[], Instant],
        most: int,
        hold: Callable[[str, int], None] = lambda _topic, _partition: None,
    ) -> None:
        self._hold = hold
        self.after: Answer | None = None
        """What else is done for a record once the broker has its answer; returns what goes out for it then."""
        self._answer, self._send, self._acknowledge = answer, send, acknowledge
        self._delay_ms, self._now, self._most = delay_ms, now, most
        self._held: dict[tuple[str, int], deque[_Open]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Condition()
        self._drains = 0
        self._abandoned: set[asyncio.Task[None]] = set()
        self.failed: asyncio.Future[None] = asyncio.get_event_loop().create_future()
        """Fails with the first exception that is no answer; the worker must stop then, without committing."""

    async def put(self, item: Item) -> None:
        """Add a run; waits while as many records are under way as may be."""
        if not isinstance(item, Run):
            return
        opened = _Open(item)
        if self._delay_ms(item.topic) is not None:
            self._held.setdefault((item.topic, item.partition), deque()).append(opened)
            self._hold(item.topic, item.partition)
            return
        drains = self._drains
        async with self._room:
            await self._room.wait_for(lambda: len(self._tasks) < self._most or drains != self._drains)
        if drains == self._drains:
            self._begin(opened, item.size)

    async def run(self) -> None:
        """Let go on what has waited long enough, until cancelled."""
        while True:
            self._release()
            await asyncio.sleep(_LOOK_S)

    def _release(self) -> None:
        now = self._now()
        for place, queue in list(self._held.items()):
            delay = self._delay_ms(place[0]) or 0
            while queue and len(self._tasks) < self._most:
                records = queue[0].run.records
                due = queue[0].begun
                while due < len(records) and records[due].timestamp + delay <= now:
                    due += 1
                self._begin(queue[0], due)
                if due < len(records):
                    break
                queue.popleft()
            if not queue:
                del self._held[place]

    def _begin(self, opened: _Open, until: int) -> None:
        for record in opened.run.records[opened.begun : until]:
            task = asyncio.get_running_loop().create_task(self._one(record, opened))
            self._tasks.add(task)
            task.add_done_callback(self._finished)
        opened.begun = until

    async def _one(self, record: Record, opened: _Open) -> None:
        outs = await self._answer(record, opened.run)
        if outs:
            await (await self._send(outs))
        if self.after is not None and (outs := await self.after(record, opened.run)):
            await (await self._send(outs))
        opened.done += 1
        if opened.done == opened.run.size:
            self._acknowledge([opened.run])

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = self._failure(task)
        if error is not None and not self.failed.done():
            self.failed.set_exception(error)
        task.get_loop().create_task(self._tell())

    def _failure(self, task: asyncio.Task[None]) -> BaseException | None:
        if not task.cancelled():
            return task.exception()
        if task in self._abandoned:
            self._abandoned.discard(task)
            return None
        # Its run would never be acknowledged, and nothing behind it committed.
        return RetryableError("desk: expected a study to end by itself, one was cancelled; the worker is to start anew")

    async def _tell(self) -> None:
        async with self._room:
            self._room.notify_all()

    async def drain(self, deadline_s: float) -> bool:
        """Abandon what is under way and forget what waits: it comes again; True where all of it has ended in time."""
        self._drains += 1
        self._held.clear()
        await self._tell()
        tasks = set(self._tasks)
        self._abandoned |= tasks
        for task in tasks:
            task.cancel()
        if not tasks:
            return True
        _, late = await asyncio.wait(tasks, timeout=deadline_s)
        return not late

    @property
    def waiting(self) -> set[tuple[str, int]]:
        """Topics and partitions of which something waits for its time: no more is to be fetched of these."""
        return set(self._held)

    @property
    def busy(self) -> bool:
        """True while a record is under way; one that waits for its time is not due."""
        return bool(self._tasks)


def paused(consumer: Any, topic: str, partition: int) -> None:
    """Fetch no more of one partition."""
    consumer.pause_partitions([tp for tp in consumer.assignment() if tuple(tp) == (topic, partition)])


def pause_waiting(consumer: Any, retries: Collection[str], waiting: set[tuple[str, int]]) -> None:
    """Fetch no more of retry topics of which something waits for its time, and go on with the others."""
    mine = {tp for tp in consumer.assignment() if tp.topic in retries}
    held = {tp for tp in mine if tuple(tp) in waiting}
    consumer.pause_partitions(held)
    consumer.resume_partitions(mine - held)
