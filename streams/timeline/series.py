"""What a model may see of one patient: usable measurements in order of clinical time, and demographics."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.clock import Instant
from streams.records import Correction
from streams.timeline.studies import HeldStudy


class Series(NamedTuple):
    """Usable measurements of one patient, sorted by (effective_at, quantity, value).

    All arrays have shape (n,). No NaN: what is missing is absent. Values out of the vocabulary's possible range,
    withdrawn facts and facts beyond retention are not here.
    """

    quantity: NDArray[np.int16]
    """Row of `streams.vocabulary.QUANTITIES`."""
    effective_at: NDArray[np.int64]
    """Milliseconds since the epoch, ascending."""
    value: NDArray[np.float64]
    """In the vocabulary's unit."""


class Snapshot(msgspec.Struct, frozen=True):
    """One patient as the models see them at one clinical instant; a function of the set of facts alone."""

    patient_id: str
    as_of: Instant
    """Newest ``effective_at`` among the usable facts."""
    series: Series
    birth_date: str
    """``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; empty where unknown."""
    sex: str
    """FHIR administrative gender; empty where unknown."""
    encounter_id: str
    """The encounter that goes on, else the one that the newest usable fact names; empty where neither is known."""
    corrected: bool
    """True where a retained fact has been replaced or withdrawn."""
    basis: tuple[str, ...]
    """Resource ids of the newest facts, at most 50."""
    basis_count: int
    corrections: tuple[Correction, ...] = ()
    """What was replaced or withdrawn, newest first, at most 10."""
    corrections_count: int = 0
    ward: str = ""
    """Ward of the encounter that goes on; empty where unknown or discharged."""
    bed: str = ""
    studies: tuple[HeldStudy, ...] = ()
    """What stands of the patient's imaging studies and notes, the newest last; their time does not count in `as_of`."""


def series_of(rows: list[tuple[Instant, int, float]]) -> Series:
    """Sort (effective_at, quantity, value) rows into a `Series`."""
    rows.sort()
    times, quantities, values = zip(*rows, strict=True) if rows else ((), (), ())
    return Series(
        np.array(quantities, dtype=np.int16),
        np.array(times, dtype=np.int64),
        np.array(values, dtype=np.float64),
    )
