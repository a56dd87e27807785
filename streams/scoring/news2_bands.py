"""The published table of NEWS2: from charted values to the score, nothing else.

Source: Royal College of Physicians. National Early Warning Score (NEWS) 2: Standardising the assessment of
acute-illness severity in the NHS. London: RCP, 2017; chart 1 (the scoring system) and chart 2 (triggers).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Literal, NamedTuple

from streams.records import Level

Scale = Literal[1, 2]


class Band(NamedTuple):
    """Points by charted value: `points[k]` up to and including `tops[k]`, the last beyond."""

    tops: tuple[int, ...]
    points: tuple[int, ...]

    def of(self, value: int) -> int:
        """Return the points of a charted `value`."""
        return self.points[bisect_left(self.tops, value)]


RESPIRATORY_RATE = Band((8, 11, 20, 24), (3, 1, 0, 2, 3))
SPO2_SCALE_1 = Band((91, 93, 95), (3, 2, 1, 0))
SPO2_SCALE_2_AIR = Band((83, 85, 87), (3, 2, 1, 0))
SPO2_SCALE_2_OXYGEN = Band((83, 85, 87, 92, 94, 96), (3, 2, 1, 0, 1, 2, 3))
SYSTOLIC = Band((90, 100, 110, 219), (3, 2, 1, 0, 3))
PULSE = Band((40, 50, 90, 110, 130), (3, 1, 0, 1, 2, 3))
TEMPERATURE_TENTHS = Band((350, 360, 380, 390), (3, 1, 0, 1, 2))
OXYGEN_POINTS = 2
CVPU_POINTS = 3
_TIE = 1e-6
"""Slack that keeps a half a half after a unit conversion blurred it (97.07 degF by way of Kelvin)."""


class Charted(NamedTuple):
    """One set of observations; None where a parameter is missing."""

    respiratory_rate: float | None
    """/min"""
    spo2: float | None
    """%"""
    systolic: float | None
    """mm[Hg]"""
    pulse: float | None
    """/min"""
    temperature: float | None
    """Cel"""
    on_oxygen: bool = False
    alert: bool = True
    """False for new confusion, voice, pain or unresponsive (CVPU)."""


class Total(NamedTuple):
    """The aggregate score 0..20 over what is there, and the highest single parameter 0..3."""

    score: int
    worst: int


def charted(value: float) -> int:
    """Round half up to a whole number, as a rate, saturation or pressure is charted: 91.5 is 92."""
    return math.floor(value + 0.5 + _TIE)


def tenths(celsius: float) -> int:
    """Round half up to tenths of a degree, as a temperature is charted: 38.05 is 38.1, given as 381."""
    return math.floor(celsius * 10 + 0.5 + _TIE)


Earned = tuple[tuple[str, int], ...]
"""Fields of `Charted` and their points; those that are missing are not here."""


def points(chart: Charted, scale: Scale = 1) -> Earned:
    """Return the points of each parameter of one set of observations; a missing one has none.

    Parameters
    ----------
    scale
        2 only for patients whose saturation target is 88-92 % (hypercapnic respiratory failure) on a clinician's word.
    """
    return (
        *_physiology(chart, scale),
        ("on_oxygen", OXYGEN_POINTS if chart.on_oxygen else 0),
        ("alert", 0 if chart.alert else CVPU_POINTS),
    )


def total(chart: Charted, scale: Scale = 1) -> Total:
    """Add up the points of one set of observations; a missing parameter adds nothing."""
    return total_of(points(chart, scale))


def total_of(earned: Earned) -> Total:
    """Add up points."""
    each = [one for _, one in earned]
    return Total(sum(each), max(each))


def level(result: Total) -> Level:
    """Return the clinical risk of RCP 2017, chart 2: a single 3 makes a low score low-medium."""
    if result.score >= 7:
        return "high"
    if result.score >= 5:
        return "medium"
    return "low-medium" if result.worst >= 3 else "low"


def _physiology(chart: Charted, scale: Scale) -> list[tuple[str, int]]:
    saturation = SPO2_SCALE_1
    if scale == 2:
        saturation = SPO2_SCALE_2_OXYGEN if chart.on_oxygen else SPO2_SCALE_2_AIR
    whole = (
        ("respiratory_rate", RESPIRATORY_RATE, chart.respiratory_rate),
        ("spo2", saturation, chart.spo2),
        ("systolic", SYSTOLIC, chart.systolic),
        ("pulse", PULSE, chart.pulse),
    )
    found = [(name, band.of(charted(value))) for name, band, value in whole if value is not None]
    if chart.temperature is not None:
        found.append(("temperature", TEMPERATURE_TENTHS.of(tenths(chart.temperature))))
    return found
