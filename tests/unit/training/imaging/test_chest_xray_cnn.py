"""Films are taken once and dealt by their looks; a folder laid out like pneumoniamnist is scored as in serving."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from training import measures
from training.chest_xray_cnn import baselines
from training.chest_xray_cnn.evaluate import evaluate
from training.chest_xray_cnn.films import FOLDS, GROUPS, Films, folds_of, read_films
from training.chest_xray_cnn.fitting import STAGES, Rows, loss

REPOSITORY = Path(__file__).parents[4] / "model_repo"


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(measures, "RESAMPLES", 20)


def invented(n, seed):
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Ten films to learn from, one twice and one that stands in val too; six of val."""
    train, val = invented(10, 0), invented(6, 1)
    train[4], train[7] = train[3], val[2]
    np.savez(
        tmp_path / "pneumoniamnist.npz",
        train_images=train,
        train_labels=np.array([[0], [1]] * 5, np.uint8),
        val_images=val,
        val_labels=np.array([[0], [1]] * 3, np.uint8),
    )
    return tmp_path


def test_a_picture_counts_once_and_val_keeps_its_own(folder):
    train, val, both = (read_films(folder, role) for role in ("train", "val", "all"))
    assert train.ids == tuple(f"train/{k}" for k in (0, 1, 2, 3, 5, 6, 8, 9))
    assert val.ids == tuple(f"val/{k}" for k in range(6))
    assert len(both.ids) == 14
    assert train.labels.tolist() == [0, 1, 0, 1, 1, 0, 0, 1]


def test_a_role_that_is_not_there_is_said(folder):
    with pytest.raises(SystemExit, match="no films of role test"):
        read_films(folder, "test")


def test_films_that_look_alike_are_dealt_to_the_same_fold():
    seen = invented(GROUPS, 2)
    random = np.random.default_rng(3)
    alike = np.clip(seen + random.integers(-3, 4, seen.shape), 0, 255).astype(np.uint8)
    folds = folds_of(Films(("",) * (2 * GROUPS), np.concatenate([seen, alike]), np.zeros(2 * GROUPS)))
    assert (folds[:GROUPS] == folds[GROUPS:]).mean() > 0.9
    assert set(folds.tolist()) == set(range(FOLDS))


def test_every_epoch_shows_every_film_changed_anew():
    rows = Rows(Films(("",) * 70, invented(70, 4), np.arange(70) % 2.0))
    one, again, next_epoch = (list(rows.batches(STAGES[0], epoch)) for epoch in (0, 0, 1))
    assert [len(labels) for _, labels in one] == [32, 32, 6]
    assert torch.equal(one[0][0][0], again[0][0][0])
    assert not torch.equal(one[0][0][0], next_epoch[0][0][0])
    assert one[0][0][0].shape == (32, 1, 28, 28)


def test_the_loss_leaves_some_doubt():
    sure, surer = (loss(torch.tensor([[x]]), torch.ones(1, 1)) for x in (3.5, 12.0))
    assert sure < surer


def test_the_linear_baseline_finds_what_is_linear():
    images = invented(200, 5)
    labels = (images[:, :14].mean((1, 2)) > images[:, 14:].mean((1, 2))).astype(float)
    images[labels > 0, :14] //= 2
    told = baselines.fit(Films(("",) * 200, images, labels)).probabilities(images)
    assert ((told > 0.5) == (labels > 0)).mean() > 0.95


def test_figures_predictions_and_plots_are_written(folder, tmp_path):
    out = tmp_path / "out"
    metrics = evaluate(folder, "val", out, REPOSITORY)
    assert set(metrics["tasks"]) == {"pneumonia", "baseline/linear/pneumonia"}
    assert metrics["tasks"]["pneumonia"]["n"] == 6
    assert len(metrics["tasks"]["baseline/linear/pneumonia"]["model_less_baseline"]["auroc"]) == 3
    assert {p.name for p in out.glob("*.png")} == {"roc.png", "pr.png", "reliability.png"}
    with (out / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert all(0 <= float(row["probability"]) <= 1 for row in rows)
