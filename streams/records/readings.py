"""What a model says of one picture, in the coordinates of the picture as it came."""

from __future__ import annotations

import msgspec

from streams.records.scores import Level

Point = tuple[float, float]
"""x, y in pixels of the source; 0, 0 is the upper left corner of the upper left pixel."""


class ClassProbability(msgspec.Struct, frozen=True):
    """How likely one finding is."""

    name: str
    probability: float
    """Calibrated, 0 to 1."""
    level: Level
    """By the manifest's thresholds."""


class Line(msgspec.Struct, frozen=True):
    """One line that a measure was taken along, so that it can be drawn and checked by eye."""

    name: str
    """What it crosses, e.g. ``heart``."""
    start: Point
    end: Point


class Measured(msgspec.Struct, frozen=True):
    """One measure with the lines it was taken along."""

    name: str
    value: float
    unit: str
    """UCUM; ``1`` for a ratio."""
    usual_high: float | None
    """Upper end of what is usual in the people the model is for; above it is no diagnosis."""
    lines: tuple[Line, ...]
    """For a ratio: what is divided, then what it is divided by."""


class Outline(msgspec.Struct, frozen=True):
    """The edge of one structure."""

    name: str
    points: tuple[Point, ...]
    """Corners of a closed polygon; the first is not repeated at the end."""


class Heat(msgspec.Struct, frozen=True):
    """How much each part of the picture spoke for a finding (class-activation map; Zhou et al., CVPR 2016)."""

    name: str
    """The class."""
    values: tuple[tuple[float, ...], ...]
    """Rows of cells, top first. On the scale of log odds: the mean of all cells is the logit of the probability."""
    corner: Point
    """Upper left corner of the grid in the picture."""
    size: Point
    """Width and height of the grid in the picture."""


class Reading(msgspec.Struct, frozen=True):
    """What one model says of one picture."""

    model: str
    version: str
    classes: tuple[ClassProbability, ...] = ()
    measures: tuple[Measured, ...] = ()
    outlines: tuple[Outline, ...] = ()
    heat: tuple[Heat, ...] = ()
    refusals: tuple[str, ...] = ()
    """Why nothing of it is to be believed (``implausible:heart-area``, ``min-side``, ``contract``); then `classes` and
    `measures` are empty, and `outlines` are there only for whoever wants to see why. Empty where all is plausible."""
