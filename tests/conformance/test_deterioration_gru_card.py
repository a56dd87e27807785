"""The card of deterioration_gru is the one that its figures give."""

from pathlib import Path

import msgspec
import pytest

from streams.inference.manifest import load
from training.deterioration_gru.card import card_of, figures

REPOSITORY = Path(__file__).parents[2] / "model_repo"
FOLDER = REPOSITORY / "deterioration_gru"


def test_the_card_is_written_from_the_figures_and_the_manifest():
    assert (FOLDER / "MODEL_CARD.md").read_text("utf-8") == card_of(load(REPOSITORY, FOLDER.name), figures(FOLDER))


@pytest.mark.parametrize("name", ["metrics.json", "metrics_val.json", "robustness.json"])
def test_the_figures_are_of_this_version(name):
    spec = load(REPOSITORY, FOLDER.name)
    found = msgspec.json.decode((FOLDER / name).read_bytes())
    assert (found["model"], found["version"]) == (spec.name, spec.version)


def test_every_task_is_judged_out_of_fold_beside_every_baseline():
    metrics = figures(FOLDER).metrics
    tasks = [f"{hours}h/{view}" for hours in (6, 12, 24, 48) for view in ("all", "vitals")]
    beside = {f"baseline/{name}/{task}" for name in ("news2", "logistic", "boosting") for task in tasks}
    assert set(metrics["tasks"]) == {*tasks, *beside, "baseline/saps1/48h/all"}
    assert (metrics["role"], metrics["tasks"]["48h/all"]["n"]) == ("cv", 8000)


def test_it_beats_what_stands_beside_it_and_is_calibrated():
    for task, entry in figures(FOLDER).metrics["tasks"].items():
        for figure, (_, low, _) in entry.get("model_less_baseline", {}).items():
            assert low > 0, (task, figure)
        if not task.startswith("baseline/"):
            assert entry["ece"][0] <= 0.02, task
