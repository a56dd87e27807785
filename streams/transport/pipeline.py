"""The way of a flush: gather runs, begin, finish in order, acknowledge in order; a few flushes under way at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from streams.transport.runs import Item

log = logging.getLogger(__name__)

W = TypeVar("W")
"""A flush under way."""

Begin = Callable[[list[Item]], W]
Judge = Callable[[W], Awaitable[None]]
Publish = Callable[[W], Awaitable[Awaitable[object]]]
Settle = Callable[[W], Awaitable[None]]


class Pipeline(Generic[W]):
    """Takes what has come at once when idle, and gathers while the models are busy.

    A flush passes four stages. `begin` is synchronous and in order, so state changes in the order of the inputs.
    `judge` may take its time and runs for several flushes at once. `publish` hands the results to the producer in
    the order of the flushes, so no older result can have the last word. `settle` is called once the broker has
    everything, again in order, and acknowledges the inputs.

    Parameters
    ----------
    max_records
        Most records that one flush takes, give or take a run.
    in_flight
        Flushes that may be between `begin` and the end of `publish`.
    """

    def __init__(
        self,
        begin: Begin[W],
        judge: Judge[W],
        publish: Publish[W],
        settle: Settle[W],
        *,
        max_records: int,
        in_flight: int,
    ) -> None:
        self._begin, self._judge, self._publish, self._settle = begin, judge, publish, settle
        self._max_records = max_records
        self._slots = asyncio.Semaphore(in_flight)
        self._settling = asyncio.Semaphore(4 * in_flight)
        self._waiting: list[Item] = []
        self._arrived = asyncio.Event()
        self._drained = asyncio.Condition()
        self._flushes: set[asyncio.Task[None]] = set()
        self._drains = 0
        self._last_publish: asyncio.Future[None] | None = None
        self._last_settle: asyncio.Future[None] | None = None
        self.failed: asyncio.Future[None] = asyncio.get_event_loop().create_future()
        """Fails with the first exception of a flush; the worker must stop then, without committing."""

    async def put(self, item: Item) -> None:
        """Add a run; waits while more is gathered than two flushes take."""
        drains = self._drains
        while sum(r.size for r in self._waiting) > 2 * self._max_records:
            async with self._drained:
                await self._drained.wait()
        if drains != self._drains:
            # What waited for room was drained with the rest.
            return
        self._waiting.append(item)
        self._arrived.set()

    async def run(self) -> None:
        """Start flushes until cancelled or until one fails."""
        while True:
            await self._arrived.wait()
            await self._slots.acquire()
            await self._settling.acquire()
            runs = self._take()
            async with self._drained:
                self._drained.notify_all()
            if runs:
                self._start(runs)
            else:
                self._slots.release()
                self._settling.release()

    def _take(self) -> list[Item]:
        taken: list[Item] = []
        count = 0
        while self._waiting and count < self._max_records:
            run = self._waiting.pop(0)
            taken.append(run)
            count += run.size
        if not self._waiting:
            self._arrived.clear()
        return taken

    def _start(self, runs: list[Item]) -> None:
        loop = asyncio.get_running_loop()
        before_publish, self._last_publish = self._last_publish, loop.create_future()
        before_settle, self._last_settle = self._last_settle, loop.create_future()
        try:
            work = self._begin(runs)
        except Exception as error:
            self._fail(error)
            return
        task = loop.create_task(self._flush(work, before_publish, self._last_publish, before_settle, self._last_settle))
        self._flushes.add(task)
        task.add_done_callback(self._finished)

    async def _flush(
        self,
        work: W,
        before_publish: asyncio.Future[None] | None,
        published: asyncio.Future[None],
        before_settle: asyncio.Future[None] | None,
        settled: asyncio.Future[None],
    ) -> None:
        await self._judge(work)
        if before_publish is not None:
            await before_publish
        taken = await self._publish(work)
        published.set_result(None)
        self._slots.release()
        await taken
        if before_settle is not None:
            await before_settle
        await self._settle(work)
        settled.set_result(None)
        self._settling.release()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._flushes.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)

    async def drain(self, deadline_s: float) -> bool:
        """Forget what waits and give the flushes under way a deadline; True where all of them finished.

        What does not finish is abandoned: it may still write what was really read, and its acknowledgements are of
        an older assignment.
        """
        self._drains += 1
        self._waiting.clear()
        self._arrived.clear()
        async with self._drained:
            self._drained.notify_all()
        if not self._flushes:
            return True
        _, late = await asyncio.wait(set(self._flushes), timeout=deadline_s)
        if late:
            log.warning("%d flushes abandoned after %.1f s: partitions are taken away", len(late), deadline_s)
        return not late

    def waits_for(self, kind: type[Item]) -> bool:
        """Tell whether an item of this kind waits to be begun."""
        return any(isinstance(item, kind) for item in self._waiting)

    @property
    def busy(self) -> bool:
        """True while a flush is under way or records wait."""
        return bool(self._flushes or self._waiting)
