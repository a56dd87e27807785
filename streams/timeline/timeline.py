"""One patient's facts over clinical time: a set that only grows by union, and forgets only by age."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Literal

import msgspec

from streams.clock import Instant
from streams.records import ClinicalEvent, EncounterVersion, ObservationVersion, PatientVersion
from streams.timeline.held import (
    Held,
    HeldEncounter,
    HeldPatient,
    held,
    held_encounter,
    held_patient,
    join,
    join_encounter,
    join_patient,
)
from streams.timeline.hour import UNDATED, Entry, Hour, hour_of, slot_of
from streams.vocabulary import INDEX, QUANTITIES

Outcome = Literal[
    "added", "replaced", "withdrawn", "older", "repeated", "beyond-retention", "overruling", "identity", "transferred"
]

DEMOGRAPHICS = UNDATED - 1
"""Piece number of a patient's demographics."""
ENCOUNTERS = UNDATED - 5
"""Piece number of a patient's encounters."""

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
    voids
        Tells whether a higher version of a resource has left this patient.
    """

    __slots__ = ("_voids", "_where", "encounters", "horizon", "hours", "patients", "retention", "touched")

    def __init__(self, retention: Retention, voids: Callable[[Held | HeldEncounter], bool] = lambda _: False) -> None:
        self.retention = retention
        self._voids = voids
        self.hours: dict[int, Hour] = {}
        self.patients: dict[tuple[str, str], HeldPatient] = {}
        self.encounters: dict[tuple[str, str], HeldEncounter] = {}
        self.horizon: Instant | None = None
        self.touched: dict[int, bool] = {}
        """Pieces changed since they were last taken for writing, and whether they lost something."""
        self._where: dict[tuple[str, str], int] = {}

    def apply(self, event: ClinicalEvent) -> Outcome:
        """Take in one version of one resource and say what became of it."""
        if isinstance(event, PatientVersion):
            new, known = held_patient(event), self.patients
            outcome = _outcome(known.get(new.key), new)
            self.put_patient(new)
            return outcome
        if isinstance(event, EncounterVersion):
            stay = held_encounter(event)
            outcome = _outcome(self.encounters.get(stay.key), stay)
            self.put_encounter(stay)
            return outcome
        return self._apply_observation(event)

    def _apply_observation(self, event: ObservationVersion) -> Outcome:
        new = held(event)
        old = self.get(new.key)
        if old is None and self._too_old(new):
            return "beyond-retention"
        self.put(new)
        return _outcome(old, new)

    def get(self, key: tuple[str, str]) -> Held | None:
        """Return what is remembered of a resource."""
        one = self.entry(key)
        return None if one is None else one.held

    def entry(self, key: tuple[str, str]) -> Entry | None:
        """Return what is remembered of a resource, with what is derived from it."""
        hour = self._where.get(key)
        return None if hour is None else self.hours[hour].entries[key]

    def piece_of(self, event: ClinicalEvent) -> int | None:
        """Return the piece of state that holds what is remembered of an event's resource; None where nothing is."""
        if isinstance(event, PatientVersion):
            return DEMOGRAPHICS
        if isinstance(event, EncounterVersion):
            return ENCOUNTERS
        resource = self.get((event.source, event.resource_id))
        return None if resource is None else slot_of(resource.effective_at)

    def put_patient(self, new: HeldPatient) -> None:
        """Unite demographics and identities with what is remembered of that Patient resource."""
        old = self.patients.get(new.key)
        united = new if old is None else join_patient(old, new)
        if united != old:
            self.patients[new.key] = united
            self.touched.setdefault(DEMOGRAPHICS, False)

    def put_encounter(self, new: HeldEncounter) -> None:
        """Unite an Encounter with what is remembered of it."""
        old = self.encounters.get(new.key)
        united = new if old is None else join_encounter(old, new)
        if united != old:
            self.encounters[new.key] = united
            self.touched.setdefault(ENCOUNTERS, False)

    def active_encounters(self) -> list[HeldEncounter]:
        """Return the stays that go on: not withdrawn, and not become another patient's."""
        stays = self.encounters.values()
        return [one for one in stays if one.status == "active" and not one.withdrawn and not self._voids(one)]

    def reconsider(self, key: tuple[str, str]) -> bool:
        """Look again whether a resource has been left by a higher version; True where it has, or where that changed.

        Where it has been left before, too: the word may come again because what followed from it was lost.
        """
        resource = self.get(key)
        if resource is None:
            return key in self.encounters
        hour = self.hours[self._where[key]]
        void = self._voids(resource)
        if hour.entries[key].void == void:
            return void
        hour.put(resource, void=void)
        return True

    def held_among(self, keys: Set[tuple[str, str]]) -> Set[tuple[str, str]]:
        """Return those of the keys under which an Observation or an Encounter is remembered."""
        return (self._where.keys() & keys) | (self.encounters.keys() & keys)

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
            self.forget(key)
        self._where[key] = hour
        self.hours.setdefault(hour, Hour()).put(resource, void=self._voids(resource))
        self.touched.setdefault(slot_of(resource.effective_at), False)

    def forget(self, key: tuple[str, str]) -> None:
        """Forget one resource that is remembered."""
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
                self.forget(resource.key)

    def pieces(self) -> list[int]:
        """Return the number of every piece that holds something."""
        special = [(DEMOGRAPHICS, self.patients), (ENCOUNTERS, self.encounters)]
        slots = (slot for number in sorted(self.hours) for slot in self.hours[number].slots())
        return [*(number for number, held_there in special if held_there), *slots]


def _outcome(old: Held | HeldPatient | HeldEncounter | None, new: Held | HeldPatient | HeldEncounter) -> Outcome:
    if old is not None and old.version == new.version:
        return "repeated"
    if old is not None and old.version > new.version:
        return "older"
    if new.withdrawn:
        return "withdrawn"
    return "added" if old is None else "replaced"
