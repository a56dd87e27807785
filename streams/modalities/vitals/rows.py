"""The facts that a model reads, of several patients at once: those of its codes, within its window and range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.clock import Instant
from streams.modalities.vitals.columns import Columns
from streams.timeline.series import Series, Snapshot


class Rows(NamedTuple):
    """Facts patient by patient, those of one column in ascending clinical time; arrays of shape (n,)."""

    patient: NDArray[np.int64]
    """Place of the patient among those that were asked for."""
    column: NDArray[np.int64]
    age: NDArray[np.int64]
    """Milliseconds before the patient's ``as_of``, from 0 to less than the window."""
    value: NDArray[np.float64]


def rows_of(snapshots: Sequence[Snapshot], columns: Columns) -> Rows:
    """Pick each patient's facts of (as_of - window, as_of] that are inputs or add up to one."""
    windows = [_window(one.series, one.as_of, columns) for one in snapshots]
    quantity, times, value = (np.concatenate(arrays) for arrays in zip(*windows, strict=True))
    patient = np.arange(len(windows)).repeat([len(window.value) for window in windows])
    column = columns.column[quantity]
    keep = column >= 0
    if columns.narrow:
        keep &= (value >= columns.low[column]) & (value <= columns.high[column])
    as_of = np.array([one.as_of for one in snapshots], np.int64)
    return Rows(patient[keep], column[keep], (as_of[patient] - times)[keep], value[keep])


def _window(series: Series, as_of: Instant, columns: Columns) -> Series:
    start, end = series.effective_at.searchsorted((as_of - columns.bins * columns.bin_ms, as_of), "right").tolist()
    window = Series(series.quantity[start:end], series.effective_at[start:end], series.value[start:end])
    if columns.composed and columns.part[window.quantity].any():
        return _with_totals(window, columns)
    return window


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
