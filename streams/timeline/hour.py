"""One clinical hour of one patient: its resources, and the arrays made of them, rebuilt only when it changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.clock import HOUR, MINUTE, Instant
from streams.records import Correction
from streams.timeline.corrections import correction
from streams.timeline.encoding import encode_slot, pack
from streams.timeline.held import Held
from streams.timeline.plausibility import Pressure, contradictory, plausible, pressures

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
    corrections: tuple[Correction, ...]
    """Resources of this hour that were replaced or withdrawn, in no order."""
    newest_at: Instant | None
    """Newest usable ``effective_at``."""
    contradictory: frozenset[Pressure]
    """Plausible pressures that contradict each other, of one resource or of two; not among the measurements."""


class Entry(NamedTuple):
    """One resource of an hour, with what is derived from it once: its bytes and its usable measurements."""

    held: Held
    void: bool
    """Whether a higher version has left this patient; what is held then counts for nothing."""
    packed: bytes
    rows: tuple[tuple[Instant, int, float], ...]
    """(effective_at, row of the vocabulary, value) of every plausible measurement of a known quantity."""
    pressures: list[Pressure]
    """Those of `rows` that may contradict another."""

    @property
    def is_changed(self) -> bool:
        """Whether it may count as a correction."""
        return self.void or self.held.revised or self.held.withdrawn

    @property
    def is_whole(self) -> bool:
        """Whether nothing that it says is left out by itself; cheap, for looking closer only where something is."""
        return len(self.rows) == len(self.held.measures) and not contradictory(self.pressures)

    def usable(self, against: frozenset[Pressure]) -> tuple[tuple[Instant, int, float], ...]:
        """Return the rows that nothing contradicts."""
        if not against or not self.pressures:
            return self.rows
        source = self.held.source
        return tuple(row for row in self.rows if Pressure(source, *row) not in against)


def entry(resource: Held, *, void: bool = False) -> Entry:
    """Derive what an hour keeps of a resource."""
    at = resource.effective_at
    rows = () if at is None or void else tuple((at, index, value) for index, value in plausible(resource.measures))
    return Entry(resource, void, pack(resource), rows, pressures(resource.source, rows))


def columns(entries: Collection[Entry]) -> Columns:
    """Turn the resources of one hour into arrays for the models; a function of the set, not of its order."""
    against = contradictory([pressure for one in entries for pressure in one.pressures])
    usable = [(one.held, found) for one in entries if (found := one.usable(against) if against else one.rows)]
    rows = sorted(row for _, found in usable for row in found)
    basis = sorted((found[0][0], held.resource_id, held.encounter_id) for held, found in usable)
    return Columns(
        np.array([r[0] for r in rows], dtype=np.int64),
        np.array([r[1] for r in rows], dtype=np.int16),
        np.array([r[2] for r in rows], dtype=np.float64),
        tuple(basis),
        tuple(filter(None, [correction(one.held, left=one.void) for one in entries if one.is_changed])),
        rows[-1][0] if rows else None,
        against,
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

    def is_usable(self, key: tuple[str, str]) -> bool:
        """Tell whether any measurement of a resource reaches the models."""
        return bool(self.entries[key].usable(self.columns.contradictory))

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
