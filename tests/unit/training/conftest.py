"""A small network with trees, never fitted to patients."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingClassifier

from streams.inference.manifest import load
from training.deterioration_gru.network import DeteriorationGru
from training.deterioration_gru.specialists import KINDS
from training.deterioration_gru.summaries import tree_figures
from training.deterioration_gru.tasks import HOURS
from training.deterioration_gru.trees import Trees

SPEC = load(Path(__file__).parents[3] / "model_repo", "deterioration_gru")


def grown(columns, seed):
    """Return trees fitted to invented figures."""
    random = np.random.default_rng(seed)
    figures = random.normal(size=(300, columns)).astype(np.float32)
    labels = figures[:, 0] + random.normal(size=300) > 0.5
    model = HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=6, min_samples_leaf=5, random_state=seed)
    return Trees(model.fit(figures, labels), np.arange(columns))


@pytest.fixture
def network():
    torch.manual_seed(0)
    made = DeteriorationGru(SPEC, hidden=12, dropout=0.0)
    batch = torch.zeros(1, 48, made.width), torch.zeros(1, 48, made.width), torch.zeros(1, 4)
    summary, _ = made.features(*batch)
    width = tree_figures(summary, made.width).shape[1]
    made.plant([grown(width, seed) for seed in range(KINDS * len(HOURS))])
    return made.eval()
