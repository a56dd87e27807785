"""Circuit breaker: stop asking a model that keeps failing, and notice when it is back."""

from __future__ import annotations

from collections import deque
from enum import StrEnum


class State(StrEnum):
    """How the breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Opens at a share of failures over a rolling window, then lets one probe through after a pause.

    Pure: the time is handed in as monotonic seconds. Every admitted call gets a ticket; an outcome that belongs to an
    earlier state (a slow call admitted before the breaker opened) is ignored.

    Parameters
    ----------
    pause_s
        Seconds that it stays open before a probe is let through.
    window_s
        Seconds of calls that are judged.
    least_calls
        Fewer finished calls than this in the window never open it.
    failure_share
        Share of failed calls, 0..1, that opens it.

    Notes
    -----
    M. Nygard, Release It! (2nd ed., 2018), section 5.2.
    """

    def __init__(
        self, pause_s: float, *, window_s: float = 30.0, least_calls: int = 10, failure_share: float = 0.5
    ) -> None:
        self.pause_s, self.window_s = pause_s, window_s
        self.least_calls, self.failure_share = least_calls, failure_share
        self.state = State.CLOSED
        self.opened = 0
        """How often it has opened; only grows."""
        self._era = 0
        self._until = 0.0
        self._calls: deque[tuple[float, bool]] = deque()
        self._failures = 0

    def would_admit(self, now: float) -> bool:
        """Tell whether a call made at `now` would be let through; changes nothing."""
        return self.state is State.CLOSED or (self.state is State.OPEN and now >= self._until)

    def admit(self, now: float) -> int | None:
        """Return a ticket for one call, or None where it must not be made."""
        if not self.would_admit(now):
            return None
        if self.state is State.OPEN:
            self._turn(State.HALF_OPEN)
        return self._era

    def record(self, ticket: int, ok: bool, now: float) -> None:
        """Take in the outcome of an admitted call."""
        if ticket != self._era:
            return
        if self.state is State.HALF_OPEN:
            self._close() if ok else self._open(now)
            return
        self._calls.append((now, ok))
        self._failures += not ok
        self._forget(now)
        if len(self._calls) >= self.least_calls and self._failures >= self.failure_share * len(self._calls):
            self._open(now)

    def abandon(self, ticket: int, now: float) -> None:
        """Take back an admitted call that ended without an outcome (it was cancelled); a lost probe may be repeated."""
        if ticket == self._era and self.state is State.HALF_OPEN:
            self._turn(State.OPEN)
            self._until = now

    def _forget(self, now: float) -> None:
        while self._calls and self._calls[0][0] <= now - self.window_s:
            self._failures -= not self._calls.popleft()[1]

    def _turn(self, state: State) -> None:
        self.state = state
        self._era += 1

    def _open(self, now: float) -> None:
        self._turn(State.OPEN)
        self.opened += 1
        self._until = now + self.pause_s

    def _close(self) -> None:
        self._turn(State.CLOSED)
        self._calls.clear()
        self._failures = 0
