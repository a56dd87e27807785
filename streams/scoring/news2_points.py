"""What a NEWS2 is made of: the points of each parameter that has any, in words."""

from __future__ import annotations

from functools import lru_cache

from streams.records import Contribution
from streams.scoring.news2_bands import Charted, Earned

_NAMES = {
    "respiratory_rate": ("9279-1", "respiratory rate {:g} /min"),
    "spo2": ("2708-6", "oxygen saturation {:g} %"),
    "systolic": ("8480-6", "systolic pressure {:g} mm[Hg]"),
    "pulse": ("8867-4", "pulse {:g} /min"),
    "temperature": ("8310-5", "temperature {:g} Cel"),
    "on_oxygen": ("supplemental-oxygen", "supplemental oxygen"),
    "alert": ("80288-4", "not alert"),
}
"""Field of `Charted` to its code (LOINC, or ours where there is none) and its words."""


def contributions(chart: Charted, earned: Earned) -> tuple[Contribution, ...]:
    """Return what each parameter with points adds to the score, in the order of the chart (RCP 2017, chart 1)."""
    return tuple([_contribution(name, getattr(chart, name), points) for name, points in earned if points])


@lru_cache(maxsize=4096)
def _contribution(name: str, value: float, points: int) -> Contribution:
    code, words = _NAMES[name]
    said = f"{words.format(value)}: {points} point{'' if points == 1 else 's'}"
    return Contribution(code, "news2", "raises", float(points), "points", said)
