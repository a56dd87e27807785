"""A patient's facts as plain objects, hour by hour and made anew for every question: what the rows must agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from streams.clock import HOUR
from streams.records import ObservationVersion
from streams.timeline.corrections import correction, newest
from streams.timeline.held import Held, held, join
from streams.timeline.plausibility import contradictory, plausible, pressures
from streams.timeline.retention import Retention
from streams.timeline.series import Snapshot
from streams.timeline.slot import slot_of


class Eager:
    """The joins of all versions by key, forgotten by age."""

    def __init__(self, retention: Retention, voids: Callable[[Any], bool]) -> None:
        self.retention, self.voids = retention, voids
        self.known: dict[tuple[str, str], Held] = {}
        self.horizon: int | None = None
        self.touched: dict[int, bool] = {}

    def apply(self, event: ObservationVersion) -> None:
        new = held(event)
        old = self.known.get(new.key)
        if old is None and self._is_old(new):
            return
        united = new if old is None else join(old, new)
        if united is old:
            return
        if old is not None and slot_of(old.effective_at) != slot_of(united.effective_at):
            self.touched[slot_of(old.effective_at)] = True
        self.known[new.key] = united
        self.touched.setdefault(slot_of(united.effective_at), False)
        if united.newest_at is not None and (self.horizon is None or united.newest_at > self.horizon):
            self.horizon = united.newest_at
            for key, one in list(self.known.items()):
                if one.effective_at is not None and self._is_old(one):
                    del self.known[key]
                    self.touched[slot_of(one.effective_at)] = True

    def _is_old(self, one: Held) -> bool:
        if self.horizon is None or one.newest_at is None:
            return False
        return one.newest_at < self.horizon - self.retention.of(one)

    def rows(self, one: Held) -> list[tuple[int, int, float]]:
        if one.effective_at is None or self.voids(one):
            return []
        return [(one.effective_at, index, value) for index, value in plausible(one.measures)]

    def usable(self, one: Held) -> list[tuple[int, int, float]]:
        found = [p for other in self.known.values() for p in pressures(other.source, self.rows(other))]
        against = contradictory(found)
        return [row for row in self.rows(one) if not set(pressures(one.source, [row])) & against]

    def snapshot(self) -> Snapshot | None:
        usable = {key: found for key, one in self.known.items() if (found := self.usable(one))}
        rows = sorted(row for found in usable.values() for row in found)
        as_of = rows[-1][0] if rows else self.horizon
        if as_of is None:
            return None
        basis, encounter = self._basis(usable)
        corrections, count = newest(
            c for one in self.known.values() if (c := correction(one, left=self.voids(one))) is not None
        )
        columns = [np.array([row[k] for row in rows]) for k in (1, 0, 2)]
        return Snapshot(
            "p1", as_of, columns, "", "", encounter, count > 0, basis, len(usable), corrections, count,  # type: ignore[arg-type]
        )  # fmt: skip

    def _basis(self, usable: dict[tuple[str, str], Any]) -> tuple[tuple[str, ...], str]:
        """The newest 50, and the encounter that the newest names in the hours that hold them."""
        hours = defaultdict(list)
        for key, rows in usable.items():
            hours[rows[0][0] // HOUR].append((rows[0][0], key[1], self.known[key].encounter_id))
        names: list[str] = []
        encounter = ""
        for hour in sorted(hours, reverse=True):
            if len(names) >= 50:
                break
            ranked = sorted(hours[hour], reverse=True)
            names += [name for _, name, _ in ranked][: 50 - len(names)]
            encounter = encounter or next((e for _, _, e in ranked if e), "")
        return tuple(names), encounter
