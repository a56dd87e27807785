"""The life of a worker: start, readiness, signals, failures, and the watch over its progress."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from pathlib import Path
from typing import Any, Protocol

from streams import health
from streams.errors import CardioStreamError, RetryableError
from streams.log import where_it_failed
from streams.settings import Settings
from streams.transport.app import POLL_RECORDS, RunApp, new_app
from streams.transport.produce import Producer
from streams.transport.runs import Item, Run

log = logging.getLogger(__name__)

READY_FILE = "CARDIOSTREAM_READY_FILE"


class Line(Protocol):
    """What takes runs and sees them to their end: a `Pipeline`, or what keeps no order."""

    failed: asyncio.Future[None]

    async def put(self, item: Item) -> None:
        """Add a run; waits while there is no room."""

    async def run(self) -> None:
        """Work until cancelled."""

    async def drain(self, deadline_s: float) -> bool:
        """Forget what waits and give what is under way a deadline."""

    @property
    def busy(self) -> bool:
        """Whether anything is under way that is due."""


class Work(Protocol):
    """What makes one worker different from the others."""

    name: str
    topics: tuple[str, ...]

    @property
    def pipeline(self) -> Line:
        """What takes the runs that come."""

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

    def __init__(self, group_id: str, settings: Settings, poll_records: int = POLL_RECORDS) -> None:
        self.settings = settings
        self.app: RunApp = new_app(group_id, settings, poll_records)
        self.producer = Producer(settings, group_id)
        self._prepared = asyncio.Event()
        self._preparing: asyncio.Task[None] | None = None
        self._pulse = health.Pulse(settings.stall_timeout_s)

    @property
    def generation(self) -> int:
        """Number of the present assignment."""
        return self.app.run_consumer.offsets.generation

    def alive(self) -> None:
        """Note that something has got on that is no run, such as restoring the state."""
        self._pulse.beat()

    def acknowledge(self, items: list[Item]) -> None:
        """Mark runs as done; they are committed in order a moment later."""
        for item in items:
            if isinstance(item, Run):
                self.app.run_consumer.ack_run(item)
        self._pulse.beat()

    def progressed(self) -> None:
        """Note that a part of slow work is done, though no run is yet."""
        self._pulse.beat()

    async def run(self, work: Work) -> int:
        """Run until SIGTERM or SIGINT (0) or a failure (1); the end has a deadline."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        if self.settings.metrics_port:
            health.serve(self.settings.metrics_address, self.settings.metrics_port, self._pulse)
        spare_the_collector()
        code = 1
        try:
            await self.producer.start()
            await work.start()
            self._attach(work)
            await self.app.start()
            code = await self._until_stopped(work, stop)
        except Exception as error:
            _report(work.name, error)
        finally:
            code = await self._end_in_time(work, code)
        return code

    async def _end_in_time(self, work: Work, code: int) -> int:
        ending = asyncio.ensure_future(self._end(work))
        # Not wait_for: what hangs would hang in its cancellation too.
        done, _ = await asyncio.wait([ending], timeout=self.settings.stop_deadline_s)
        if not done:
            log.error("worker=%s ended without good order: something it waits for is away", work.name)
            logging.shutdown()
            # What waits for the broker would keep the process alive as long as it is away.
            os._exit(code or 1)
        if (error := ending.exception()) is not None:
            _report(work.name, error)
            return 1
        return code

    async def _end(self, work: Work) -> None:
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
            self._unprepare()
            await work.pipeline.drain(self.settings.revoke_deadline_s)

        async def after_assigned(partitions: set[Any]) -> None:
            self._unprepare()
            self._pulse.beat()
            self._preparing = asyncio.create_task(self._prepare(work, partitions, self._preparing))

        consumer.before_revoked = before_revoked
        consumer.after_assigned = after_assigned

    def _unprepare(self) -> None:
        self._prepared.clear()
        self._pulse.prepared = False

    async def _prepare(self, work: Work, partitions: set[Any], previous: asyncio.Task[None] | None) -> None:
        """Make ready for one assignment, after the preparation for the one before has ended."""
        generation = self.generation
        if previous is not None and not previous.done():
            previous.cancel()
            await asyncio.wait([previous])
        try:
            await work.assigned(partitions)
        except (Exception, asyncio.CancelledError) as error:
            if generation == self.generation and not work.pipeline.failed.done():
                work.pipeline.failed.set_exception(_failure(error))
            return
        if generation != self.generation:
            return
        self._prepared.set()
        self._pulse.prepared = True
        log.info("worker=%s ready partitions=%d", work.name, len(partitions))
        if ready := os.environ.get(READY_FILE):
            Path(ready).touch()  # noqa: ASYNC240 - once, and tiny

    async def _until_stopped(self, work: Work, stop: asyncio.Event) -> int:
        named: set[asyncio.Future[Any]] = {
            asyncio.create_task(work.pipeline.run()),
            asyncio.create_task(self._tend(work)),
            asyncio.create_task(self._watch(work)),
            asyncio.create_task(self.app.wait_until_stopped()),
        }
        stopping: asyncio.Future[Any] = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait({*named, work.pipeline.failed, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in {*named, stopping} - done:
            task.cancel()
        if done == {stopping}:
            return 0
        for task in done - {stopping}:
            _report(work.name, task.exception())
        return 1

    async def _tend(self, work: Work) -> None:
        """Let the worker do what falls due, about once a second."""
        while True:
            await asyncio.sleep(1.0)
            if self._prepared.is_set():
                await work.idle()

    async def _watch(self, work: Work) -> None:
        """End where there has been work for long and none was done, or an assignment is never made ready for."""
        while True:
            await asyncio.sleep(1.0)
            preparing = self._preparing is not None and not self._prepared.is_set()
            if not work.pipeline.busy and not preparing:
                self._pulse.beat()
            elif not self._pulse.live:
                raise TimeoutError(
                    f"expected progress within {self.settings.stall_timeout_s:.0f} s, received none; "
                    "the worker exits so that another takes over; see the log for what it waits for"
                )


def spare_the_collector() -> None:
    """Look for cyclic garbage seldom: the state is millions of objects that live long and form no cycles.

    With Python's own thresholds a tenth to a third of a busy bedside worker's time goes into walking them.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _failure(error: BaseException) -> Exception:
    if isinstance(error, Exception):
        return error
    return RetryableError(f"preparing: expected to finish, received {type(error).__name__}; the worker starts again")


def _report(name: str, error: BaseException | None) -> None:
    if isinstance(error, (CardioStreamError, TimeoutError)):
        log.error("worker=%s stops without committing: %s", name, error)
    elif error is not None:
        log.error("worker=%s stops without committing: %s", name, where_it_failed(error))
    else:
        log.error("worker=%s stops: its consumer ended", name)
