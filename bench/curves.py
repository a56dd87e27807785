"""Growth curves as tables, PNGs and JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from bench.growth import Row

SHOWN: dict[str, tuple[str, ...]] = {
    "beds": ("p50 ms", "p99 ms", "bedside µs/set", "broker µs/set"),
}
DRAWN = ("obs/s", "own CPU µs/obs", "bedside MiB", "restart s", "catch-up share")


def table(curve: str, found: Sequence[Row]) -> Table:
    """Return a growth curve as a table, a point in each column."""
    load = os.getloadavg()[0]
    made = Table(
        title=f"CardioStream as it grows with {curve}; {os.cpu_count()} cores, load {load:.1f}", title_justify="left"
    )
    made.add_column(curve, no_wrap=True)
    for one in found:
        made.add_column(f"{one[curve]:,.0f}" + (", dense" if one.get("dense") else ""), justify="right")
    for name in dict.fromkeys(name for one in found for name in one):
        if name not in {curve, "dense"}:
            made.add_row(name, *(figure(one[name]) if name in one else "" for one in found))
    return made


def figure(value: float) -> str:
    """Return a figure: whole above a hundred, three digits below."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def save(curve: str, found: Sequence[Row], folder: Path) -> None:
    """Write ``growth-CURVE.json`` and ``.png``."""
    from bench.plots import curve as plot

    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"growth-{curve}.json").write_text(json.dumps(found, indent=1))
    # The one dense point of beds is no point of that curve.
    points = [
        (one[curve], {name: one[name] for name in SHOWN.get(curve, DRAWN)}) for one in found if not one.get("dense")
    ]
    plot(points, curve, folder / f"growth-{curve}.png")
