"""One clinical hour of one patient: its resources, and the arrays made of them, rebuilt only when it changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.clock import HOUR, Instant
from streams.timeline.held import Held
from streams.vocabulary import INDEX, QUANTITIES

UNDATED = -(2**40)
"""Hour number of resources without a clinical time (withdrawals that do not say it)."""


def hour_of(effective_at: Instant | None) -> int:
    """Return the number of the clinical hour, the unit in which state is kept."""
    return UNDATED if effective_at is None else effective_at // HOUR


class Columns(NamedTuple):
    """The usable measurements of one hour, sorted by (effective_at, quantity, value); arrays of shape (n,)."""

    effective_at: NDArray[np.int64]
    quantity: NDArray[np.int16]
    value: NDArray[np.float64]
    basis: tuple[tuple[Instant, str, str], ...]
    """(effective_at, resource id, encounter id) of every resource with a usable measurement, ascending."""
    corrected: bool
    newest_at: Instant | None
    """Newest usable ``effective_at``."""


def _rows(resources: list[Held]) -> list[tuple[Instant, int, float]]:
    rows = []
    for resource in resources:
        at = resource.effective_at
        if at is None:
            continue
        for measure in resource.measures:
            index = INDEX.get(measure.code)
            if index is not None and QUANTITIES[index].plausible(measure.value):
                rows.append((at, index, measure.value))
    rows.sort()
    return rows


def _usable(resource: Held) -> bool:
    return any(m.code in INDEX and QUANTITIES[INDEX[m.code]].plausible(m.value) for m in resource.measures)


def columns(resources: list[Held]) -> Columns:
    """Turn the resources of one hour into arrays for the models; a function of the set, not of its order."""
    rows = _rows(resources)
    basis = sorted(
        (r.effective_at, r.resource_id, r.encounter_id) for r in resources if r.effective_at is not None and _usable(r)
    )
    return Columns(
        np.array([r[0] for r in rows], dtype=np.int64),
        np.array([r[1] for r in rows], dtype=np.int16),
        np.array([r[2] for r in rows], dtype=np.float64),
        tuple(basis),
        any(r.revised or r.withdrawn for r in resources),
        rows[-1][0] if rows else None,
    )


class Hour:
    """Resources of one clinical hour by identity, with their columns cached until something changes."""

    __slots__ = ("_columns", "resources")

    def __init__(self) -> None:
        self.resources: dict[tuple[str, str], Held] = {}
        self._columns: Columns | None = None

    def put(self, resource: Held) -> None:
        """Remember a resource, in place of what was known of it."""
        self.resources[resource.key] = resource
        self._columns = None

    def drop(self, key: tuple[str, str]) -> None:
        """Forget a resource."""
        del self.resources[key]
        self._columns = None

    @property
    def columns(self) -> Columns:
        """The hour's usable measurements."""
        if self._columns is None:
            self._columns = columns(list(self.resources.values()))
        return self._columns
