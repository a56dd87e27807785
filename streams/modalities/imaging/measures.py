"""Measures drawn from outlines, each with the lines it was taken along."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from streams.inference.imaging_manifest import WidthRatio
from streams.modalities.imaging.frame import Float64
from streams.modalities.imaging.records import Line, Measured

Found = Mapping[str, Float64]
"""Name of a structure to its polygon in the source."""


def width_ratio(declared: WidthRatio, found: Found) -> Measured | None:
    """Return the ratio of two widths, each from outer edge to outer edge; None where a structure was not found.

    The cardiothoracic ratio of a frontal chest film: greatest width of the heart over greatest inner width of the chest
    (Danzer, Am J Med Sci 1919;157:513).
    """
    if not {*declared.of, *declared.over} <= found.keys():
        return None
    of, over = (_across(names, found) for names in (declared.of, declared.over))
    length = over.end[0] - over.start[0]
    value = (of.end[0] - of.start[0]) / length
    return Measured(declared.name, round(float(value), 4), declared.unit, declared.usual_high, (of, over))


def _across(names: tuple[str, ...], found: Found) -> Line:
    """Return the horizontal line from the leftmost to the rightmost place, halfway between the heights of the two."""
    points = np.concatenate([found[name] for name in names])
    left, right = points[points[:, 0].argmin()], points[points[:, 0].argmax()]
    height = round(float((left[1] + right[1]) / 2), 2)
    return Line(" and ".join(names), (round(float(left[0]), 2), height), (round(float(right[0]), 2), height))
