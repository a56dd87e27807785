"""A patient's window as two small arrays that each new fact updates in place: the least work that feeds the model.

Bins lie on the clock's hours instead of hanging on ``as_of``, so a fact touches one cell and the arrays move once an
hour. Where facts come on whole hours, within the window, the arrays equal those of `streams.modalities.vitals`.
Late facts are skipped, and what slides out of the window stays carried forward.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.inference.manifest import Input, Manifest

CLIP = 8.0

Float32 = NDArray[np.float32]


class Fact(NamedTuple):
    """One measured value of one patient."""

    patient_id: str
    at: int
    """Clinical time in milliseconds."""
    code: str
    value: float


class Window:
    """One patient's arrays, each of shape (bins, inputs), oldest bin first."""

    __slots__ = ("cells", "hour", "hours_since", "values")

    def __init__(self, bins: int, width: int, hour: int) -> None:
        self.hour = hour
        self.values = np.zeros((bins, width), np.float32)
        self.hours_since = np.full((bins, width), -1, np.float32)
        self.cells: dict[int, tuple[float, int]] = {}
        """Column to (total, count) of the newest bin."""

    def move(self, hour: int) -> None:
        """Slide to a later hour; what is known is carried forward and grows older."""
        bins = len(self.values)
        for _ in range(min(hour - self.hour, bins)):
            last = self.hours_since[-1].copy()
            self.values[:-1] = self.values[1:]
            self.hours_since[:-1] = self.hours_since[1:]
            self.hours_since[-1] = np.where(last >= 0, np.minimum(last + 1, bins - 1), last)
        self.hour = hour
        self.cells.clear()

    def put(self, column: int, value: float, declared: Input) -> None:
        """Take one value into the newest bin."""
        total, count = self.cells.get(column, (0.0, 0))
        total, count = total + value, count + 1
        self.cells[column] = total, count
        mean = total if declared.aggregate == "sum" else total / count
        scaled = math.log1p(mean) if declared.scale == "log1p" else mean
        self.values[-1, column] = min(max((scaled - declared.mean) / declared.std, -CLIP), CLIP)
        self.hours_since[-1, column] = 0


class Windows:
    """The windows of all patients, and the batches made of them."""

    def __init__(self, spec: Manifest) -> None:
        self._inputs = spec.inputs
        self._column = {declared.code: k for k, declared in enumerate(spec.inputs)}
        self._shape = spec.window.bins, len(spec.inputs)
        self._bin_ms = spec.window.bin_s * 1000
        self._windows: dict[str, Window] = {}

    def take(self, facts: Sequence[Fact]) -> dict[str, Float32]:
        """Take facts in order and return one row each: the patient as known with that fact."""
        values = np.empty((len(facts), *self._shape), np.float32)
        hours_since = np.empty_like(values)
        for row, fact in enumerate(facts):
            window = self._updated(fact)
            values[row], hours_since[row] = window.values, window.hours_since
        # Neither age nor sex is known: no Patient resource is read.
        return {"values": values, "hours_since": hours_since, "statics": np.zeros((len(facts), 4), np.float32)}

    def _updated(self, fact: Fact) -> Window:
        hour = -(-fact.at // self._bin_ms)
        window = self._windows.get(fact.patient_id)
        if window is None:
            window = self._windows[fact.patient_id] = Window(*self._shape, hour)
        if hour > window.hour:
            window.move(hour)
        column = self._column.get(fact.code)
        if column is not None and hour == window.hour:
            window.put(column, fact.value, self._inputs[column])
        return window
