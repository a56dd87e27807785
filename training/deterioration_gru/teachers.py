"""Gradient boosting as teacher: models that have seen neither the stay that they teach nor the judged fold."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from training.deterioration_gru.p12 import Stay
from training.deterioration_gru.tasks import HOURS
from training.deterioration_gru.views import SLOTS, Features
from training.measures import Floats

FOLDS = 5
EVERY = range(2 * len(HOURS) + len(SLOTS))
Mask = NDArray[np.bool_]


def fold_of(stay: Stay) -> int:
    """Return the fold of a stay, by its id's digest."""
    return int(hashlib.sha256(f"fold:{stay.record_id}".encode()).hexdigest(), 16) % FOLDS


class Teachers:
    """Soft targets with all inputs and with vital signs alone; fitted when first asked for, kept in `folder`."""

    def __init__(self, features: Features, columns: dict[str, NDArray[np.int64]], labels: Floats, folder: Path) -> None:
        self.features, self.columns, self.labels, self.folder = features, columns, labels, folder
        folder.mkdir(parents=True, exist_ok=True)

    def targets(self, folds: NDArray[np.int64], fit: Mask, outer: int) -> dict[str, NDArray[np.float32]]:
        """Return logits, shape (views, stays), for the stays of `fit`; NaN for the others.

        The stays of a fold are taught by models of the other folds of `fit`; `outer` names the fold that is judged
        (-1 for none) and must not be in `fit`.
        """
        found = {}
        for name in self.columns:
            logits = np.full((len(EVERY), len(folds)), np.nan, np.float32)
            for inner in sorted(set(folds[fit].tolist())):
                mine = fit & (folds == inner)
                logits[:, mine] = self._model(name, fit & (folds != inner), outer, inner, folds)[:, mine]
            found[name] = logits
        return found

    def _model(self, name: str, rows: Mask, outer: int, inner: int, folds: NDArray[np.int64]) -> NDArray[np.float32]:
        pair = "".join(map(str, sorted((outer, inner)))) if outer >= 0 else f"final{inner}"
        path = self.folder / f"{name}_{pair}.npy"
        if not path.exists():
            seed = 10 * min(outer, inner) + max(outer, inner) if outer >= 0 else 11 * inner
            model = self._fitted(name, np.flatnonzero(rows), seed)
            told = np.flatnonzero((folds == inner) | (folds == outer))
            logits = np.full((len(EVERY), len(folds)), np.nan, np.float32)
            for view in EVERY:
                logits[view, told] = model.decision_function(self._figures(name, view, told))
            np.save(path, logits)
        answer: NDArray[np.float32] = np.load(path)
        return answer

    def _fitted(self, name: str, rows: NDArray[np.int64], seed: int) -> HistGradientBoostingClassifier:
        """Fit on the tasks' hours and a few slots of the same stays."""
        vitals = name == "vitals"
        slots = np.random.default_rng(seed).choice(np.arange(2 * len(HOURS), len(EVERY)), 4 if vitals else 1, False)
        views = [*range(int(vitals), 2 * len(HOURS), 2), *slots.tolist()]
        model = HistGradientBoostingClassifier(
            learning_rate=0.06,
            max_iter=240,
            max_leaf_nodes=15,
            min_samples_leaf=60,
            l2_regularization=20,
            max_features=0.15 if vitals else 0.08,
            max_bins=63,
            early_stopping=False,
            random_state=seed,
        )
        figures = np.concatenate([self._figures(name, view, rows) for view in views])
        return model.fit(figures, np.tile(self.labels[rows], len(views)))

    def _figures(self, name: str, view: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.asarray(self.features.summary[view][rows], np.float32)[:, self.columns[name]]
