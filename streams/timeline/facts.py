"""One identity's facts as rows, in stretches of time: found, added, taken out, forgotten by age."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from streams.clock import Instant
from streams.timeline.columns import Columns, usable
from streams.timeline.held import Held
from streams.timeline.retention import FAR, Retention
from streams.timeline.rows import (
    DERIVED,
    FIRST,
    NEVER,
    SIZE,
    VOID,
    Rows,
    Words,
    find,
    held_of,
    identify,
    narrowed,
    no_words,
    rows_of,
    viewed,
)
from streams.timeline.slot import SLOT, UNDATED
from streams.timeline.stretch import Stretch, slots_of


class Place(NamedTuple):
    """Where the rows of one resource are; holds until something is put or added."""

    stretch: Stretch
    start: int
    end: int

    @property
    def is_void(self) -> bool:
        """Whether the resource counts for nothing."""
        return bool(self.stretch.raw[self.start + SIZE - 1] & VOID)

    @property
    def is_usable(self) -> bool:
        """Whether any measurement of it reaches the models."""
        return bool(usable(viewed(self.stretch.raw))[self.start // SIZE : self.end // SIZE].any())

    def put(self, raw: bytes) -> None:
        """Hold other rows there; none removes them."""
        self.stretch.replace(self.stretch.raw[: self.start] + raw + self.stretch.raw[self.end :])


class Facts:
    """Rows of resources, one of each key."""

    __slots__ = ("_known", "_retention", "_starts", "stretches", "words")

    def __init__(self, retention: Retention) -> None:
        self._retention = retention
        self.words = no_words()
        """The strings that the rows refer to."""
        self.stretches = [Stretch(NEVER)]
        """Ascending; together they cover all time."""
        self._starts = [NEVER]
        self._known: set[bytes] | None = set()
        """The 16 bytes of the ids of all that is held, and of some that was; None where nobody asked yet."""

    def hold(self, raw: bytes, words: Words) -> None:
        """Hold these rows, in ascending order of time, and nothing else."""
        newest = viewed(raw)["newest_at"]
        # Nothing is too old before that; what it is exactly is found out when something may be.
        due = int(newest.min(initial=FAR)) + min(self._retention.quick_ms, self._retention.slow_ms)
        self.stretches, self._starts, self._known, self.words = [Stretch(NEVER, raw, due)], [NEVER], None, words
        self._cut(0)

    @property
    def raw(self) -> bytes:
        """All rows, those of one slot together."""
        return b"".join([stretch.raw for stretch in self.stretches])

    @property
    def size(self) -> int:
        """Bytes in memory, about: a third each for the rows, for knowing their ids, and for what is made of them."""
        return 3 * sum([len(stretch.raw) for stretch in self.stretches])

    def ids(self) -> bytes:
        """Return the 16 bytes of the id of every resource."""
        rows = viewed(self.raw)
        found: bytes = rows["id"][rows["flags"] & FIRST != 0].tobytes()
        return found

    def columns(self) -> list[Columns]:
        """Return the usable measurements, in parts that follow each other in time."""
        return [one for stretch in self.stretches for one in stretch.columns(self.words)]

    def newest_usable(self) -> Instant:
        """Return the newest ``effective_at`` among the usable facts; `NEVER` where there is none."""
        found = (stretch.newest_usable(self.words) for stretch in reversed(self.stretches))
        return next((at for at in found if at != NEVER), NEVER)

    def resources(self) -> Iterator[Held]:
        """Yield everything that is held."""
        for stretch in self.stretches:
            yield from held_of(stretch.raw, self.words)

    def find(self, key: tuple[str, str]) -> Place | None:
        """Return where a resource is, by source and resource id."""
        source, resource_id = key
        kind, raw = identify(resource_id)
        if not self.may_hold(raw) or source not in self.words.names:
            return None
        number = self.words.names.index(source)
        # Most of what is sent again was charted lately.
        for stretch in reversed(self.stretches):
            found = find(stretch.raw, kind, raw, number)
            if found is not None:
                return Place(stretch, *found)
        return None

    def may_hold(self, raw: bytes) -> bool:
        """Tell whether a resource may be held, by the 16 bytes of its id; mostly not where it is not."""
        if self._known is None:
            self._known = {one for stretch in self.stretches for one in viewed(stretch.raw)["id"].tolist()}
        return raw in self._known

    def at(self, place: Place) -> Held:
        """Return the resource that is there."""
        return next(held_of(place.stretch.raw[place.start : place.end], self.words))

    def void(self, place: Place, *, void: bool) -> None:
        """Note that a resource counts for nothing, or does again."""
        place.put(rows_of(self.at(place), self.words, void=void))

    def add(self, resource: Held, *, void: bool) -> None:
        """Hold one more resource."""
        at, newest = resource.effective_at, resource.newest_at
        identity = identify(resource.resource_id)
        if self._known is not None:
            self._known.add(identity[1])
        place = bisect_right(self._starts, NEVER if at is None else at) - 1
        stretch = self.stretches[place]
        stretch.add(rows_of(resource, self.words, void=void, identity=identity))
        if at is not None and newest is not None:
            stretch.due = min(stretch.due, newest + self._retention.of(resource))
        self._cut(place)

    def _cut(self, place: int) -> None:
        parts = self.stretches[place].cut()
        if len(parts) > 1:
            self.stretches[place : place + 1] = parts
            self._starts = [stretch.start for stretch in self.stretches]

    def forget_before(self, horizon: Instant) -> set[int]:
        """Forget what lies too far before a horizon, and return the slots that lost something."""
        late = [stretch for stretch in self.stretches if stretch.due < horizon]
        lost = {slot for stretch in late for slot in stretch.forget_before(horizon, self._retention)}
        if lost and len(self.stretches) > 1:
            self.stretches = [one for one in self.stretches if one.raw] or self.stretches[:1]
            self.stretches[0].start = NEVER
            self._starts = [stretch.start for stretch in self.stretches]
        return lost

    def slots(self) -> list[int]:
        """Return the number of every slot that holds something, ascending."""
        found: list[int] = np.unique(slots_of(viewed(self.raw))).tolist()
        return found

    def slot(self, number: int) -> tuple[Rows, Words]:
        """Return the rows of one slot as they are written, with what they refer to and nothing else."""
        start = NEVER if number == UNDATED else number * SLOT
        rows = viewed(self.stretches[bisect_right(self._starts, start) - 1].raw)
        at = rows["effective_at"]
        found = rows[at == NEVER if number == UNDATED else (at >= start) & (at < start + SLOT)]
        found["flags"] &= 255 - DERIVED
        return narrowed(found, self.words)
