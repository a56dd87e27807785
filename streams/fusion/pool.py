"""Evidence of several modalities to one sum of log-odds, and the level in which it lies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import accumulate
from typing import NamedTuple

from streams.fusion.evidence import NEWS2, Voice
from streams.fusion.rule import TRIGGERS
from streams.records import Level


class Pooled(NamedTuple):
    """What modalities come to, together."""

    total: float
    """Log-odds."""
    moved: tuple[float, ...]
    """By how much each voice moved it, in their order; they add up to `total`."""
    floor: float
    """Log-odds below which NEWS2 does not let the whole fall."""
    has_ceiling: bool
    """Whether any voice has a ceiling."""

    @property
    def log_odds(self) -> float:
        """Of the whole."""
        return max(self.total, self.floor)

    @property
    def held(self) -> bool:
        """Whether NEWS2 alone holds the whole up."""
        return self.floor > self.total


def pool(voices: Sequence[Voice], own: Level, edges: Mapping[Level, float]) -> Pooled:
    """Add up what the voices say, those with a ceiling last and no further than it.

    Parameters
    ----------
    own
        NEWS2's own level; ``indeterminate`` where there is none.
    """
    total, moved, alone, has_ceiling = 0.0, [], -math.inf, False
    for one in voices:
        after = _after(total, one)
        moved.append(after - total)
        total = after
        has_ceiling = has_ceiling or one.term.ceiling < math.inf
        alone = one.size if one.term.model == NEWS2 else alone
    return Pooled(total, tuple(moved), floor_of(own, alone, edges), has_ceiling)


def floor_of(own: Level, alone: float, edges: Mapping[Level, float]) -> float:
    """Return the log-odds below which NEWS2 does not let the whole fall: the lower edge of its own level.

    Where it asks for an urgent or emergency response, also what it says by itself, `alone`, so that no reassurance
    counts against it.
    """
    edge = edges.get(own, -math.inf)
    return max(edge, alone) if own in TRIGGERS else edge


def total_of(voices: Sequence[Voice]) -> float:
    """Return the sum of what the voices say."""
    return reduce(_after, voices, 0.0)


def _after(total: float, one: Voice) -> float:
    """Return the sum after one voice; what has a ceiling never lowers, everything else has an infinite one."""
    return max(total, min(total + one.size, one.term.ceiling)) if one.size > 0 else total + one.size


def needed(voices: Sequence[Voice], pooled: Pooled, wanted: float) -> list[float]:
    """Return for each voice the size from which on the sum reaches `wanted`, all others as they are.

    The steps of `pool` taken back one by one: each is rising, so there is one such size; infinite where the voice's
    ceiling lies below what is wanted.
    """
    if not pooled.has_ceiling:
        short = wanted - pooled.total
        return [one.size + short for one in voices]
    before = list(accumulate(voices[:-1], _after, initial=0.0))
    found: list[float] = []
    for one, start in zip(reversed(voices), reversed(before), strict=True):
        reachable = one.term.ceiling >= wanted
        found.append(wanted - start if reachable else math.inf)
        wanted = wanted - one.size if reachable else wanted
    return found[::-1]


def level_of(log_odds: float, edges: Mapping[Level, float]) -> Level:
    """Return the level in which log-odds lie."""
    reached: list[Level] = [level for level, edge in edges.items() if log_odds >= edge]
    return reached[-1] if reached else "low"
