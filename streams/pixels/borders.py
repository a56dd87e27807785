"""Text burned into the border of a picture, found and painted over before a model sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
Found = NDArray[np.bool_]
BAND = 0.16
"""Share of each side that is looked at: names, dates and side markers stand there, hearts do not."""
GRID = 512
"""Pixels of the longer side of the reduced picture in which text is looked for."""
_STEP = 0.12
"""Least jump of brightness from ink to its surroundings, as a share of the picture's range."""
_NEAR = 0.3
"""How near ink is to the picture's brightest or darkest, as a share of its range: it is drawn at full scale."""
_STROKE = 13
"""Reduced pixels; strokes are thinner than this, anatomy is wider."""
_COARSE, _AREA = 4, 9
"""Reduced pixels of a coarse cell, and cells across the area whose median is the ground."""
_LEAST, _MOST = 6, 0.5
"""Fewest reduced pixels of ink that count as text, and the largest share of the band that can be ink at all."""
_GROWN = 5
"""Reduced pixels across to which each place of ink is widened, for letters have soft edges."""


def paint_over_text(values: Values) -> tuple[Values, float]:
    """Paint over letters, numbers and markers in the border band with what surrounds them.

    Ink is thinner than anatomy (an opening takes it away: top-hat transform; Serra, Image Analysis and Mathematical
    Morphology, 1982, ch. XII), lies apart from the median around it, and near the brightest or darkest of the picture.
    Some fine bone goes with it; everything within the band's inner edge stays as it is.

    Parameters
    ----------
    values
        Shape (rows, columns), finite.

    Returns
    -------
    values
        The same array where nothing was found, else a copy.
    share
        Share of all pixels that were painted over.
    """
    rows, columns = values.shape
    factor = max(1, -(-max(rows, columns) // GRID))
    if min(rows, columns) < 4 * _STROKE * factor:
        return values, 0.0
    small, ink = _reduced(values, factor), np.zeros((), np.bool_)
    ground, band = _ground(small), _band(small.shape)
    bottom, top = float(values.min()), float(values.max())
    scale = max(top - bottom, 1e-6)
    for sign, far, extreme in zip((1.0, -1.0), (top, bottom), _extremes(values, factor), strict=True):
        thin = sign * small - _opened(sign * small) > _STEP * scale
        apart = sign * (small - ground) > _STEP * scale
        ink = ink | (thin & apart & (np.abs(far - extreme) < _NEAR * scale) & band)
    if not _LEAST <= ink.sum() <= _MOST * band.sum():
        return values, 0.0
    where = _enlarged(_grown(ink), factor, rows, columns)
    painted = np.where(where, _enlarged(ground, factor, rows, columns), values)
    return np.asarray(painted, np.float32), float(where.mean())


def _reduced(values: Values, factor: int) -> Values:
    return np.asarray(_blocks(values, factor).mean((1, 3)), np.float32)


def _extremes(values: Values, factor: int) -> tuple[Values, Values]:
    """Return the brightest and the darkest value of each block: thin strokes survive there."""
    blocks = _blocks(values, factor)
    return blocks.max((1, 3)), blocks.min((1, 3))


def _ground(small: Values) -> Values:
    """Return what lies around each place: the median over an area of which a line of text covers less than half."""
    coarse = np.median(_blocks(small, _COARSE).transpose(0, 2, 1, 3).reshape(*_cells(small.shape), -1), axis=-1)
    half = _AREA // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(coarse, half, mode="edge"), (_AREA, _AREA))
    median = np.asarray(np.median(windows.reshape(*coarse.shape, -1), axis=-1), np.float32)
    return _smooth(_enlarged(median, _COARSE, *small.shape))


def _cells(shape: tuple[int, ...]) -> tuple[int, int]:
    return -(-shape[0] // _COARSE), -(-shape[1] // _COARSE)


def _opened(values: Values) -> Values:
    """Return a picture without what is brighter than its surroundings and thinner than a stroke."""
    return _filtered(_filtered(values, _STROKE, np.min), _STROKE, np.max)


def _blocks(values: Values, factor: int) -> Values:
    """Return the picture in squares of `factor` pixels; squares beyond the edge repeat it."""
    rows, columns = (-side % factor for side in values.shape)
    whole = np.pad(values, ((0, rows), (0, columns)), mode="edge") if rows or columns else values
    return whole.reshape(whole.shape[0] // factor, factor, whole.shape[1] // factor, factor)


def _filtered(values: Values, size: int, take: Callable[..., Values]) -> Values:
    """Return the least or greatest (or mean) of the square around each place, one axis after the other."""
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (size // 2, size // 2)
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, pad, mode="edge"), size, axis=axis)
        values = take(windows, axis=-1)
    return values


def _smooth(values: Values) -> Values:
    return np.asarray(_filtered(values, _GROWN, np.mean), np.float32)


def _grown(ink: Found) -> Found:
    return np.asarray(_filtered(ink.astype(np.float32), _GROWN, np.max) > 0)


def _band(shape: tuple[int, ...]) -> Found:
    band = np.ones(shape, np.bool_)
    rows, columns = (max(1, int(side * BAND)) for side in shape)
    band[rows:-rows, columns:-columns] = False
    return band


def _enlarged(small: NDArray[Any], factor: int, rows: int, columns: int) -> NDArray[Any]:
    return small.repeat(factor, 0).repeat(factor, 1)[:rows, :columns]
