"""How far two versions agree, how often each would alert, and how well each is calibrated; pure, in numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.clock import DAY
from streams.records import Level
from streams.registry.pairs import Pair, Pairs

LEVELS: tuple[Level, ...] = ("low", "low-medium", "medium", "high")
"""In order; indeterminate is none of them."""
WITHIN = 1.96
"""Standard deviations on either side that hold 95 % of normal differences."""
BINS = 5


class Agreement(msgspec.Struct, frozen=True):
    """Candidate against live on the same facts (Bland and Altman, Lancet 1986;327:307-310).

    Differences of one patient are not independent, so the limits are those of the predictions, not of new patients.
    """

    pairs: int
    patients: int
    one_alone: int
    """Pairs of which one version gave a value and the other none."""
    mean_difference: float
    """Candidate minus live, in the model's unit; NaN without a pair of values."""
    limits: tuple[float, float]
    """95 % limits of agreement."""
    kappa: float
    """Of the levels, with quadratic weights (Cohen, Psychol Bull 1968;70:213-220); NaN where all are one level."""
    table: tuple[tuple[int, ...], ...]
    """Live level by candidate level, in the order of `LEVELS`."""


class AlertRate(msgspec.Struct, frozen=True):
    """How often one version is at or above a level."""

    at: Level
    share: float
    """Of predictions; NaN where there are none."""
    onsets: int
    """Times that a patient came from below, or began, at or above it."""
    patients: int
    """That ever were."""
    per_patient_day: float
    """Onsets a day from each patient's first prediction to the last, at least an hour each."""


class Calibration(msgspec.Struct, frozen=True):
    """The last prediction of each patient against the outcome."""

    patients: int
    events: int
    expected: float
    """Sum of the predicted probabilities."""
    brier: float
    """Mean squared error (Brier, Mon Weather Rev 1950;78:1-3); lower is better."""
    auroc: float
    """NaN where all or none had the outcome."""
    bins: tuple[tuple[float, float, int], ...]
    """Mean predicted, share observed, and patients, of fifths in order of prediction."""


def agreement(pairs: Sequence[Pair]) -> Agreement:
    """Compare two versions on the pairs in which both gave a value."""
    both = [pair for pair in pairs if pair.both]
    difference = np.array([(pair.candidate or 0.0) - (pair.live or 0.0) for pair in both])
    mean, spread = _mean(difference), float(difference.std(ddof=1)) if len(both) > 1 else float("nan")
    table = np.zeros((len(LEVELS), len(LEVELS)), np.int64)
    for pair in both:
        table[LEVELS.index(pair.live_level), LEVELS.index(pair.candidate_level)] += 1
    return Agreement(
        len(pairs),
        len({pair.patient_id for pair in pairs}),
        sum((pair.live is None) != (pair.candidate is None) for pair in pairs),
        mean,
        (mean - WITHIN * spread, mean + WITHIN * spread),
        weighted_kappa(table),
        tuple(tuple(row) for row in table.tolist()),
    )


def weighted_kappa(table: NDArray[np.int64]) -> float:
    """Return Cohen's kappa with quadratic weights of a square table of counts; NaN where chance explains all."""
    total = table.sum()
    if not total:
        return float("nan")
    k = np.arange(len(table))
    weights = (k[:, None] - k[None, :]) ** 2
    by_chance = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / total
    expected = float((weights * by_chance).sum())
    return 1.0 - float((weights * table).sum()) / expected if expected else float("nan")


def alert_rate(said: Sequence[tuple[str, int, Level]], at: Level) -> AlertRate:
    """Count how often a version reaches a level.

    Parameters
    ----------
    said
        Patient, clinical time in milliseconds, level; in order of time.
    """
    threshold = LEVELS.index(at)
    above: dict[str, bool] = {}
    spans: dict[str, tuple[int, int]] = {}
    onsets = reached = 0
    ever: set[str] = set()
    for patient_id, as_of, level in said:
        now = level in LEVELS and LEVELS.index(level) >= threshold
        reached += now
        onsets += now and not above.get(patient_id, False)
        ever.update({patient_id} if now else ())
        above[patient_id] = now
        spans[patient_id] = spans.get(patient_id, (as_of, as_of))[0], as_of
    days = sum(max(last - first, DAY / 24) for first, last in spans.values()) / DAY
    share = reached / len(said) if said else float("nan")
    return AlertRate(at, share, onsets, len(ever), onsets / days if days else float("nan"))


def rates(found: Pairs, at: Level) -> dict[str, AlertRate]:
    """Count the alerts of both versions, by version."""
    live = [(pair.patient_id, pair.as_of, pair.live_level) for pair in found.pairs]
    candidate = [(pair.patient_id, pair.as_of, pair.candidate_level) for pair in found.pairs]
    return {found.live: alert_rate(live, at), found.candidate: alert_rate(candidate, at)}


def calibrations(found: Pairs, outcomes: Mapping[str, bool]) -> dict[str, Calibration]:
    """Hold both versions' last values against the outcomes, by version."""
    live = {pair.patient_id: pair.live for pair in found.pairs if pair.live is not None}
    candidate = {pair.patient_id: pair.candidate for pair in found.pairs if pair.candidate is not None}
    return {found.live: calibration(live, outcomes), found.candidate: calibration(candidate, outcomes)}


def calibration(last: Mapping[str, float], outcomes: Mapping[str, bool]) -> Calibration:
    """Hold the last probability of each patient against the outcome; who has none is left out."""
    known = sorted(last.keys() & outcomes.keys())
    p = np.array([last[name] for name in known], np.float64)
    y = np.array([outcomes[name] for name in known], np.float64)
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    bins = tuple((float(p[part].mean()), float(y[part].mean()), len(part)) for part in parts)
    return Calibration(len(known), int(y.sum()), float(p.sum()), _mean((p - y) ** 2), _auroc(p, y), bins)


def _auroc(p: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the share of (with, without) pairs in which the one with the outcome has more; ties count half."""
    ill, well = p[y == 1], p[y == 0]
    if not len(ill) or not len(well):
        return float("nan")
    above = (ill[:, None] > well[None, :]).sum() + 0.5 * (ill[:, None] == well[None, :]).sum()
    return float(above) / (len(ill) * len(well))


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")
