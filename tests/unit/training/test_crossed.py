"""Out-of-fold answers are blended and calibrated by what was learned from the other folds."""

from pathlib import Path

import numpy as np
import pytest

from streams.inference.manifest import load
from streams.timeline.series import series_of
from training.deterioration_gru import crossed
from training.deterioration_gru.network import VOICES
from training.deterioration_gru.p12 import Stay

SPEC = load(Path(__file__).parents[3] / "model_repo", "deterioration_gru")
STAYS = 500


@pytest.fixture
def ground(monkeypatch):
    """Voices at random, the first of which tells the truth of every fold but of fold 3, where it lies."""
    random = np.random.default_rng(0)
    labels, folds = (random.random(STAYS) < 0.3).astype(float), np.arange(STAYS) % 5

    def voices(ground, fold, run, epochs):
        mine = labels[folds == fold]
        told = random.normal(size=(8, len(mine), len(VOICES)))
        told[:, :, 0] += (2 * mine - 1) * (-2 if fold == 3 else 2)
        return told

    monkeypatch.setattr(crossed, "fold_voices", voices)
    stays = [Stay(k, "train", series_of([]), "", "", bool(died)) for k, died in enumerate(labels)]
    return crossed.Ground(stays, SPEC, None, labels, folds, None)


def test_a_fold_has_no_part_in_how_it_is_blended_and_calibrated(ground, tmp_path):
    found = crossed.pooled(ground, tmp_path)
    lied = ground.folds == 3
    dead = ground.labels > 0.5
    assert found.probability[:, lied & dead].mean() < found.probability[:, lied & ~dead].mean() - 0.3
    assert found.probability[:, ~lied & dead].mean() > found.probability[:, ~lied & ~dead].mean() + 0.2


def test_the_exported_network_is_blended_by_all_folds(ground, tmp_path):
    found = crossed.pooled(ground, tmp_path)
    assert found.learned.shares[0] == max(found.learned.shares)
    assert found.probability.shape == (8, STAYS)
