"""The scale on which modalities meet: log-odds, and the index 0 to 100 that is drawn from them."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import NamedTuple

FURTHEST = 1e-9
"""Probabilities nearer to 0 or 1 than this are taken as this: no model knows better, and log-odds stay finite."""


def logit(probability: float) -> float:
    """Return the log-odds of a probability 0..1, finite also at its ends."""
    held = min(max(probability, FURTHEST), 1.0 - FURTHEST)
    return math.log(held / (1.0 - held))


def sigmoid(log_odds: float) -> float:
    """Return the probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-log_odds)) if log_odds >= 0 else math.exp(log_odds) / (1.0 + math.exp(log_odds))


def index_of(log_odds: float) -> float:
    """Return the index 0..100; 50 where nothing speaks either way. Not a probability."""
    return 100.0 * sigmoid(log_odds)


class Anchors(NamedTuple):
    """Pairs of value and evidence, both rising; straight lines between, flat beyond."""

    values: tuple[float, ...]
    evidence: tuple[float, ...]

    def of(self, value: float) -> float:
        """Return the evidence of a value, in log-odds."""
        return _between(self.values, self.evidence, value)

    def holds(self, evidence: float) -> bool:
        """Tell whether some value has this evidence."""
        return self.evidence[0] <= evidence <= self.evidence[-1]

    def value_of(self, evidence: float) -> float:
        """Return the value that has this evidence, the nearest end beyond the anchors."""
        return _between(self.evidence, self.values, evidence)


def _between(xs: tuple[float, ...], ys: tuple[float, ...], x: float) -> float:
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    k = bisect_right(xs, x)
    return ys[k - 1] + (ys[k] - ys[k - 1]) * (x - xs[k - 1]) / (xs[k] - xs[k - 1])
