"""The evaluation command scores a folder laid out like p12 from the exported network."""

import csv
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from training import measures
from training.deterioration_gru.evaluate import evaluate

REPOSITORY = Path(__file__).parents[3] / "model_repo"
TASKS = [f"{hours}h/{view}" for hours in (6, 12, 24, 48) for view in ("all", "vitals")]


@pytest.fixture
def folder(tmp_path):
    """Twelve invented stays, every third one dies with a fast heart and low pressure."""
    random = np.random.default_rng(5)
    events, splits = [], ["RecordID,set,role,replay,has_timeseries,In-hospital_death"]
    for record in range(1, 13):
        dies = record % 3 == 0
        events += [(record, 0, "Age", 60.0), (record, 0, "Gender", float(record % 2))]
        for minute in range(5, 2880, 60):
            events.append((record, minute, "HR", (135.0 if dies else 75.0) + random.normal()))
            events.append((record, minute, "NISysABP", (75.0 if dies else 125.0) + random.normal()))
            events.append((record, minute, "GCS", 4.0 if dies else 15.0))
            events.append((record, minute, "Lactate", 7.0 if dies else 1.0))
        splits.append(f"{record},a,val,0,1,{int(dies)}")
    frame = pd.DataFrame(events, columns=["record_id", "minute", "parameter", "value"])
    frame.to_parquet(tmp_path / "events.parquet")
    (tmp_path / "splits.csv").write_text("\n".join(splits) + "\n")
    return tmp_path


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(measures, "RESAMPLES", 20)


def test_figures_predictions_and_plots_are_written(folder, tmp_path):
    out = tmp_path / "out"
    evaluate(folder, "val", out, REPOSITORY)
    figures = msgspec.json.decode((out / "metrics.json").read_bytes())
    assert (figures["model"], figures["role"]) == ("deterioration_gru", "val")
    assert set(figures["tasks"]) == {p + t for t in TASKS for p in ("", "baseline/news2/", "baseline/logistic/")}
    entry = figures["tasks"]["48h/all"]
    assert (entry["n"], entry["positives"], entry["indeterminate"]) == (12, 4, 0)
    assert len(entry["auroc"]) == 3
    assert {p.name for p in out.glob("*.png")} == {"roc.png", "pr.png", "reliability.png"}


def test_the_network_tells_the_dying_from_the_well(folder, tmp_path):
    figures = evaluate(folder, "val", tmp_path / "out", REPOSITORY)
    assert figures["tasks"]["48h/all"]["auroc"][0] == 1.0
    assert figures["tasks"]["48h/vitals"]["auroc"][0] == 1.0


def test_predictions_are_one_row_per_stay_and_task(folder, tmp_path):
    evaluate(folder, "all", tmp_path / "out", REPOSITORY)
    with (tmp_path / "out" / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 * len(TASKS) * 3
    assert set(rows[0]) == {"id", "task", "label", "probability"}
    assert all(0 <= float(row["probability"]) <= 1 for row in rows)


def test_a_role_without_stays_is_said(folder, tmp_path):
    with pytest.raises(SystemExit, match="no stays of role test"):
        evaluate(folder, "test", tmp_path / "out", REPOSITORY)


@pytest.mark.embedded
def test_triton_gives_the_same_predictions(folder, tmp_path, triton_url):
    evaluate(folder, "val", tmp_path / "here", REPOSITORY)
    evaluate(folder, "val", tmp_path / "there", REPOSITORY, triton_url)
    here, there = (pd.read_csv(tmp_path / place / "predictions.csv") for place in ("here", "there"))
    np.testing.assert_allclose(here["probability"], there["probability"], atol=1e-4)
