"""Bytes that may be held in memory at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Budget:
    """A number of bytes, reserved in the order of asking; one that asks for more than all of them gets all of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        """Bytes reserved now."""
        self._asking: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def reserve(self, count: int) -> AsyncIterator[None]:
        """Hold so many bytes for the time of the block."""
        count = min(count, self.most)
        await self._take(count)
        try:
            yield
        finally:
            self.held -= count
            self._hand_on()

    async def _take(self, count: int) -> None:
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asking.append((count, ticket))
        self._hand_on()
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self.held -= count
            elif (count, ticket) in self._asking:
                # Who gave back a moment ago, cancelled with this one, may have dropped it already.
                self._asking.remove((count, ticket))
            self._hand_on()
            raise

    def _hand_on(self) -> None:
        while self._asking and self.held + self._asking[0][0] <= self.most:
            count, ticket = self._asking.popleft()
            if not ticket.cancelled():
                self.held += count
                ticket.set_result(None)
