"""One patient's facts over clinical time: a set that only grows by union, and forgets only by age."""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.clock import Instant
from streams.records import ClinicalEvent, ObservationVersion, PatientVersion
from streams.timeline.held import Held, HeldPatient, held, held_patient, join, join_patient
from streams.timeline.hour import UNDATED, Hour, hour_of, slot_of
from streams.vocabulary import INDEX, QUANTITIES

Outcome = Literal["added", "replaced", "withdrawn", "older", "repeated", "beyond-retention"]

DEMOGRAPHICS = UNDATED - 1
"""Piece number of a patient's demographics."""

_SLOW_KINDS = frozenset({"lab", "body"})
_FLAG = "Flag/"
_FOREVER = 2**62
"""A clinician's flag stands until it is taken back, and taken back it stays."""


class Retention(msgspec.Struct, frozen=True):
    """How long before a patient's horizon facts are remembered, in milliseconds of clinical time."""

    quick_ms: Instant
    slow_ms: Instant

    def of(self, resource: Held) -> Instant:
        """Return the retention of one resource: slow for laboratory and body measures and for withdrawals."""
        if resource.resource_id.startswith(_FLAG):
            return _FOREVER
        kinds = {QUANTITIES[INDEX[m.code]].kind for m in resource.measures if m.code in INDEX}
        return self.slow_ms if kinds <= _SLOW_KINDS else self.quick_ms


class Timeline:
    """All that is remembered of one patient.

    Parameters
    ----------
    retention
        How long facts are remembered before the horizon, the newest ``effective_at`` ever accepted.
    """

    __slots__ = ("_where", "horizon", "hours", "patients", "retention", "touched")

    def __init__(self, retention: Retention) -> None:
        self.retention = retention
        self.hours: dict[int, Hour] = {}
        self.patients: dict[tuple[str, str], HeldPatient] = {}
        self.horizon: Instant | None = None
        self.touched: dict[int, bool] = {}
        """Pieces changed since they were last taken for writing, and whether they lost something."""
        self._where: dict[tuple[str, str], int] = {}

    def apply(self, event: ClinicalEvent) -> Outcome:
        """Take in one version of one resource and say what became of it."""
        if isinstance(event, PatientVersion):
            return self._apply_patient(event)
        return self._apply_observation(event)

    def _apply_patient(self, event: PatientVersion) -> Outcome:
        new = held_patient(event)
        old = self.patients.get(new.key)
        if old is not None and old.version >= new.version:
            return "repeated" if old.version == new.version else "older"
        self.put_patient(new)
        if new.withdrawn:
            return "withdrawn"
        return "added" if old is None else "replaced"

    def _apply_observation(self, event: ObservationVersion) -> Outcome:
        new = held(event)
        old = self.get(new.key)
        if old is None and self._too_old(new):
            return "beyond-retention"
        self.put(new)
        if old is None:
            return "withdrawn" if new.withdrawn else "added"
        if new.version == old.version:
            return "repeated"
        if new.version < old.version:
            return "older"
        return "withdrawn" if new.withdrawn else "replaced"

    def get(self, key: tuple[str, str]) -> Held | None:
        """Return what is remembered of a resource."""
        hour = self._where.get(key)
        return None if hour is None else self.hours[hour].entries[key].held

    def put_patient(self, new: HeldPatient) -> None:
        """Unite demographics with what is remembered of that Patient resource."""
        old = self.patients.get(new.key)
        self.patients[new.key] = new if old is None else join_patient(old, new)
        self.touched.setdefault(DEMOGRAPHICS, False)

    def put(self, new: Held) -> None:
        """Unite a resource with what is remembered of it, at its clinical hour, and age what the horizon leaves."""
        old = self.get(new.key)
        united = new if old is None else join(old, new)
        if united is old:
            return
        self._place(united)
        if united.newest_at is not None and (self.horizon is None or united.newest_at > self.horizon):
            self.horizon = united.newest_at
            self.forget_old()

    def _place(self, resource: Held) -> None:
        key, hour = resource.key, hour_of(resource.effective_at)
        old = self.get(key)
        if old is not None and slot_of(old.effective_at) != slot_of(resource.effective_at):
            self._remove(key)
        self._where[key] = hour
        self.hours.setdefault(hour, Hour()).put(resource)
        self.touched.setdefault(slot_of(resource.effective_at), False)

    def _remove(self, key: tuple[str, str]) -> None:
        number = self._where.pop(key)
        hour = self.hours[number]
        self.touched[slot_of(hour.entries[key].held.effective_at)] = True
        hour.drop(key)
        if not hour.entries:
            del self.hours[number]

    def in_writing_order(self) -> list[int]:
        """Return the touched pieces, those that lost something last: a fact that moves is never in none of them."""
        return sorted(self.touched, key=lambda number: (self.touched[number], number))

    def _too_old(self, resource: Held) -> bool:
        if self.horizon is None or resource.newest_at is None:
            return False
        return resource.newest_at < self.horizon - self.retention.of(resource)

    def forget_old(self) -> None:
        """Forget what lies too far before the horizon."""
        if self.horizon is None:
            return
        oldest_kept = hour_of(self.horizon - self.retention.quick_ms)
        for number in [n for n in self.hours if UNDATED < n <= oldest_kept]:
            for resource in [e.held for e in self.hours[number].entries.values() if self._too_old(e.held)]:
                self._remove(resource.key)
