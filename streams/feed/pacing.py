"""The plan of a feed: which records go out when, and at which clinical times the clock ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.feed.sequence import Delivery

SLICE_S = 0.02
"""Records due within this many seconds of one another go out together; the linger that every broker likes."""
RUN = 4_000
"""Records per step at full speed."""


class Pace(msgspec.Struct, frozen=True):
    """How fast clinical time runs during a feed."""

    factor: float | None
    """Clinical seconds per second; None as fast as the broker takes it."""
    longest_pause_s: float = 10.0
    """Stretches without any record are shortened to this many seconds of the wall clock."""
    tick_every_ms: Instant = 15 * 60_000
    """Clinical time between two ticks; not used at full speed, where only the end is ticked."""


class Step(msgspec.Struct, frozen=True):
    """One moment of a feed: send these records, or tick."""

    due_s: float
    """Seconds since the feed began."""
    at: Instant
    """Clinical time of the last record, or of the tick."""
    deliveries: tuple[Delivery, ...] = ()
    """Empty for a tick."""


def speed(text: str) -> float | None:
    """Read ``60x`` (clinical seconds per second) or ``max`` (None).

    Raises
    ------
    RejectedMessage
        Where it is neither.
    """
    if text == "max":
        return None
    try:
        factor = float(text.removesuffix("x"))
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise RejectedMessage("speed", "--speed", "max, or a positive factor such as 60x", "something else")
    return factor


def steps(deliveries: Iterable[Delivery], pace: Pace) -> Iterator[Step]:
    """Plan a feed lazily; every delivery is in exactly one step, in the order given, and ticks stand between them."""
    if pace.factor is None:
        yield from _at_full_speed(deliveries)
    else:
        yield from _paced(deliveries, pace, pace.factor)


def _at_full_speed(deliveries: Iterable[Delivery]) -> Iterator[Step]:
    run: list[Delivery] = []
    for delivery in deliveries:
        run.append(delivery)
        if len(run) == RUN:
            yield _step(0.0, run)
            run = []
    if run:
        yield _step(0.0, run)


def _paced(deliveries: Iterable[Delivery], pace: Pace, factor: float) -> Iterator[Step]:
    run: list[Delivery] = []
    due = began = 0.0
    now: Instant | None = None
    for delivery in deliveries:
        now = delivery.at if now is None else now
        gap = max(0, delivery.at - now)
        wait = min(gap / 1000 / factor, pace.longest_pause_s)
        ticks = _ticks(now, gap, due, wait, pace)
        if run and (ticks or due + wait - began > SLICE_S):
            yield _step(began, run)
            run = []
        yield from ticks
        due, now = due + wait, now + gap
        began = began if run else due
        run.append(delivery)
    if run:
        yield _step(began, run)


def _step(due_s: float, run: list[Delivery]) -> Step:
    return Step(due_s, max(delivery.at for delivery in run), tuple(run))


def _ticks(now: Instant, gap: int, due: float, wait: float, pace: Pace) -> list[Step]:
    """Ticks of a stretch, spread over its wait; a shortened stretch gets its last one only."""
    every = pace.tick_every_ms
    first, last = (now // every + 1) * every, (now + gap) // every * every
    if pace.factor is not None and wait < gap / 1000 / pace.factor:
        first = max(first, last)
    return [Step(due + wait * (at - now) / gap, at) for at in range(first, last + 1, every)]
