"""The card of chest_heart_unet is the one that its figures give."""

from pathlib import Path

import pytest

from streams.inference.imaging_manifest import load_imaging
from training.chest_heart_unet.card import card_of, figures
from training.figures import read_json

REPOSITORY = Path(__file__).parents[2] / "model_repo"
FOLDER = REPOSITORY / "chest_heart_unet"


def test_the_card_is_written_from_the_figures_and_the_manifest():
    written = (FOLDER / "MODEL_CARD.md").read_text("utf-8")
    assert written == card_of(load_imaging(REPOSITORY, FOLDER.name), figures(FOLDER))


@pytest.mark.parametrize("name", ["metrics.json", "strangers.json"])
def test_the_figures_are_of_this_version(name):
    spec, found = load_imaging(REPOSITORY, FOLDER.name), read_json(FOLDER / name)
    assert (found["model"], found["version"]) == (spec.name, spec.version)


def test_every_task_is_judged_beside_the_nearest_films():
    tasks = figures(FOLDER).metrics["tasks"]
    names = {"right lung", "left lung", "lungs", "heart", "ratio", "ratio above 0.5"}
    assert set(tasks) == names | {f"baseline/nearest/{name}" for name in names}
    assert tasks["heart"]["n"] == 41


def test_outlines_keep_their_bars_and_beat_the_nearest_films():
    tasks = figures(FOLDER).metrics["tasks"]
    assert tasks["heart"]["dice"][0] >= 0.93
    assert tasks["lungs"]["dice"][0] >= 0.95
    for name in ("right lung", "left lung", "lungs", "heart"):
        assert tasks[f"baseline/nearest/{name}"]["model_less_baseline"][1] > 0, name
    assert tasks["baseline/nearest/ratio"]["model_less_baseline"][2] < 0


def test_its_own_films_are_read_and_other_things_refused():
    refused = figures(FOLDER).strangers["refused"]
    assert refused.pop("films of the role val")["refused"] <= 2
    assert len(refused) == 9
    for name, entry in refused.items():
        assert entry["refused"] >= 0.95 * entry["n"], name
