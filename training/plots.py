"""ROC, precision-recall and reliability curves as pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from training.measures import Floats

mpl.use("Agg")

Curves = Mapping[str, tuple[Floats, Floats]]
"""Task to (labels, probabilities)."""


def draw_all(curves: Curves, folder: Path) -> None:
    """Write ``roc.png``, ``pr.png`` and ``reliability.png``."""
    _draw(curves, folder / "roc.png", _roc, ("false positive rate", "sensitivity"))
    _draw(curves, folder / "pr.png", _precision, ("sensitivity", "precision"))
    _draw(curves, folder / "reliability.png", _reliability, ("predicted probability", "observed share"))


def _draw(
    curves: Curves, path: Path, curve: Callable[[Axes, str, Floats, Floats], None], names: tuple[str, str]
) -> None:
    figure = Figure(figsize=(6, 6), dpi=110)
    axes = figure.add_subplot()
    for task, (labels, probabilities) in curves.items():
        curve(axes, task, labels, probabilities)
    axes.set(xlabel=names[0], ylabel=names[1], xlim=(0, 1), ylim=(0, 1))
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    figure.savefig(path, bbox_inches="tight")


def _roc(axes: Axes, task: str, labels: Floats, probabilities: Floats) -> None:
    false, true, _ = roc_curve(labels, probabilities)
    axes.plot(false, true, label=task)


def _precision(axes: Axes, task: str, labels: Floats, probabilities: Floats) -> None:
    precision, recall, _ = precision_recall_curve(labels, probabilities)
    axes.plot(recall, precision, label=task)


def _reliability(axes: Axes, task: str, labels: Floats, probabilities: Floats) -> None:
    parts = np.array_split(np.argsort(probabilities, kind="stable"), 10)
    mean = [(probabilities[p].mean(), labels[p].mean()) for p in parts if len(p)]
    axes.plot(*zip(*mean, strict=True), marker="o", label=task)


def draw_agreement(pairs: Curves, folder: Path, name: str) -> None:
    """Write ``agreement.png`` of a measure: measured against true, with the line of equality."""
    figure = Figure(figsize=(6, 6), dpi=110)
    axes = figure.add_subplot()
    ends = [min(true.min() for true, _ in pairs.values()), max(true.max() for true, _ in pairs.values())]
    axes.plot(ends, ends, color="grey", linewidth=1)
    for task, (true, told) in pairs.items():
        axes.scatter(true, told, s=14, label=task)
    axes.set(xlabel=f"{name}, drawn by hand", ylabel=f"{name}, measured")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    figure.savefig(folder / "agreement.png", bbox_inches="tight")
