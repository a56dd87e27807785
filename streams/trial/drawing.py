"""The figures of a trial over the threshold, as a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streams.errors import ContractError
from streams.trial.figures import Figures


def draw(curve: Sequence[tuple[float, Figures]], whole: Sequence[Figures], path: Path) -> None:
    """Draw alerts per patient-day, and sensitivity where outcomes are known, over the threshold of the index.

    Parameters
    ----------
    curve
        Threshold and figures, ascending.
    whole
        The policies themselves, as lines across.

    Raises
    ------
    ContractError
        Where matplotlib is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ContractError(
            "simulate --png: expected matplotlib, found none; install cardiostream[train], or leave --png out"
        ) from error
    figure: Any = Figure(figsize=(8, 5), layout="constrained")
    axes: Any = figure.subplots()
    thresholds = [threshold for threshold, _ in curve]
    axes.plot(thresholds, [one.per_patient_day or 0.0 for _, one in curve], "o-", color="tab:blue", label="alerts")
    for style, one in zip((":", "--", "-."), whole, strict=False):
        axes.axhline(one.per_patient_day or 0.0, color="tab:blue", linestyle=style, label=one.title)
    axes.set(xlabel="index from which an alert is raised", ylabel="alerts per patient-day", ylim=(0, None))
    if any(one.sensitivity is not None for _, one in curve):
        right: Any = axes.twinx()
        right.plot(thresholds, [one.sensitivity or 0.0 for _, one in curve], "s-", color="tab:red")
        right.set(ylim=(0, 1), ylabel="outcomes warned of within 48 h (red)")
    axes.legend(loc="upper right", fontsize="small")
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise ContractError(f"{path.name} cannot be written ({type(error).__name__}); name another file") from None
