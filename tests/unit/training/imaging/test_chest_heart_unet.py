"""Figures of literal label maps; a folder laid out like chest-ctr is scored through the code that serves."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from streams.modalities.imaging import Outline
from streams.simulate.films import Film, drawn
from training import measures
from training.chest_heart_unet.baselines import nearest
from training.chest_heart_unet.evaluate import evaluate
from training.chest_heart_unet.figures import Answers, dice, entries, label_map, width_ratio
from training.chest_heart_unet.films import Films, read_films
from training.chest_heart_unet.fitting import STAGES, Rows, loss

BROAD, EDGES = STAGES
REPOSITORY = Path(__file__).parents[4] / "model_repo"


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(measures, "RESAMPLES", 20)


def labels(right, left, heart):
    """Return a label map of 8 by 8; each part is (top, bottom, left, right)."""
    found = np.zeros((8, 8), np.uint8)
    for k, (a, b, c, d) in enumerate((right, left, heart), 1):
        found[a:b, c:d] = k
    return found


CHEST = labels((1, 7, 0, 3), (1, 7, 5, 8), (4, 7, 3, 6))


def test_the_ratio_of_a_label_map():
    assert width_ratio(CHEST) == 3 / 8
    assert np.isnan(width_ratio(np.zeros((8, 8), np.uint8)))


def test_dice_of_the_same_of_half_and_of_nothing():
    said = np.stack([CHEST, CHEST, np.zeros((8, 8), np.uint8)])
    true = np.stack([CHEST, np.where(np.arange(8)[:, None] < 4, CHEST, 0).astype(np.uint8), CHEST])
    assert dice(said, true, [1]).tolist() == [1.0, pytest.approx(2 / 3), 0.0]


def test_outlines_are_filled_with_the_heart_in_front():
    box = lambda name, x0, x1, y0, y1: Outline(name, ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))  # noqa: E731
    found = label_map((box("heart", 2, 6, 4, 7), box("left lung", 5, 8, 1, 7)), 8, 8)
    assert found[5, 5] == 3
    assert found[2, 5] == 2
    assert found[0, 0] == 0


def films(n=6, split="val"):
    random = np.random.default_rng(3)
    hearts = random.uniform(0.3, 0.55, n)
    images = np.stack([255 * drawn(Film(256, 256, heart)) for heart in hearts]).clip(0, 255).astype(np.uint8)
    masks = np.zeros((n, 256, 256), np.uint8)
    masks[:, 40:180, 40:110], masks[:, 40:180, 146:216] = 1, 2
    for mask, heart in zip(masks, hearts, strict=True):
        half = int(128 * heart)
        mask[110:190, 138 - half : 138 + half] = 3
    ratio = np.array([width_ratio(m) for m in masks], np.float32)
    ids = tuple(f"{split}{k}" for k in range(n))
    return Films(ids, images, masks, ratio, ("A",) * n)


def test_a_ratio_that_could_not_be_measured_counts_as_an_error_of_one():
    mine = films(3)
    found = entries(Answers(mine.masks, np.array([np.nan, mine.ratio[1], mine.ratio[2]])), mine, 1)
    assert found["ratio"]["mae"][0] == pytest.approx(1 / 3, abs=1e-4)
    assert found["heart"]["dice"][0] == 1.0
    assert found["heart"]["refused"] == 1


def test_the_nearest_of_known_films_is_the_film_itself():
    known = films(1)
    found = nearest(known, known)
    assert (found.labels == known.masks).all()
    assert found.ratio[0] == pytest.approx(known.ratio[0])


def test_every_epoch_shows_every_film_and_pictures_in_which_there_is_nothing():
    rows = Rows(films(), {"noise": np.random.default_rng(0).integers(0, 255, (3, 40, 40)).astype(np.uint8)})
    (pictures,), targets = next(iter(rows.batches(EDGES, 0)))
    assert pictures.shape == (8, 1, 256, 256)
    torch.testing.assert_close(targets.sum(1), torch.ones(8, 256, 256))
    assert (targets[6:, 0] == 1).all()
    assert (targets[:6, 3].sum((1, 2)) > 0).all()
    again = next(iter(rows.batches(EDGES, 0)))[0][0]
    assert torch.equal(again, pictures)


def test_pictures_are_small_at_first():
    rows = Rows(films(), {"noise": np.zeros((1, 40, 40), np.uint8)})
    sizes = [next(iter(rows.batches(BROAD, epoch)))[0][0].shape[-1] for epoch in (0, BROAD.plan.epochs - 1)]
    assert sizes == [160, 256]


def test_a_mirrored_film_has_its_right_lung_still_on_the_left_of_the_picture():
    rows = Rows(films(), {"noise": np.zeros((1, 40, 40), np.uint8)})
    targets = torch.cat([batch[1][:6] for epoch in range(4) for batch in rows.batches(EDGES, epoch)])
    across = torch.arange(256.0)
    middle = (targets.sum(2) * across).sum(2) / targets.sum((2, 3))
    assert (middle[:, 1] < middle[:, 2]).all()


def test_the_loss_of_the_truth_is_less_than_that_of_another_answer():
    truth = torch.zeros(2, 4, 16, 16)
    truth[0, 0], truth[1, 0, :8], truth[1, 3, 8:] = 1, 1, 1
    half = torch.nn.functional.avg_pool2d(truth, 2)
    assert loss(half * 20, truth) < 0.1 < loss(half.flip(1) * 20, truth)


@pytest.fixture
def folder(tmp_path):
    train, val = films(6, "train"), films(4, "val")
    columns = {name: np.concatenate([getattr(train, name), getattr(val, name)]) for name in ("images", "masks")}
    np.savez(
        tmp_path / "chest_ctr_256.npz",
        **columns,
        ids=np.array(train.ids + val.ids),
        ctr=np.concatenate([train.ratio, val.ratio]),
        source=np.array(train.source + val.source),
        split=np.array(["train"] * 6 + ["val"] * 4),
    )
    return tmp_path


def test_roles_are_read_apart(folder):
    assert read_films(folder, "val").ids == ("val0", "val1", "val2", "val3")
    assert len(read_films(folder, "all").ids) == 10


def test_figures_predictions_and_plots_are_written(folder, tmp_path):
    out = tmp_path / "out"
    metrics = evaluate(folder, "val", out, REPOSITORY)
    assert (metrics["model"], metrics["role"]) == ("chest_heart_unet", "val")
    assert {"right lung", "left lung", "lungs", "heart", "ratio"} <= set(metrics["tasks"])
    assert len(metrics["tasks"]["baseline/nearest/ratio"]["model_less_baseline"]) == 3
    assert {"metrics.json", "predictions.csv", "agreement.png"} <= {p.name for p in out.iterdir()}
    with (out / "predictions.csv").open() as file:
        assert [row["id"] for row in csv.DictReader(file)][:4] == ["val0", "val1", "val2", "val3"]


def test_without_training_films_there_is_no_baseline(folder, tmp_path):
    metrics = evaluate(folder, "all", tmp_path / "out", REPOSITORY)
    assert not any(task.startswith("baseline/") for task in metrics["tasks"])


def test_a_role_without_films_is_said(folder, tmp_path):
    with pytest.raises(SystemExit, match="no films of role test"):
        evaluate(folder, "test", tmp_path / "out", REPOSITORY)
