"""A reading drawn over its picture: outlines, lines of measures, heat; for people to check by eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.modalities.imaging.records import Heat, Outline, Point, Reading

Rgb = NDArray[np.uint8]

COLOURS = ((255, 96, 96), (96, 224, 96), (96, 160, 255), (255, 208, 64), (224, 96, 255), (64, 224, 224))
"""Of outlines, in their order; lines of measures take the last ones."""
WARM = np.array([255.0, 64.0, 0.0])
COOL = np.array([0.0, 96.0, 255.0])
SHARE = 0.45
"""Most of a pixel's colour that heat takes."""
FULL = 4.0
"""Log odds at which heat is drawn at its strongest."""


def overlay(values: NDArray[np.float32], reading: Reading) -> Rgb:
    """Return the picture in grey with everything that was found drawn in, shape (rows, columns, 3).

    Parameters
    ----------
    values
        The picture that was read, shape (rows, columns), any scale; what is not finite is black.
    reading
        Of that picture. Refused readings show what outlines there are.
    """
    picture = np.repeat(_grey(values)[:, :, None], 3, axis=2)
    for heat in reading.heat:
        picture = _heated(picture, heat)
    drawn = np.round(picture).astype(np.uint8)
    for k, outline in enumerate(reading.outlines):
        _draw(drawn, outline, COLOURS[k % len(COLOURS)])
    for k, line in enumerate(line for measured in reading.measures for line in measured.lines):
        _stroke(drawn, line.start, line.end, COLOURS[-1 - k % len(COLOURS)])
    return drawn


def _grey(values: NDArray[np.float32]) -> NDArray[np.float64]:
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(values.shape)
    low, high = np.percentile(values[known], (0.5, 99.5))
    scaled = (np.where(known, values, low) - low) / max(float(high - low), 1e-12)
    return np.asarray(np.clip(scaled, 0, 1) * 255, np.float64)


def _heated(picture: NDArray[np.float64], heat: Heat) -> NDArray[np.float64]:
    """Tint what speaks for the finding warm and what speaks against it cool; cells are shown as they are."""
    grid = np.array(heat.values)
    rows, columns = (np.arange(n) + 0.5 for n in picture.shape[:2])
    down = np.floor((rows - heat.corner[1]) / heat.size[1] * len(grid)).astype(int)
    across = np.floor((columns - heat.corner[0]) / heat.size[0] * grid.shape[1]).astype(int)
    inside = ((down >= 0) & (down < len(grid)))[:, None] & ((across >= 0) & (across < grid.shape[1]))
    cells = grid[np.clip(down, 0, len(grid) - 1)][:, np.clip(across, 0, grid.shape[1] - 1)]
    share = (np.clip(np.abs(cells) / FULL, 0, 1) * SHARE * inside)[:, :, None]
    return np.asarray(picture * (1 - share) + np.where(cells[:, :, None] > 0, WARM, COOL) * share, np.float64)


def _draw(picture: Rgb, outline: Outline, colour: tuple[int, int, int]) -> None:
    for start, end in zip(outline.points, (*outline.points[1:], outline.points[0]), strict=True):
        _stroke(picture, start, end, colour)


def _stroke(picture: Rgb, start: Point, end: Point, colour: tuple[int, int, int]) -> None:
    """Draw a line that stays visible when the picture is shown small."""
    rows, columns = picture.shape[:2]
    thick = max(1, round(min(rows, columns) / 400))
    steps = 2 + int(2 * max(abs(end[0] - start[0]), abs(end[1] - start[1])))
    x, y = np.floor(np.linspace(start, end, steps)).astype(int).T
    for down in range(thick):
        for across in range(thick):
            picture[np.clip(y + down, 0, rows - 1), np.clip(x + across, 0, columns - 1)] = colour
