"""What is made of measured times: quantiles, medians and waits; pure."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from streams.clock import Instant


class Sent(NamedTuple):
    """One observation handed to the producer."""

    patient_id: str
    as_of: Instant
    """Its clinical time, by which results are known."""
    at: float
    """Seconds of the machine's monotonic clock, which all its processes share."""


class Seen(NamedTuple):
    """One result that became visible."""

    patient_id: str
    as_of: Instant
    at: float


class Quantiles(NamedTuple):
    """Of waits, in milliseconds."""

    p50: float
    p95: float
    p99: float
    highest: float


def quantiles(waits_ms: Iterable[float]) -> Quantiles | None:
    """Return quantiles by nearest rank: each is a wait that was measured; None where there was none."""
    ordered = sorted(waits_ms)
    if not ordered:
        return None
    p50, p95, p99 = (ordered[math.ceil(q * len(ordered)) - 1] for q in (0.5, 0.95, 0.99))
    return Quantiles(p50, p95, p99, ordered[-1])


def waits_ms(sent: Iterable[Sent], seen: Iterable[Seen]) -> list[float]:
    """Return how long each observation took until a result that knows it, or a newer one, became visible.

    Observations of which nothing became visible wait for ever: infinity.
    """
    by_patient: dict[str, list[Seen]] = {}
    for one in sorted(seen, key=lambda s: s.at):
        by_patient.setdefault(one.patient_id, []).append(one)
    known = {name: (list(accumulate((s.as_of for s in found), max)), found) for name, found in by_patient.items()}
    return [_wait(one, *known.get(one.patient_id, ([], []))) for one in sent]


def _wait(sent: Sent, newest: Sequence[Instant], found: Sequence[Seen]) -> float:
    place = bisect_left(newest, sent.as_of)
    return 1000 * (found[place].at - sent.at) if place < len(found) else math.inf


def spread(values: Sequence[float | None]) -> tuple[float, float, float] | None:
    """Return (median, lowest, highest) of what was measured; None where nothing was."""
    known = [value for value in values if value is not None]
    return (statistics.median(known), min(known), max(known)) if known else None


def total(cost: Mapping[str, float], names: Iterable[str]) -> float:
    """Return what several processes cost together."""
    return sum(cost.get(name, 0.0) for name in names)
