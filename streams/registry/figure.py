"""The comparison of two versions as a picture: agreement, levels, and calibration where outcomes are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from streams.errors import ContractError
from streams.registry.agreement import LEVELS, Agreement, Calibration
from streams.registry.pairs import Pairs


def draw(found: Pairs, agreed: Agreement, calibrated: Mapping[str, Calibration], path: Path) -> None:
    """Write a PNG: a Bland-Altman plot, the table of levels, and calibration by version.

    Raises
    ------
    ContractError
        Where matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ContractError(
            "report: expected matplotlib for drawing, found none; install cardiostream[bench], or leave out --png"
        ) from error
    figure = Figure(figsize=(15, 4.6), layout="constrained")
    axes = figure.subplots(1, 3 if calibrated else 2)
    _bland_altman(axes[0], found, agreed)
    _levels(axes[1], found, agreed)
    if calibrated:
        _calibration(axes[2], calibrated)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _bland_altman(axis: Any, found: Pairs, agreed: Agreement) -> None:
    both = [(p.live, p.candidate) for p in found.pairs if p.live is not None and p.candidate is not None]
    pairs = np.array(both, np.float64).reshape(-1, 2)
    axis.scatter(pairs.mean(1), pairs[:, 1] - pairs[:, 0], s=6, alpha=0.4, linewidths=0)
    for y, style in ((agreed.mean_difference, "-"), (agreed.limits[0], "--"), (agreed.limits[1], "--")):
        axis.axhline(y, color="black", linewidth=1, linestyle=style)
    axis.set(
        xlabel=f"mean of {found.live} and {found.candidate}",
        ylabel=f"{found.candidate} minus {found.live}",
        title=f"{len(pairs)} pairs: mean difference and 95 % limits",
    )


def _levels(axis: Any, found: Pairs, agreed: Agreement) -> None:
    table = np.array(agreed.table)
    axis.imshow(np.log1p(table), cmap="Blues")
    for (row, column), count in np.ndenumerate(table):
        axis.text(column, row, str(count), ha="center", va="center")
    axis.set_xticks(range(len(LEVELS)), LEVELS)
    axis.set_yticks(range(len(LEVELS)), LEVELS)
    axis.set(
        xlabel=f"level by {found.candidate}",
        ylabel=f"level by {found.live}",
        title=f"weighted kappa {agreed.kappa:.2f}",
    )


def _calibration(axis: Any, calibrated: Mapping[str, Calibration]) -> None:
    for version, one in calibrated.items():
        axis.plot(
            [p for p, _, _ in one.bins],
            [y for _, y, _ in one.bins],
            marker="o",
            label=f"{version}: Brier {one.brier:.3f}",
        )
    axis.plot([0, 1], [0, 1], color="black", linewidth=1, linestyle=":")
    axis.set(xlabel="predicted", ylabel="observed", title="last prediction of each patient, fifths")
    axis.legend()
