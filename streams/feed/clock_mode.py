"""Who makes the ticks: a replay holds the clock by a lease that lapses if the replay dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal

import msgspec

from streams.clock import SECOND, Clock, Instant
from streams.errors import RetryableError

KEY = b"clock"
LEASE_S, RENEW_S = 60.0, 20.0

Publish = Callable[[bytes, bytes], Awaitable[None]]
"""Writes key and value to ``control.clock`` and waits for the broker's word."""


class ClockMode(msgspec.Struct, frozen=True):
    """Whether passing time is that of the wall or of a replay."""

    mode: Literal["replay", "live"]
    until: Instant
    """Wall clock: after this the mode is live again, whatever it says; a replay renews it while it runs."""

    def replaying(self, now: Instant) -> bool:
        """Tell whether live ticks are suspended at the wall-clock instant `now`."""
        return self.mode == "replay" and now < self.until


LIVE = ClockMode("live", 0)


def decode(value: bytes) -> ClockMode:
    """Read a record of ``control.clock``; raises msgspec.DecodeError where it is none."""
    return msgspec.json.decode(value, type=ClockMode)


@asynccontextmanager
async def replay_clock(publish: Publish, clock: Clock) -> AsyncIterator[None]:
    """Suspend live ticks for the time of the block, and give the clock back at its end, also after a failure.

    `publish` raises RetryableError where the broker is away; then the lease lapses by itself.
    """
    await publish(KEY, _replay(clock))
    renewal = asyncio.create_task(_renew(publish, clock))
    try:
        yield
    finally:
        renewal.cancel()
        with suppress(asyncio.CancelledError):
            await renewal
        await publish(KEY, msgspec.json.encode(ClockMode("live", clock.now())))


async def _renew(publish: Publish, clock: Clock) -> None:
    while True:
        await asyncio.sleep(RENEW_S)
        # A renewal that fails is tried again: two more fit into the lease, and its lapse is safe.
        with suppress(RetryableError):
            await publish(KEY, _replay(clock))


def _replay(clock: Clock) -> bytes:
    return msgspec.json.encode(ClockMode("replay", clock.now() + round(LEASE_S * SECOND)))
