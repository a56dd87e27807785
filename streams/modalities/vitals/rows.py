"""The facts of one patient that a model reads: those of its codes, within its window and range."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.clock import Instant
from streams.modalities.vitals.columns import Columns
from streams.timeline.series import Series


class Rows(NamedTuple):
    """Facts, those of one column in ascending clinical time; arrays of shape (n,)."""

    column: NDArray[np.int64]
    age: NDArray[np.int64]
    """Milliseconds before ``as_of``, from 0 to less than the window."""
    value: NDArray[np.float64]


def rows_of(series: Series, as_of: Instant, columns: Columns) -> Rows:
    """Pick the facts of (as_of - window, as_of] that are inputs or add up to one."""
    times = series.effective_at
    start = times.searchsorted(as_of - columns.bins * columns.bin_ms, "right")
    end = times.searchsorted(as_of, "right")
    window = Series(series.quantity[start:end], times[start:end], series.value[start:end])
    if columns.composed and columns.part[window.quantity].any():
        window = _with_totals(window, columns)
    column = columns.column[window.quantity]
    keep = column >= 0
    if columns.narrow:
        keep &= (window.value >= columns.low[column]) & (window.value <= columns.high[column])
    return Rows(column[keep], as_of - window.effective_at[keep], window.value[keep])


def _with_totals(window: Series, columns: Columns) -> Series:
    """Add the totals that follow from their parts; each column stays in ascending time."""
    found = [window, *(_totals(window, total, parts) for total, parts in columns.composed)]
    quantity, times, value = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    if not any((window.quantity == total).any() for total, _ in columns.composed):
        return Series(quantity, times, value)  # nothing to weave the new totals into
    order = times.argsort(kind="stable")
    return Series(quantity[order], times[order], value[order])


def _totals(window: Series, total: int, parts: tuple[int, ...]) -> Series:
    """Add up the parts of every instant that has them all and not the total itself.

    Of two values of one part at one instant the higher counts: a series is sorted by value last.
    """
    mine = [np.flatnonzero(window.quantity == row) for row in (*parts, total)]
    times = np.unique(window.effective_at[np.concatenate(mine)])
    known = np.full((len(mine), len(times)), np.nan)
    for row, facts in zip(known, mine, strict=True):
        row[times.searchsorted(window.effective_at[facts])] = window.value[facts]
    sums = known[:-1].sum(axis=0)
    new = np.isfinite(sums) & np.isnan(known[-1])
    return Series(np.full(int(new.sum()), total, np.int16), times[new], sums[new])
