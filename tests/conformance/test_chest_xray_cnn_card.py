"""The card of chest_xray_cnn is the one that its figures give."""

from pathlib import Path

import pytest

from streams.inference.imaging_manifest import load_imaging
from training.chest_xray_cnn.card import card_of, figures
from training.figures import read_json

REPOSITORY = Path(__file__).parents[2] / "model_repo"
FOLDER = REPOSITORY / "chest_xray_cnn"


def test_the_card_is_written_from_the_figures_and_the_manifest():
    written = (FOLDER / "MODEL_CARD.md").read_text("utf-8")
    assert written == card_of(load_imaging(REPOSITORY, FOLDER.name), figures(FOLDER))


@pytest.mark.parametrize(("name", "role"), [("metrics.json", "cv"), ("metrics_val.json", "val")])
def test_the_figures_are_of_this_version(name, role):
    spec, found = load_imaging(REPOSITORY, FOLDER.name), read_json(FOLDER / name)
    assert (found["model"], found["version"], found["role"]) == (spec.name, spec.version, role)


def test_it_beats_a_linear_model_and_is_calibrated():
    for metrics in figures(FOLDER):
        tasks = metrics["tasks"]
        assert set(tasks) == {"pneumonia", "baseline/linear/pneumonia"}
        assert tasks["baseline/linear/pneumonia"]["model_less_baseline"]["auroc"][1] > 0, metrics["role"]
        assert tasks["pneumonia"]["ece"][0] <= 0.05


def test_children_of_one_to_five_are_looked_at_and_nobody_else():
    selection = load_imaging(REPOSITORY, FOLDER.name).selection
    assert (selection.min_age_years, selection.max_age_years, selection.unknown_age) == (1.0, 6.0, "refuse")
