"""How good probabilities are: discrimination, calibration, and a working point, with bootstrap intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Triple = list[float]
"""Value and the ends of its 95 % interval."""

RESAMPLES = 1000


def ece(labels: Floats, probabilities: Floats, bins: int = 10) -> float:
    """Return the expected calibration error over `bins` of equal mass (Nixon et al. 2019, adaptive bins)."""
    order = np.argsort(probabilities, kind="stable")
    parts = np.array_split(order, bins)
    gaps = [len(p) * abs(labels[p].mean() - probabilities[p].mean()) for p in parts if len(p)]
    return float(sum(gaps) / len(labels))


def measures(labels: Floats, probabilities: Floats, threshold: float) -> dict[str, float]:
    """Return every figure of one sample; both classes must be there."""
    hit = probabilities >= threshold
    dead = labels > 0.5
    auroc, auprc = _ranked(labels, probabilities)
    true, false = float((hit & dead).sum()), float((hit & ~dead).sum())
    missed = float((~hit & dead).sum())
    return {
        "auroc": auroc,
        "auprc": auprc,
        "brier": float(np.mean((probabilities - labels) ** 2)),
        "ece": ece(labels, probabilities),
        "sensitivity": true / (true + missed),
        "specificity": 1.0 - false / float((~dead).sum()),
        "precision": true / (true + false) if hit.any() else 0.0,
        "f1": 2 * true / (2 * true + false + missed),
        "accuracy": float((hit == dead).mean()),
    }


def _ranked(labels: Floats, probabilities: Floats) -> tuple[float, float]:
    """Return AUROC and average precision as scikit-learn gives them, from one sort: thousands of resamples need it."""
    order = np.argsort(-probabilities, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(probabilities[order])), len(order) - 1)  # of runs of one probability
    true = np.cumsum(labels[order])[ends]
    false = ends + 1 - true
    rise, earlier = np.diff(true, prepend=0.0), true - np.diff(true, prepend=0.0) / 2
    auroc = float((np.diff(false, prepend=0.0) * earlier).sum() / (true[-1] * false[-1]))
    return auroc, float((rise * true / (ends + 1)).sum() / true[-1])


class Draws(NamedTuple):
    """Every figure of one sample of patients, and of its bootstrap resamples."""

    value: dict[str, float]
    resampled: dict[str, Floats]

    def triples(self) -> dict[str, Triple]:
        """Return value and 95 % interval (percentile) per figure."""
        return {name: _triple(v, self.resampled[name]) for name, v in self.value.items()}

    def less(self, other: Draws, name: str) -> Triple:
        """Return the paired difference of one figure, this less `other`, drawn from the same patients."""
        return _triple(self.value[name] - other.value[name], self.resampled[name] - other.resampled[name])


def drawn(
    labels: Floats, probabilities: Floats, threshold: float, seed: int = 0, patients: NDArray[np.int64] | None = None
) -> Draws:
    """Resample patients with replacement; the same `labels` and `seed` give the same patients.

    Parameters
    ----------
    patients
        Whose each row is, shape (rows,); None where every row is a patient of its own.
    """
    value = measures(labels, probabilities, threshold)
    samples = _resampled(labels, seed) if patients is None else _resampled_whole(labels, patients, seed)
    each = [measures(labels[s], probabilities[s], threshold) for s in samples]
    return Draws(value, {name: np.array([one[name] for one in each]) for name in value})


def _triple(value: float, resampled: Floats) -> Triple:
    return [round(float(x), 4) for x in (value, *np.percentile(resampled, (2.5, 97.5)))]


def of_rows(values: Floats, seed: int = 0) -> Triple:
    """Return the mean of one figure per row (picture, patient) and its interval, rows drawn with replacement."""
    draws = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    return _triple(float(values.mean()), values[draws].mean(1))


def best_f1(labels: Floats, probabilities: Floats) -> float:
    """Return the threshold of highest F1."""
    order = np.argsort(-probabilities, kind="stable")
    true = np.cumsum(labels[order])
    f1 = 2 * true / (np.arange(1, len(labels) + 1) + labels.sum())
    return float(probabilities[order[int(np.argmax(f1))]])


def best_balance(labels: Floats, probabilities: Floats) -> float:
    """Return the threshold of highest sensitivity plus specificity (Youden, Cancer 1950)."""
    order = np.argsort(-probabilities, kind="stable")
    ill = labels[order] > 0.5
    balance = np.cumsum(ill) / ill.sum() - np.cumsum(~ill) / (~ill).sum()
    return float(probabilities[order[int(np.argmax(balance))]])


def _resampled(labels: Floats, seed: int) -> list[NDArray[np.int64]]:
    random, n = np.random.default_rng(seed), len(labels)
    samples = (random.integers(0, n, n) for _ in range(RESAMPLES))
    return [s for s in samples if 0 < labels[s].sum() < n]


def _resampled_whole(labels: Floats, patients: NDArray[np.int64], seed: int) -> list[NDArray[np.int64]]:
    """Return samples of patients, each with all rows."""
    random = np.random.default_rng(seed)
    rows = [np.flatnonzero(patients == one) for one in np.unique(patients)]
    draws = (random.integers(0, len(rows), len(rows)) for _ in range(RESAMPLES))
    samples = (np.concatenate([rows[k] for k in draw]) for draw in draws)
    return [s for s in samples if 0 < labels[s].sum() < len(s)]
