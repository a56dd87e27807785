"""The life of a worker: start, readiness, signals, failures, and the watch over its progress."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from streams import metrics
from streams.errors import CardioStreamError
from streams.settings import Settings
from streams.transport.app import RunApp, new_app
from streams.transport.pipeline import Pipeline
from streams.transport.produce import Producer
from streams.transport.runs import Item, Run

log = logging.getLogger(__name__)

READY_FILE = "CARDIOSTREAM_READY_FILE"


class Work(Protocol):
    """What makes one worker different from the others."""

    name: str
    topics: tuple[str, ...]
    pipeline: Pipeline[Any]

    async def start(self) -> None:
        """Connect what this worker needs beside Kafka."""

    async def assigned(self, partitions: set[Any]) -> None:
        """Make ready for a new assignment; runs wait until this is done."""

    async def idle(self) -> None:
        """Do what falls due by itself; called about once a second."""

    async def stop(self) -> None:
        """Disconnect."""


class Host:
    """Runs one worker in this process until it is told to stop or fails."""

    def __init__(self, group_id: str, settings: Settings) -> None:
        self.settings = settings
        self.app: RunApp = new_app(group_id, settings)
        self.producer = Producer(settings, group_id)
        self._prepared = asyncio.Event()
        self._preparing: asyncio.Task[None] | None = None
        self._progress = time.monotonic()

    @property
    def generation(self) -> int:
        """Number of the present assignment."""
        return self.app.run_consumer.offsets.generation

    def acknowledge(self, items: list[Item]) -> None:
        """Mark runs as done; they are committed in order a moment later."""
        for item in items:
            if isinstance(item, Run):
                self.app.run_consumer.ack_run(item)
        self._progress = time.monotonic()

    async def run(self, work: Work) -> int:
        """Run until SIGTERM or SIGINT (0) or a failure (1)."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        metrics.serve(self.settings.metrics_port)
        await self.producer.start()
        await work.start()
        self._attach(work)
        await self.app.start()
        try:
            return await self._until_stopped(work, stop)
        finally:
            await work.pipeline.drain(self.settings.revoke_deadline_s)
            await self.app.stop()
            await work.stop()
            await self.producer.stop()

    def _attach(self, work: Work) -> None:
        consumer = self.app.run_consumer

        async def collect(stream: Any) -> None:
            async for event in stream.noack().events():
                await self._prepared.wait()
                await work.pipeline.put(event.value)

        self.app.agent(self.app.run_topic(*work.topics), name=f"{work.name}-collect")(collect)

        async def before_revoked(_: set[Any]) -> None:
            self._prepared.clear()
            if self._preparing is not None:
                self._preparing.cancel()
            await work.pipeline.drain(self.settings.revoke_deadline_s)

        async def after_assigned(partitions: set[Any]) -> None:
            self._prepared.clear()
            self._preparing = asyncio.create_task(self._prepare(work, partitions))

        consumer.before_revoked = before_revoked
        consumer.after_assigned = after_assigned

    async def _prepare(self, work: Work, partitions: set[Any]) -> None:
        try:
            await work.assigned(partitions)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if not work.pipeline.failed.done():
                work.pipeline.failed.set_exception(error)
            return
        self._prepared.set()
        log.info("worker=%s ready partitions=%d", work.name, len(partitions))
        if ready := os.environ.get(READY_FILE):
            Path(ready).touch()  # noqa: ASYNC240 - once, and tiny

    async def _until_stopped(self, work: Work, stop: asyncio.Event) -> int:
        flushing = asyncio.create_task(work.pipeline.run())
        stopping = asyncio.create_task(stop.wait())
        watching = asyncio.create_task(self._watch(work))
        crashed = asyncio.create_task(self.app.wait_until_stopped())
        tasks: set[asyncio.Future[Any]] = {flushing, stopping, watching, crashed, work.pipeline.failed}
        done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        if stopping in done:
            return 0
        for task in done:
            _report(work.name, task.exception())
        return 1

    async def _watch(self, work: Work) -> None:
        """Call what falls due, and end where work has been due for long and none was done."""
        while True:
            await asyncio.sleep(1.0)
            if self._prepared.is_set():
                await work.idle()
            if not work.pipeline.busy:
                self._progress = time.monotonic()
            elif time.monotonic() - self._progress > self.settings.stall_timeout_s:
                raise TimeoutError(
                    f"expected progress within {self.settings.stall_timeout_s:.0f} s, received none; "
                    "the worker exits so that another takes over; see the log for what it waits for"
                )


def _report(name: str, error: BaseException | None) -> None:
    if isinstance(error, (CardioStreamError, TimeoutError)):
        log.error("worker=%s stops without committing: %s", name, error)
    elif error is not None:
        # The text of a foreign exception may quote a payload; its type and place never do.
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = f"{where.tb_frame.f_code.co_filename}:{where.tb_lineno}" if where else "unknown"
        log.error("worker=%s stops without committing: %s at %s", name, type(error).__name__, place)
    else:
        log.error("worker=%s stops: its consumer ended", name)


Runner = Callable[[Settings], Awaitable[int]]
