"""One clinical hour of one patient: its resources, and the arrays made of them, rebuilt only when it changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.clock import HOUR, MINUTE, Instant
from streams.timeline.encoding import encode_slot, pack
from streams.timeline.held import Held
from streams.vocabulary import INDEX, QUANTITIES

UNDATED = -(2**40)
"""Hour and slot number of resources without a clinical time (withdrawals that do not say it)."""

SLOT: Instant = 5 * MINUTE
"""Clinical time that one piece of the changelog covers: what a new fact rewrites. Part of the schema."""


def hour_of(effective_at: Instant | None) -> int:
    """Return the number of the clinical hour, the unit in which the models' columns are cached."""
    return UNDATED if effective_at is None else effective_at // HOUR


def slot_of(effective_at: Instant | None) -> int:
    """Return the number of the slot, the unit in which state is written."""
    return UNDATED if effective_at is None else effective_at // SLOT


def hour_of_slot(slot: int) -> int:
    """Return the hour that a slot lies in."""
    return UNDATED if slot == UNDATED else slot * SLOT // HOUR


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


class Entry(NamedTuple):
    """One resource of an hour, with what is derived from it once: its bytes and its usable measurements."""

    held: Held
    void: bool
    """Whether a higher version has left this patient; what is held then counts for nothing."""
    packed: bytes
    rows: tuple[tuple[Instant, int, float], ...]
    """(effective_at, row of the vocabulary, value) of every plausible measurement of a known quantity."""


def entry(resource: Held, *, void: bool = False) -> Entry:
    """Derive what an hour keeps of a resource."""
    at = resource.effective_at
    rows = () if at is None or void else tuple((at, index, value) for index, value in _plausible(resource))
    return Entry(resource, void, pack(resource), rows)


def _plausible(resource: Held) -> Iterator[tuple[int, float]]:
    for measure in resource.measures:
        index = INDEX.get(measure.code)
        if index is not None and QUANTITIES[index].plausible(measure.value):
            yield index, measure.value


def columns(entries: Collection[Entry]) -> Columns:
    """Turn the resources of one hour into arrays for the models; a function of the set, not of its order."""
    rows = sorted(row for one in entries for row in one.rows)
    basis = sorted((one.rows[0][0], one.held.resource_id, one.held.encounter_id) for one in entries if one.rows)
    return Columns(
        np.array([r[0] for r in rows], dtype=np.int64),
        np.array([r[1] for r in rows], dtype=np.int16),
        np.array([r[2] for r in rows], dtype=np.float64),
        tuple(basis),
        any(one.held.revised or one.held.withdrawn or one.void for one in entries),
        rows[-1][0] if rows else None,
    )


class Hour:
    """Resources of one clinical hour by identity, with their columns cached until something changes."""

    __slots__ = ("_columns", "_slots", "entries")

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Entry] = {}
        self._slots: dict[int, dict[tuple[str, str], bytes]] = {}
        self._columns: Columns | None = None

    def put(self, resource: Held, *, void: bool = False) -> None:
        """Remember a resource, in place of what was known of it."""
        if resource.key in self.entries:
            self.drop(resource.key)
        made = self.entries[resource.key] = entry(resource, void=void)
        self._slots.setdefault(slot_of(resource.effective_at), {})[resource.key] = made.packed
        self._columns = None

    def drop(self, key: tuple[str, str]) -> None:
        """Forget a resource."""
        slot = slot_of(self.entries.pop(key).held.effective_at)
        del self._slots[slot][key]
        if not self._slots[slot]:
            del self._slots[slot]
        self._columns = None

    @property
    def columns(self) -> Columns:
        """The hour's usable measurements."""
        if self._columns is None:
            self._columns = columns(self.entries.values())
        return self._columns

    def encoded(self, slot: int) -> bytes | None:
        """Return the piece that holds one slot of this hour; None where nothing is left in it."""
        packed = self._slots.get(slot)
        return None if packed is None else encode_slot(packed.values())

    def slots(self) -> list[int]:
        """Return the number of every slot of this hour that holds something."""
        return sorted(self._slots)


def united(hours: Sequence[Hour]) -> Columns:
    """Return the columns of one clinical hour whose facts came under several identities."""
    if len(hours) == 1:
        return hours[0].columns
    return columns([one for hour in hours for one in hour.entries.values()])
