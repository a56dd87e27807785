"""The scale on which models meet: an index 0 to 100 that ranks patients and is not a probability.

A learned model foretells one outcome, NEWS2 grades acute illness now; no probability is common to both. Each is
mapped by a stated rule of its own that rises strictly, so a model's order is kept. Chosen by us, not fitted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

PRIOR = 0.14
"""Share of the outcome among the stays that `deterioration_gru` learned from; a patient at the prior has index 50."""
NEWS2_ANCHORS = ((0.0, 5.0), (4.0, 40.0), (5.0, 50.0), (7.0, 75.0), (20.0, 100.0))
"""(score, index): 5 and 7 are the urgent and the emergency trigger of RCP 2017; straight lines between."""

RATIO_ANCHORS = ((0.5, 0.0), (0.55, 20.0), (0.6, 30.0), (0.7, 40.0))
"""(cardiothoracic ratio, index): a usual one (up to 0.5) adds nothing, and none reaches further than NEWS2's 4, the end
of what needs no urgent answer; straight lines between."""


def index_of_probability(probability: float, prior: float = PRIOR) -> float:
    """Return 100 * sigmoid(logit(p) - logit(prior)): how the odds stand against the prior's; 0 at 0 and 100 at 1."""
    for_, against = probability * (1.0 - prior), prior * (1.0 - probability)
    return 100.0 * for_ / (for_ + against)


def index_of_news2(score: float) -> float:
    """Return the index of an aggregate NEWS2 `score`, 0..20."""
    return _between(NEWS2_ANCHORS, score)


def index_of_ratio(ratio: float) -> float:
    """Return the index that a cardiothoracic ratio may raise another to, 0..40."""
    return _between(RATIO_ANCHORS, min(max(ratio, RATIO_ANCHORS[0][0]), RATIO_ANCHORS[-1][0]))


def _between(anchors: Sequence[tuple[float, float]], x: float) -> float:
    k = min(max(bisect_right(anchors, (x, 101.0)), 1), len(anchors) - 1)
    (x0, y0), (x1, y1) = anchors[k - 1], anchors[k]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
