"""Seeded chance: one stream of numbers per purpose, so that a change in one part leaves the others as they were."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random


def stream(*names: str | int) -> Random:
    """Return the generator of numbers that belongs to these names; the same names give the same numbers."""
    return Random("/".join(str(name) for name in names))  # noqa: S311 - simulation, nothing secret


def within(value: float, low: float, high: float) -> float:
    """Return `value` held between two limits."""
    return min(max(value, low), high)


def moments(chance: Random, per_hour: float, hours: float) -> Iterator[float]:
    """Yield the hours at which something happens by pure chance (a Poisson process)."""
    at = chance.expovariate(per_hour) if per_hour > 0 else math.inf
    while at < hours:
        yield at
        at += chance.expovariate(per_hour)
