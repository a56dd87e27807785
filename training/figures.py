"""The files of an evaluation of probabilities: figures beside baselines, predictions, plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd

from training.measures import Floats, drawn
from training.plots import draw_all

Scores = dict[str, Floats]
"""``""`` for the network, else the baseline's name, to probabilities in the rows' order."""


class Truth(NamedTuple):
    """Who was scored, and what was true of them."""

    ids: Sequence[object]
    labels: Floats


def write_figures(
    head: dict[str, Any], scored: Mapping[str, tuple[Scores, int]], truth: Truth, threshold: float, out: Path
) -> dict[str, Any]:
    """Write ``metrics.json``, ``predictions.csv`` and the plots, and return the figures.

    Parameters
    ----------
    head
        Model, version, data and role.
    scored
        Task to the scores, and to how many rows serving would not score.
    """
    out.mkdir(parents=True, exist_ok=True)
    metrics = {**head, "tasks": _figures(scored, truth.labels, threshold)}
    write_json(metrics, out / "metrics.json")
    _predictions(scored, truth).to_csv(out / "predictions.csv", index=False)
    draw_all({task: (truth.labels, scores[""]) for task, (scores, _) in scored.items()}, out)
    return metrics


def write_json(figures: Mapping[str, Any], path: Path) -> None:
    """Write figures so that a change can be read."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read what `write_json` wrote."""
    found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return found


def _figures(scored: Mapping[str, tuple[Scores, int]], labels: Floats, threshold: float) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for task, (scores, indeterminate) in scored.items():
        draws = {name: drawn(labels, values, threshold) for name, values in scores.items()}
        for name, draw in draws.items():
            entry = {"n": len(labels), "positives": int(labels.sum()), "threshold": threshold, **draw.triples()}
            if name:
                entry["model_less_baseline"] = {f: draws[""].less(draw, f) for f in ("auroc", "auprc")}
            else:
                entry["indeterminate"] = indeterminate
            figures[f"baseline/{name}/{task}" if name else task] = entry
    return figures


def _predictions(scored: Mapping[str, tuple[Scores, int]], truth: Truth) -> pd.DataFrame:
    rows = [
        (row, f"baseline/{name}/{task}" if name else task, int(label), round(float(p), 6))
        for task, (scores, _) in scored.items()
        for name, values in scores.items()
        for row, label, p in zip(truth.ids, truth.labels, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["id", "task", "label", "probability"])


def triple_text(triple: Sequence[float], digits: int = 3) -> str:
    """Return value and interval as a card shows them."""
    value, low, high = (f"{number:.{digits}f}" for number in triple)
    return f"{value} ({low} to {high})"


def rounded(values: Floats, digits: int) -> list[float]:
    """Return numbers as they are kept in files."""
    return [round(float(value), digits) for value in np.asarray(values).reshape(-1)]
