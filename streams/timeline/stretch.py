"""A stretch of one patient's clinical time, some whole slots of it: its rows, and the columns made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.clock import Instant
from streams.timeline.columns import Columns, Few, joined, usable
from streams.timeline.retention import FAR, Retention
from streams.timeline.rows import ALONE, NEVER, PACKED, SIZE, Rows, Words, no_words, taken_over, viewed
from streams.timeline.slot import SLOT, UNDATED

MOST = 128
"""Rows beyond which a stretch is cut: what a new fact copies, and what is sorted anew after it (60 µs)."""


NEW = 16
"""Rows that are looked at again with each new fact, one by one (1 µs each)."""


class Stretch:
    """Rows of some whole slots, with their columns cached until something changes."""

    __slots__ = ("_columns", "_settled", "due", "most", "raw", "start")

    def __init__(self, start: Instant, raw: bytes = b"", due: Instant = FAR) -> None:
        self.start = start
        """First instant that belongs here."""
        self.raw = raw
        self.due = due
        """Horizon up to which nothing here is too old."""
        self.most = MOST
        """Rows beyond which it is to be cut; twice as many where it could not be."""
        self._columns: list[Columns] = []
        self._settled = (0, NEVER)
        """Bytes of the rows that the first columns are of, and the newest instant among them."""

    def replace(self, raw: bytes) -> None:
        """Hold other rows from now on."""
        self.raw = raw
        self._columns = []

    def add(self, raw: bytes) -> None:
        """Hold more rows from now on."""
        self.raw += raw
        del self._columns[1:]

    def columns(self, words: Words) -> list[Columns]:
        """Return the usable measurements, ascending: those that stand for long, and the newest.

        New facts are mostly newer than all there are, and those of one instant come one by one: only the newest are
        then looked at again.
        """
        if len(self._columns) < 2:
            end, newest = self._settled
            added = [row[2] for row in PACKED.iter_unpack(self.raw[end:])]
            if not self._columns or min(added, default=FAR) <= newest or len(added) > 4 * NEW:
                self._settle(words)
            elif len(added) > NEW:
                self._grow(added, words)
            self._columns.append(Few(self.raw[self._settled[0] :], words))
        return self._columns

    def _grow(self, added: list[Instant], words: Words) -> None:
        """Let what has been added stand too, but for the newest instant, to which more may come."""
        end, newest = self._settled[0], max(added)
        rows = [self.raw[place : place + SIZE] for place in range(end, len(self.raw), SIZE)]
        older = b"".join(row for row, at in zip(rows, added, strict=True) if at < newest)
        last = b"".join(row for row, at in zip(rows, added, strict=True) if at == newest)
        if len(last) > NEW * SIZE:
            self._settle(words)
            return
        self.raw = self.raw[:end] + older + last
        self._settled = end + len(older), max((at for at in added if at < newest), default=self._settled[1])
        self._columns = [joined(self._columns[0], Few(older, words))]

    def _settle(self, words: Words) -> None:
        rows = viewed(self.raw)
        rows = rows[np.argsort(rows["effective_at"], kind="stable")]
        at = rows["effective_at"]
        place = int(at.searchsorted(at[-1])) if len(at) else 0
        if len(at) - place > NEW:
            place = len(at)
        self.raw = rows.tobytes()
        self._settled = place * SIZE, int(at[place - 1]) if place else NEVER - 1
        self._columns = [Columns(self.raw[: place * SIZE], words)]

    def forget_before(self, horizon: Instant, retention: Retention) -> set[int]:
        """Forget what lies too far before a horizon, and return the slots that lost something."""
        rows = viewed(self.raw)
        if not len(rows):
            return set()
        due = retention.due(rows)
        old = due < horizon
        self.due = int(due[~old].min(initial=FAR))
        if not old.any():
            return set()
        self.replace(rows[~old].tobytes())
        return set(slots_of(rows[old]).tolist())

    def newest_usable(self, words: Words) -> Instant:
        """Return the newest ``effective_at`` among the usable facts; `NEVER` where there is none."""
        if self._columns:
            found = [one.newest_at for one in self.columns(words) if one.newest_at is not None]
            return max(found, default=NEVER)
        rows = viewed(self.raw)
        at = rows["effective_at"]
        newest = int(at[rows["flags"] & ALONE != 0].max(initial=NEVER))
        # Nearly always the answer, and looking at one instant costs a tenth of looking at all.
        if newest == NEVER or usable(rows[at == newest]).any():
            return newest
        return int(at[usable(rows)].max(initial=NEVER))

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
    return [columns for group in groups for columns in _together(group)]


def _span(stretch: Stretch) -> tuple[Instant, Instant]:
    """First and last instant at which there is something."""
    at = viewed(stretch.raw)["effective_at"]
    dated = at[at != NEVER]
    return (int(dated.min()), int(dated.max())) if len(dated) else (-FAR, -FAR)


def _together(group: Sequence[tuple[Stretch, Words]]) -> list[Columns]:
    if len(group) == 1:
        return group[0][0].columns(group[0][1])
    words = no_words()
    rows = [taken_over(viewed(stretch.raw), theirs, words) for stretch, theirs in group]
    return [Columns(b"".join(one.tobytes() for one in rows), words)]
