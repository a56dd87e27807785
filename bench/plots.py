"""PNGs of a session and of growth curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from bench.numbers import spread

if TYPE_CHECKING:
    from bench.session import Report, Round

mpl.use("Agg")
OURS, THEIRS = "#1f6fb2", "#9aa5b1"


def session_plots(report: Report, folder: Path) -> None:
    """Write ``throughput.png``, ``cost.png`` and ``latency.png``."""
    from bench.show import own_cpu

    speeds = _middles(report, lambda r: r.throughput.per_s if r.throughput else None)
    _bars(speeds, "observations per second, all at once", folder / "throughput.png")
    _bars(_middles(report, own_cpu), "own CPU, µs per observation", folder / "cost.png")
    _bars(
        _middles(report, lambda r: r.latency.to_redis.p99 if r.latency and r.latency.to_redis else None),
        f"p99 from produce to Redis at {report.plan.rate:,.0f}/s, ms",
        folder / "latency.png",
    )


def _middles(report: Report, value: Any) -> dict[str, float]:
    found: dict[str, list[Round]] = report.rounds
    middles = {name: spread([value(one) for one in rounds]) for name, rounds in found.items()}
    return {name: middle[0] for name, middle in middles.items() if middle is not None}


def _bars(values: Mapping[str, float], label: str, path: Path) -> None:
    if not values:
        return
    from matplotlib import pyplot as plt

    names = sorted(values, key=lambda name: values[name])
    figure, axes = plt.subplots(figsize=(9, 0.5 * len(names) + 1.2))
    colours = [OURS if name.startswith("CardioStream") else THEIRS for name in names]
    bars = axes.barh(names, [values[name] for name in names], color=colours)
    axes.bar_label(bars, fmt="{:,.0f}", padding=3)
    axes.set_xlabel(label)
    axes.margins(x=0.12)
    _finish(figure, path)


def curve(points: Sequence[tuple[float, Mapping[str, float]]], label: str, path: Path) -> None:
    """Write one panel per measured figure over a growing number."""
    from matplotlib import pyplot as plt

    names = list(points[0][1])
    figure, panels = plt.subplots(1, len(names), figsize=(4.5 * len(names), 3.4), squeeze=False)
    for axes, name in zip(panels[0], names, strict=True):
        axes.plot([x for x, _ in points], [found[name] for _, found in points], marker="o", color=OURS)
        axes.set(
            xlabel=label, ylabel=name, ylim=(0, None), xscale="log" if points[-1][0] > 50 * points[0][0] else "linear"
        )
    _finish(figure, path)


def _finish(figure: Any, path: Path) -> None:
    from matplotlib import pyplot as plt

    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
