"""Facts to bins: one value per quantity and hour, carried forward, and how old it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.modalities.vitals.columns import Columns
from streams.modalities.vitals.rows import Rows

_NEVER = np.int16(-1)
CLIP = 8.0
"""Normalised values are cut at this many standard deviations; manifests declare the tensor's range so."""


def grid_of(rows: Rows, columns: Columns) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (values, hours_since), each of shape (bins, inputs), oldest bin first."""
    bins, width = columns.bins, len(columns.codes)
    cell = (bins - 1 - rows.age // columns.bin_ms) * width + rows.column
    count = np.bincount(cell, minlength=bins * width)
    total = np.bincount(cell, weights=rows.value, minlength=bins * width)
    filled = count.nonzero()[0]
    values = np.zeros(bins * width, np.float32)
    values[filled] = _normalised(total[filled], count[filled], filled % width, columns)
    return _carried(values, count.reshape(bins, width) > 0, columns)


def _normalised(
    total: NDArray[np.float64], count: NDArray[np.int64], column: NDArray[np.int64], columns: Columns
) -> NDArray[np.float64]:
    for k in columns.sums:
        count[column == k] = 1
    value = total / count
    np.log1p(value, out=value, where=columns.log[column])
    value -= columns.mean[column]
    value /= columns.std[column]
    return np.minimum(np.maximum(value, -CLIP, out=value), CLIP, out=value)


def _carried(
    values: NDArray[np.float32], seen: NDArray[np.bool_], columns: Columns
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fill each bin from the newest earlier bin with a value; a column that has none yet from its empty bin 0."""
    newest = np.maximum.accumulate(np.where(seen, columns.bin, _NEVER), axis=0)
    hours_since = (columns.bin - newest).astype(np.float32)
    unknown = newest < 0
    hours_since[unknown] = -1
    newest[unknown] = 0
    return values.take(newest * columns.row + columns.cells[0]), hours_since
