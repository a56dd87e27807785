"""Arrival time, injected so that nothing pure reads a wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

Instant = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

SECOND: Instant = 1_000
MINUTE: Instant = 60 * SECOND
HOUR: Instant = 60 * MINUTE
DAY: Instant = 24 * HOUR


class Clock(Protocol):
    """Anything that tells the time of arrival."""

    def now(self) -> Instant:
        """Return the present instant."""


class WallClock:
    """The machine's clock."""

    def now(self) -> Instant:
        """Return the present instant."""
        return time.time_ns() // 1_000_000


class FixedClock:
    """A clock that stands still until it is moved; for tests and replays."""

    def __init__(self, at: Instant = 0) -> None:
        self.at = at

    def now(self) -> Instant:
        """Return the instant it was set to."""
        return self.at


def utc(at: Instant) -> datetime:
    """Return an instant as a time in UTC, whole seconds."""
    return datetime.fromtimestamp(at // 1000, UTC)


def isoformat(at: Instant) -> str:
    """Write an instant as a FHIR ``instant`` in UTC (R4 2.24.0.1), milliseconds kept where there are any."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    millis = at % 1000
    return f"{text}.{millis:03d}Z" if millis else f"{text}Z"
