"""Facts to bins: one value per patient, quantity and hour, carried forward, and how old it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.modalities.vitals.columns import Columns
from streams.modalities.vitals.rows import Rows

_NEVER = np.int32(-1)
CLIP = 8.0
"""Normalised values are cut at this many standard deviations; manifests declare the tensor's range so."""


def grid_of(rows: Rows, patients: int, columns: Columns) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (values, hours_since), each of shape (patients, bins, inputs), oldest bin first."""
    bins, width = columns.bins, len(columns.codes)
    cells = patients * bins * width
    cell = ((rows.patient + 1) * bins - 1 - rows.age // columns.bin_ms) * width + rows.column
    count = np.bincount(cell, minlength=cells)
    total = np.bincount(cell, weights=rows.value, minlength=cells)
    filled = count.nonzero()[0]
    values = np.zeros(cells, np.float32)
    values[filled] = _normalised(total[filled], count[filled], filled % width, columns)
    return _carried(values, (count > 0).reshape(patients, bins, width))


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


def _carried(values: NDArray[np.float32], seen: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fill each cell from the newest earlier bin of its column with a value; 0 and -1 where there is none yet."""
    cell = np.arange(seen.size, dtype=np.int32).reshape(seen.shape)
    newest = np.where(seen, cell, _NEVER)
    np.maximum.accumulate(newest, axis=1, out=newest)
    unknown = newest < 0
    hours_since = ((cell - newest) // np.int32(seen.shape[2])).astype(np.float32)
    np.copyto(hours_since, -1, where=unknown)
    carried = values.take(newest, mode="wrap")
    np.copyto(carried, 0, where=unknown)
    return carried, hours_since
