"""Turns at one server: so many at once, none while it keeps failing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.gateways.web.failures import ServerAway
from streams.inference.breaker import Breaker

_PAUSE_S = 10.0
"""Seconds that a server which keeps failing is not asked."""
_LEAST_CALLS = 4


def _new_breaker() -> Breaker:
    return Breaker(_PAUSE_S, window_s=60.0, least_calls=_LEAST_CALLS)


class Slots:
    """The turns at one server.

    Parameters
    ----------
    server
        Its name in the settings.
    at_once
        Turns that are taken at the same time.
    """

    def __init__(self, server: str, at_once: int) -> None:
        self._server, self._slots = server, asyncio.Semaphore(at_once)
        self._reading, self._storing = _new_breaker(), _new_breaker()
        self.waiting = 0
        """Those who have come for a turn and are not done; whoever counts here does so himself."""

    @asynccontextmanager
    async def turn(self, *, storing: bool = False) -> AsyncIterator[None]:
        """Wait for a turn; what is raised within says whether the server is well.

        Parameters
        ----------
        storing
            Something is to be put there; whether it takes that says nothing of whether it can be read.

        Raises
        ------
        ServerAway
            At once, where the server has kept failing.
        """
        breaker = self._storing if storing else self._reading
        async with self._slots:
            ticket = breaker.admit(time.monotonic())
            if ticket is None:
                raise ServerAway("breaker-open", self._server)
            try:
                yield
            except ServerAway as away:
                breaker.record(ticket, ok=storing and away.forbidden, now=time.monotonic())
                raise
            except asyncio.CancelledError:
                breaker.abandon(ticket, time.monotonic())
                raise
            except BaseException:
                breaker.record(ticket, ok=True, now=time.monotonic())
                raise
            breaker.record(ticket, ok=True, now=time.monotonic())
