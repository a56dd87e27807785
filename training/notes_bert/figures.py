"""The files of an evaluation of many heads: figures beside baselines, predictions, plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from training.figures import write_json
from training.measures import Draws, Floats, drawn
from training.plots import draw_all

COMPARED = ("auroc", "auprc", "macro_f1")


class Told(NamedTuple):
    """What one way of judging says of every note."""

    probability: Floats
    threshold: float


class Task(NamedTuple):
    """One head: what is true of every note, and what is said of it; ``""`` for the network, else a baseline's name."""

    labels: Floats
    told: Mapping[str, Told]
    indeterminate: int = 0
    """Notes that serving would refuse."""


def write_figures(head: dict[str, Any], ids: Sequence[str], tasks: Mapping[str, Task], out: Path) -> dict[str, Any]:
    """Write ``metrics.json``, ``predictions.csv`` and the plots, and return the figures; a head of one class is left
    out.

    Parameters
    ----------
    head
        Model, version, data and role.
    """
    out.mkdir(parents=True, exist_ok=True)
    judged = {name: task for name, task in tasks.items() if 0 < task.labels.sum() < len(task.labels)}
    metrics = {**head, "tasks": {k: v for name, task in judged.items() for k, v in _entries(name, task).items()}}
    write_json(metrics, out / "metrics.json")
    _predictions(ids, tasks).to_csv(out / "predictions.csv", index=False)
    draw_all({name: (task.labels, task.told[""].probability) for name, task in judged.items()}, out)
    return metrics


def _entries(name: str, task: Task) -> dict[str, Any]:
    draws = {who: with_macro(drawn(task.labels, *told)) for who, told in task.told.items()}
    entries: dict[str, Any] = {}
    for who, draw in draws.items():
        entry: dict[str, Any] = {"n": len(task.labels), "positives": int(task.labels.sum())}
        entry |= {"threshold": round(task.told[who].threshold, 4), **draw.triples()}
        if who:
            entry["model_less_baseline"] = {figure: draws[""].less(draw, figure) for figure in COMPARED}
        else:
            entry["indeterminate"] = task.indeterminate
        entries[f"baseline/{who}/{name}" if who else name] = entry
    return entries


def with_macro(draws: Draws) -> Draws:
    """Add the mean F1 of both classes, which accuracy and the F1 of one give."""
    value = {**draws.value, "macro_f1": float(_macro(np.array(draws.value["f1"]), np.array(draws.value["accuracy"])))}
    resampled = {**draws.resampled, "macro_f1": _macro(draws.resampled["f1"], draws.resampled["accuracy"])}
    return Draws(value, resampled)


def _macro(f1: Floats, accuracy: Floats) -> Floats:
    wrong = 1.0 - accuracy
    hits = f1 * wrong / np.maximum(2 * (1 - f1), 1e-12)
    rejected = 1.0 - wrong - hits
    other = 2 * rejected / np.maximum(2 * rejected + wrong, 1e-12)
    return np.where(wrong < 1e-12, 1.0, (f1 + other) / 2)


def _predictions(ids: Sequence[str], tasks: Mapping[str, Task]) -> pd.DataFrame:
    rows = [
        (row, f"baseline/{who}/{name}" if who else name, int(label), round(float(p), 6))
        for name, task in tasks.items()
        if len(task.labels) == len(ids)  # a part of the notes is there with the whole already
        for who, told in task.told.items()
        for row, label, p in zip(ids, task.labels, told.probability, strict=True)
    ]
    return pd.DataFrame(rows, columns=["id", "task", "label", "probability"])
