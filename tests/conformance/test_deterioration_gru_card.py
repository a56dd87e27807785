"""The card of deterioration_gru is the one that its figures give."""

from pathlib import Path

import msgspec

from streams.inference.manifest import load
from training.deterioration_gru.card import card_of

REPOSITORY = Path(__file__).parents[2] / "model_repo"
FOLDER = REPOSITORY / "deterioration_gru"


def test_the_card_is_written_from_the_figures_and_the_manifest():
    metrics = msgspec.json.decode((FOLDER / "metrics.json").read_bytes())
    assert (FOLDER / "MODEL_CARD.md").read_text("utf-8") == card_of(load(REPOSITORY, FOLDER.name), metrics)


def test_the_figures_are_of_this_version_and_hold_every_task():
    spec = load(REPOSITORY, FOLDER.name)
    metrics = msgspec.json.decode((FOLDER / "metrics.json").read_bytes())
    assert (metrics["model"], metrics["version"]) == (spec.name, spec.version)
    tasks = [f"{hours}h/{view}" for hours in (6, 12, 24, 48) for view in ("all", "vitals")]
    assert set(metrics["tasks"]) == {p + t for t in tasks for p in ("", "baseline/news2/", "baseline/logistic/")}
