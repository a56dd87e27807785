"""Which measured values may reach a model: those that a living patient can have and that do not contradict each other.

Whatever is excluded here stays a fact; it is remembered, counted with its reason, and never scored.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from typing import Literal, NamedTuple

from streams.clock import Instant
from streams.records import Measure
from streams.vocabulary import INDEX, QUANTITIES

Reason = Literal["implausible", "contradictory"]
"""Out of the vocabulary's range; or a diastolic pressure that is not below the systolic one of the same instant."""

SYSTOLIC, DIASTOLIC = INDEX["8480-6"], INDEX["8462-4"]
_PRESSURES = frozenset({SYSTOLIC, DIASTOLIC})
_NONE: frozenset[Pressure] = frozenset()


class Pressure(NamedTuple):
    """One plausible systolic or diastolic pressure, from one source at one instant."""

    source: str
    at: Instant
    quantity: int
    """Row of the vocabulary."""
    value: float


def plausible(measures: Iterable[Measure]) -> Iterator[tuple[int, float]]:
    """Yield row of the vocabulary and value of every measure that a living patient can have, of a known quantity."""
    for measure in measures:
        index = INDEX.get(measure.code)
        if index is not None and QUANTITIES[index].plausible(measure.value):
            yield index, measure.value


def pressures(source: str, rows: Collection[tuple[Instant, int, float]]) -> list[Pressure]:
    """Return the blood pressures among (effective_at, row of the vocabulary, value)."""
    return [Pressure(source, *row) for row in rows if row[1] in _PRESSURES]


def contradictory(found: Collection[Pressure]) -> frozenset[Pressure]:
    """Return the pressures that cannot both be true: a diastolic at or above a systolic of its source and instant.

    Which of the two is wrong cannot be known, so neither counts. One resource or two makes no difference.
    """
    if len(found) < 2:
        return _NONE
    lowest: dict[tuple[str, Instant], float] = {}
    highest: dict[tuple[str, Instant], float] = {}
    for source, at, quantity, value in found:
        place = source, at
        if quantity == SYSTOLIC:
            if value < lowest.get(place, math.inf):
                lowest[place] = value
        elif value > highest.get(place, -math.inf):
            highest[place] = value
    wrong = {place for place, value in highest.items() if value >= lowest.get(place, math.inf)}
    if not wrong:
        return _NONE
    return frozenset(one for one in found if (one.source, one.at) in wrong and _is_beyond(one, lowest, highest))


def _is_beyond(
    one: Pressure, lowest: dict[tuple[str, Instant], float], highest: dict[tuple[str, Instant], float]
) -> bool:
    place = one.source, one.at
    return one.value <= highest[place] if one.quantity == SYSTOLIC else one.value >= lowest[place]


def excluded(measures: Collection[Measure]) -> list[Reason]:
    """Return why measures of one resource are left out, one reason for each; for counting what comes in.

    A contradiction between two resources is seen only where both are known, in `streams.timeline.columns`.
    """
    rows = [(0, index, value) for index, value in plausible(measures)]
    found = pressures("", rows)
    against = contradictory(found)
    impossible: list[Reason] = ["implausible"] * (sum(measure.code in INDEX for measure in measures) - len(rows))
    return impossible + ["contradictory" for one in found if one in against]
