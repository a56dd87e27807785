"""Baselines refitted on the folds of the cross-validation: SAPS-I, NEWS2, logistic regression, gradient boosting."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.calibration import platt, sigmoid
from training.measures import Floats

Folds = NDArray[np.int64]


class Tuned(NamedTuple):
    """A setting of boosting at a learning rate of 0.04."""

    leaves: int
    samples: int
    penalty: float
    share: float
    rounds: int


_SMALL, _MIDDLE = (8, 30, 5.0, 0.3), (15, 20, 10.0, 0.2)
BOOSTING = {
    "6h/all": Tuned(*_MIDDLE, 225),
    "6h/vitals": Tuned(*_MIDDLE, 175),
    "12h/all": Tuned(*_MIDDLE, 225),
    "12h/vitals": Tuned(*_SMALL, 375),
    "24h/all": Tuned(*_SMALL, 300),
    "24h/vitals": Tuned(*_MIDDLE, 225),
    "48h/all": Tuned(*_MIDDLE, 300),
    "48h/vitals": Tuned(*_MIDDLE, 225),
}
"""Of four settings and nineteen numbers of rounds the one of least loss per task, chosen on the very out-of-fold
predictions that it is judged on, which is in its favour (EXPERIMENTS.md)."""


def boosting(task: str, figures: Floats, labels: Floats, folds: Folds) -> Floats:
    """Return out-of-fold probabilities of gradient boosting on `statistics_of` at the task's own hour."""
    tuned, found = BOOSTING[task], np.zeros(len(labels))
    varies = [len(np.unique(column[~np.isnan(column)])) > 1 for column in figures.T]
    figures = figures[:, varies]
    for fold in np.unique(folds):
        rest = folds != fold
        model = HistGradientBoostingClassifier(
            learning_rate=0.04,
            max_iter=tuned.rounds,
            max_leaf_nodes=tuned.leaves,
            min_samples_leaf=tuned.samples,
            l2_regularization=tuned.penalty,
            max_features=tuned.share,
            early_stopping=False,
            random_state=int(fold),
        ).fit(figures[rest], labels[rest])
        found[~rest] = model.predict_proba(figures[~rest])[:, 1]
    return found


def logistic(figures: Floats, labels: Floats, folds: Folds) -> Floats:
    """Return out-of-fold probabilities of a logistic regression on the network's own summaries."""
    found = np.zeros(len(labels))
    for fold in np.unique(folds):
        rest = folds != fold
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=300))
        found[~rest] = model.fit(figures[rest], labels[rest]).predict_proba(figures[~rest])[:, 1]
    return found


def scored(points: Floats, labels: Floats, folds: Folds) -> Floats:
    """Return out-of-fold probabilities of a point score; a score that is missing counts as the median."""
    points = np.where(np.isnan(points), np.nanmedian(points), points)
    found = np.zeros(len(labels))
    for fold in np.unique(folds):
        rest = folds != fold
        slope, intercept = platt(points[rest], labels[rest])
        found[~rest] = sigmoid(slope * points[~rest] + intercept)
    return found


def saps1(folder: Path, ids: list[int]) -> Floats:
    """Read SAPS-I of the first day from ``outcomes.csv``; NaN where it was not computed."""
    table = pd.read_csv(folder / "outcomes.csv").set_index("RecordID")["SAPS-I"].reindex(ids).to_numpy(float)
    return np.where(table < 0, np.nan, table)
