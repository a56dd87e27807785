"""Maps of probability to outlines: closed polygons at one half, finer than a pixel."""

from __future__ import annotations

import numpy as np
from contourpy import LineType, contour_generator
from numpy.typing import NDArray

from streams.modalities.imaging.frame import Float32, Float64

HALF = 0.5
_CLIP = 1e-6


def polygons(probability: Float32) -> list[Float64]:
    """Return the polygons around everything of at least one half, the largest first.

    Parameters
    ----------
    probability
        Shape (rows, columns), 0 to 1.

    Returns
    -------
    list
        Each of shape (points, 2): x, y in cells of the map, middle of the first cell at 0.5, 0.5; the last point is
        not the first again. Holes are polygons of their own. Empty where nothing reaches one half.
    """
    p = np.clip(probability.astype(np.float64), _CLIP, 1 - _CLIP)
    # Between cells log odds run evenly, as the network interpolates them; a border of nothing closes what runs into it.
    odds = np.pad(np.log(p / (1 - p)), 1, constant_values=np.log(_CLIP))
    lines = contour_generator(z=odds, line_type=LineType.Separate).lines(0.0)
    closed = [np.asarray(line, np.float64)[:-1] - 0.5 for line in lines if len(line) > 3]
    return sorted(closed, key=area, reverse=True)


def area(polygon: Float64) -> float:
    """Return the area within a polygon, in square pixels (Gauss's shoelace formula)."""
    x, y = polygon[:, 0], polygon[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def filled(polygon: Float64, rows: int, columns: int) -> NDArray[np.bool_]:
    """Return which pixels' middles lie within a polygon, shape (rows, columns); the rule is even-odd."""
    x, y = polygon[:, 0], polygon[:, 1]
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    middles = np.arange(columns) + 0.5
    inside = np.zeros((rows, columns), np.bool_)
    first, last = int(np.floor(y.min() - 0.5)), int(np.ceil(y.max() + 0.5))
    for row in range(max(first, 0), min(last, rows)):
        level = row + 0.5
        crosses = (y <= level) != (next_y <= level)
        at = x[crosses] + (level - y[crosses]) * (next_x[crosses] - x[crosses]) / (next_y[crosses] - y[crosses])
        inside[row] = np.searchsorted(np.sort(at), middles) % 2 == 1
    return inside
