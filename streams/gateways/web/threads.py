"""A server asked in threads of its own, so that nothing else of a worker waits for it."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from streams.doors import Server
from streams.errors import ContractError, RejectedMessage
from streams.gateways.web.bounds import Bounds
from streams.gateways.web.failures import ServerAway, meaning

C = TypeVar("C")
T = TypeVar("T")
Progress = Callable[[], None]


def nothing_more() -> None:
    """Take note of nothing."""


class AskedInThreads(ABC, Generic[C]):
    """Asks one server; at most so many requests are under way at once.

    Parameters
    ----------
    server
        Whom it asks, and nobody else.
    at_once
        Requests under way, each in a thread with a session of its own.
    timeout_s
        Seconds of one request, to its last byte.
    progress
        Called after each answer, a time-out too: whoever waits for a slow server has not come to a standstill.
    """

    def __init__(self, server: Server, *, at_once: int, timeout_s: float, progress: Progress = nothing_more) -> None:
        self._name, self._timeout_s, self._progress = server.name, timeout_s, progress
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=f"asks-{server.name}")
        self._own = threading.local()
        self._bounds: list[Bounds] = []

    @abstractmethod
    def _connected(self, bounds: Bounds) -> C:
        """Return what one thread asks with, within these bounds."""

    async def _ask(self, most_bytes: int, question: Callable[[C], T]) -> T:
        """Return the answer to a question, of at most so many bytes.

        Raises
        ------
        NotThere, ServerAway
            Where it may be there later (`RetryableError`).
        RejectedMessage
            ``host-not-allowed``, ``redirects``, ``too-large``, ``server-refused``, and what the question raises.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._asked, most_bytes, question)
        finally:
            self._progress()

    def _asked(self, most_bytes: int, question: Callable[[C], T]) -> T:
        try:
            client, bounds = self._mine()
            with bounds.request(most_bytes):
                return question(client)
        except RejectedMessage:
            raise
        except ContractError:
            # A secret that cannot be read now concerns this server alone; at the start it stops the worker.
            raise ServerAway("secret", self._name) from None
        except Exception as error:  # the client raises what its libraries raise
            raise ServerAway("timeout", self._name) if bounds.is_over else meaning(error, self._name) from None

    def _mine(self) -> tuple[C, Bounds]:
        if not hasattr(self._own, "client"):
            bounds = Bounds(self._timeout_s)
            self._own.client, self._own.bounds = self._connected(bounds), bounds
            self._bounds.append(bounds)
        return self._own.client, self._own.bounds

    def close(self) -> None:
        """Begin nothing more, and end what is under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for one in self._bounds:
            one.cut()
