"""Faust's consumer thread without a thread: what it would run in a loop of its own runs in the worker's.

The thread and the worker's loop wait for the same interpreter lock. While features are made and scores written, each
turn of the thread waits up to Python's switch interval (5 ms) for it, several times per fetch, and each call between
the two wakes the other by a pipe. A broker hears from us in time all the same: no flush holds the loop for a second.

Overridden, and held by a contract test: `ServiceThread.Worker`, `ServiceThread._gather_remaining_tasks`,
`QueueServiceThread.on_thread_started`, `call_thread` and `cast_thread`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from faust.transport.drivers import aiokafka as driver
from mode.utils.futures import maybe_async

log = logging.getLogger(__name__)


class LoopWorker:
    """Stands for the thread: serves a service in the running loop."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to serve."""
        self._serving = asyncio.create_task(self._serve())

    async def _serve(self) -> None:
        try:
            await self._service._serve()
        except Exception as error:
            # Told to whoever waits for the start, and to the app, by the service itself.
            log.info("consumer ends: %s", type(error).__name__)
            self._service.set_shutdown()

    def stop(self) -> None:
        """Do nothing: the service ends by itself once it is stopped."""


class OneLoopThread(driver.AIOKafkaConsumerThread):
    """The part of Faust's consumer that talks to the broker, in the worker's own loop."""

    Worker = LoopWorker

    def __init__(self, *args: Any, loop: asyncio.AbstractEventLoop, **kwargs: Any) -> None:
        super().__init__(*args, loop=loop, thread_loop=loop, **kwargs)

    async def _gather_remaining_tasks(self) -> None:
        """Cancel none of the loop's other tasks: they are the worker's."""

    async def on_thread_started(self) -> None:
        """Start no queue of calls from another thread."""

    async def call_thread(self, fun: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        return await maybe_async(fun(*args, **kwargs))

    async def cast_thread(self, fun: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> None:
        """Call it, and wait for its end all the same."""
        await maybe_async(fun(*args, **kwargs))
