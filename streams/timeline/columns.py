"""What of the rows reaches a model: possible values that do not contradict each other, in order of clinical time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.clock import Instant
from streams.records import Correction
from streams.timeline.codebook import CODEBOOK
from streams.timeline.corrections import correction
from streams.timeline.plausibility import DIASTOLIC, SYSTOLIC
from streams.timeline.rows import FIRST, KIND, NEVER, REVISED, SIZE, VOID, WITHDRAWN, Rows, Words, held_of, id_of
from streams.timeline.rows import viewed as rows_in
from streams.vocabulary import INDEX, QUANTITIES

# The last of each stands for a code that is not in the vocabulary, or for none.
_QUANTITY = np.array([*(INDEX.get(code, len(QUANTITIES)) for code in CODEBOOK), len(QUANTITIES)], np.int16)
_LOW = np.array([*(q.low for q in QUANTITIES), np.nan])
_HIGH = np.array([*(q.high for q in QUANTITIES), np.nan])
_PRESSURE = np.zeros(len(QUANTITIES) + 1, bool)
_PRESSURE[[SYSTOLIC, DIASTOLIC]] = True
_CHANGED = VOID | REVISED | WITHDRAWN

Basis = tuple[Instant, str, str]
"""effective_at, resource id, encounter id."""


def quantities(rows: Rows) -> NDArray[np.int16]:
    """Return the row of the vocabulary of every measure; one beyond the last where the code is not in it."""
    found: NDArray[np.int16] = _QUANTITY[np.maximum(rows["code"], -1)]
    return found


def usable(rows: Rows) -> NDArray[np.bool_]:
    """Tell of every row whether it reaches the models; a function of the set of rows that share an instant."""
    quantity, value = quantities(rows), rows["value"]
    kept: NDArray[np.bool_] = (value >= _LOW[quantity]) & (value <= _HIGH[quantity])
    kept &= (rows["effective_at"] != NEVER) & (rows["flags"] & VOID == 0)
    pressures = np.flatnonzero(kept & _PRESSURE[quantity])
    if len(pressures) > 1:
        kept[pressures] = ~_contradicted(rows[pressures], quantity[pressures] == SYSTOLIC)
    return kept


def _contradicted(rows: Rows, systolic: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell of every pressure whether another of its source and instant contradicts it; see `plausibility`."""
    at, source, value = rows["effective_at"], rows["source"], rows["value"]
    order = np.lexsort((source, at))
    begins = np.ones(len(rows), bool)
    begins[1:] = (np.diff(at[order]) != 0) | (np.diff(source[order].astype(np.int32)) != 0)
    starts = np.flatnonzero(begins)
    lowest = np.minimum.reduceat(np.where(systolic, value, np.inf)[order], starts)
    highest = np.maximum.reduceat(np.where(systolic, -np.inf, value)[order], starts)
    place = np.empty(len(rows), np.intp)
    place[order] = np.cumsum(begins) - 1
    found: NDArray[np.bool_] = np.where(systolic, value <= highest[place], value >= lowest[place])
    return found


class Columns:
    """The usable measurements of a stretch of clinical time, sorted by (effective_at, quantity, value).

    Parameters
    ----------
    raw
        Rows of whole clinical hours.
    words
        What they refer to.
    """

    __slots__ = ("_firsts", "_raw", "_words", "corrections", "effective_at", "newest_at", "quantity", "value")

    def __init__(self, raw: bytes, words: Words) -> None:
        rows = rows_in(raw)
        kept = np.flatnonzero(usable(rows))
        at, quantity, value = rows["effective_at"][kept], quantities(rows)[kept], rows["value"][kept]
        order = np.lexsort((value, quantity, at))
        self.effective_at: NDArray[np.int64] = at[order]
        self.quantity: NDArray[np.int16] = quantity[order]
        self.value: NDArray[np.float64] = value[order]
        self.newest_at: Instant | None = int(self.effective_at[-1]) if len(order) else None
        """Newest usable ``effective_at``."""
        resource = np.cumsum(rows["flags"] & FIRST != 0)[kept]
        self._firsts = kept[np.diff(resource, prepend=0) != 0]
        self.corrections: tuple[Correction, ...] = _corrections(rows, raw, words)
        """Resources that were replaced or withdrawn, in no order."""
        self._raw, self._words = raw, words

    @property
    def count(self) -> int:
        """Resources with a usable measurement."""
        return len(self._firsts)

    def newest(self, most: int) -> list[Basis]:
        """Return the newest resources with a usable measurement, newest first."""
        rows, firsts = rows_in(self._raw), self._firsts
        at = rows["effective_at"][firsts]
        if len(firsts) > most:
            firsts = firsts[at >= np.partition(at, len(at) - most)[len(at) - most]]
        return sorted(self._basis(rows[firsts]), reverse=True)[:most]

    def naming(self, since: Instant) -> list[Basis]:
        """Return the resources with a usable measurement since an instant that name an encounter."""
        found = rows_in(self._raw)[self._firsts]
        return self._basis(found[(found["encounter"] != 0) & (found["effective_at"] >= since)])

    def _basis(self, rows: Rows) -> list[Basis]:
        kinds = (rows["flags"] & KIND).tolist()
        found = zip(rows["effective_at"].tolist(), kinds, rows["id"].tolist(), rows["encounter"].tolist(), strict=True)
        return [(at, id_of(kind, raw, self._words), self._words.names[place]) for at, kind, raw, place in found]


def _corrections(rows: Rows, raw: bytes, words: Words) -> tuple[Correction, ...]:
    changed = rows["flags"] & _CHANGED != 0
    if not changed.any():
        return ()
    firsts = np.flatnonzero(changed & (rows["flags"] & FIRST != 0)).tolist()
    found = []
    for place in firsts:
        flags = int(rows["flags"][place])
        # The first of its rows says all that a correction is made of.
        one = next(held_of(raw[place * SIZE : (place + 1) * SIZE], words))
        found.append(correction(one, left=bool(flags & VOID)))
    return tuple(filter(None, found))
