"""A stretch of one patient's clinical time, some whole slots of it: its rows, and the columns made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.clock import Instant
from streams.timeline.columns import Columns
from streams.timeline.retention import FAR
from streams.timeline.rows import NEVER, SIZE, Rows, Words, no_words, taken_over, viewed
from streams.timeline.slot import SLOT, UNDATED

MOST = 512
"""Rows beyond which a stretch is cut: what a new fact copies, and what is sorted anew after it (60 µs)."""


class Stretch:
    """Rows of some whole slots, with their columns cached until something changes."""

    __slots__ = ("_columns", "due", "most", "raw", "start")

    def __init__(self, start: Instant, raw: bytes = b"", due: Instant = FAR) -> None:
        self.start = start
        """First instant that belongs here."""
        self.raw = raw
        self.due = due
        """Horizon up to which nothing here is too old."""
        self.most = MOST
        """Rows beyond which it is to be cut; twice as many where it could not be."""
        self._columns: Columns | None = None

    def replace(self, raw: bytes) -> None:
        """Hold other rows from now on."""
        self.raw = raw
        self._columns = None

    def columns(self, words: Words) -> Columns:
        """Return the usable measurements."""
        if self._columns is None:
            self._columns = Columns(self.raw, words)
        return self._columns

    def cut(self) -> list[Stretch]:
        """Return what takes its place where it holds too much: parts of about half of that, of whole slots."""
        if len(self.raw) <= self.most * SIZE:
            return [self]
        rows = viewed(self.raw)
        rows = rows[np.argsort(rows["effective_at"], kind="stable")]
        slots = slots_of(rows)
        begins = np.flatnonzero(np.diff(slots)) + 1
        # The first whole slot at or behind every multiple of half of what is too much.
        found = begins.searchsorted(np.arange(MOST // 2, len(rows) - MOST // 4, MOST // 2))
        places = np.unique(begins[found[found < len(begins)]]).tolist()
        if not places:
            self.most = 2 * len(rows)
            return [self]
        starts = [self.start, *(slots[places] * SLOT).tolist()]
        parts = [one.tobytes() for one in np.split(rows, places)]
        return [Stretch(start, part, self.due) for start, part in zip(starts, parts, strict=True)]


def slots_of(rows: Rows) -> NDArray[np.int64]:
    """Return the number of the slot of every row."""
    at = rows["effective_at"]
    found: NDArray[np.int64] = np.where(at == NEVER, UNDATED, at // SLOT)
    return found


def united(found: Sequence[tuple[Stretch, Words]]) -> list[Columns]:
    """Return the columns of stretches of several identities, ascending; those that overlap are made anew as one."""
    groups: list[list[tuple[Stretch, Words]]] = []
    end = -FAR
    for stretch, words in sorted(found, key=lambda one: _span(one[0])):
        first, last = _span(stretch)
        if groups and first <= end:
            groups[-1].append((stretch, words))
        else:
            groups.append([(stretch, words)])
        end = max(end, last)
    return [_together(group) for group in groups]


def _span(stretch: Stretch) -> tuple[Instant, Instant]:
    """First and last instant at which there is something."""
    at = viewed(stretch.raw)["effective_at"]
    dated = at[at != NEVER]
    return (int(dated.min()), int(dated.max())) if len(dated) else (-FAR, -FAR)


def _together(group: Sequence[tuple[Stretch, Words]]) -> Columns:
    if len(group) == 1:
        return group[0][0].columns(group[0][1])
    words = no_words()
    rows = [taken_over(viewed(stretch.raw), theirs, words) for stretch, theirs in group]
    return Columns(b"".join(one.tobytes() for one in rows), words)
