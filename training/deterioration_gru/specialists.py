"""The trees of the network: gradient boosting at each hour of the tasks, with all inputs and with vital signs alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from streams.inference.manifest import Manifest
from training.deterioration_gru.summaries import TAIL, TREE_BLOCKS, tree_figures
from training.deterioration_gru.tasks import HOURS
from training.deterioration_gru.trees import Trees
from training.deterioration_gru.views import NEAR, Features
from training.measures import Floats


class Growth(NamedTuple):
    """How boosting is set."""

    rate: float
    rounds: int
    leaves: int
    samples: int


GROWTH = (Growth(0.08, 150, 8, 50), Growth(0.05, 170, 15, 40))
"""With all inputs and with vital signs alone: the order of the tasks (EXPERIMENTS.md)."""
KINDS = len(GROWTH)


def grow(features: Features, labels: Floats, rows: NDArray[np.int64], spec: Manifest, seed: int) -> list[Trees]:
    """Fit on the stays `rows`, each seen at the hour itself and at chance minutes near it."""
    grown = []
    for kind, growth in enumerate(GROWTH):
        columns = _columns(spec, vitals=bool(kind))
        for k, hour in enumerate(HOURS):
            views = [KINDS * k + kind, *(KINDS * len(HOURS) + slot for slot in NEAR[hour])]
            figures = np.concatenate([_figures(features, view, rows, spec)[:, columns] for view in views])
            model = _boosting(growth, seed + k).fit(figures, np.tile(labels[rows], len(views)))
            grown.append(Trees(model, columns))
    return grown


def _boosting(growth: Growth, seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=growth.rate,
        max_iter=growth.rounds,
        max_leaf_nodes=growth.leaves,
        min_samples_leaf=growth.samples,
        l2_regularization=10.0,
        max_features=0.2,
        max_bins=63,
        early_stopping=False,
        random_state=seed,
    )


def _figures(features: Features, view: int, rows: NDArray[np.int64], spec: Manifest) -> NDArray[np.float32]:
    summary = torch.from_numpy(np.asarray(features.summary[view][rows], np.float32))
    return np.asarray(tree_figures(summary, len(spec.inputs)).numpy())


def _columns(spec: Manifest, vitals: bool) -> NDArray[np.int64]:
    """Return which of `tree_figures` a specialist reads."""
    lab = np.array([i.group == "lab" for i in spec.inputs])
    every = np.arange(TREE_BLOCKS * len(lab) + TAIL)
    hidden = lab[every % len(lab)] & (every < TREE_BLOCKS * len(lab)) & vitals
    read: NDArray[np.int64] = every[~hidden]
    return read
