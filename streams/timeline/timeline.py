"""One patient's facts over clinical time: a set that only grows by union, and forgets only by age."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set, Sized
from typing import Literal

from streams.clock import Instant
from streams.records import AlertCommand, ClinicalEvent, EncounterVersion, ObservationVersion, PatientVersion, Said
from streams.timeline.commands import join_command
from streams.timeline.facts import Facts, Place
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
from streams.timeline.retention import Retention
from streams.timeline.rows import identify
from streams.timeline.slot import UNDATED, slot_of
from streams.timeline.studies import HeldStudy, Resource, Studies, held_study

Outcome = Literal[
    "added", "replaced", "withdrawn", "older", "repeated", "beyond-retention", "overruling", "identity", "transferred"
]

DEMOGRAPHICS = UNDATED - 1
"""Piece number of a patient's demographics."""
ENCOUNTERS = UNDATED - 5
"""Piece number of a patient's encounters."""
STUDIES = UNDATED - 9
"""Piece number of what models say of a patient's imaging studies and notes."""
COMMANDS = UNDATED - 20
"""Piece number of what people say of a patient's alerts."""


class Timeline:
    """All that is remembered of one patient.

    Parameters
    ----------
    retention
        How long facts are remembered before the horizon, the newest ``effective_at`` ever accepted.
    voids
        Tells whether a higher version of a resource has left this patient.
    """

    __slots__ = (
        "_voids", "commands", "encounters", "facts", "horizon", "older", "patients", "retention", "signatures",
        "studies", "touched",
    )  # fmt: skip

    def __init__(self, retention: Retention, voids: Callable[[Resource], bool] = lambda _: False) -> None:
        self.retention = retention
        self._voids = voids
        self.facts = Facts(retention)
        self.patients: dict[tuple[str, str], HeldPatient] = {}
        self.encounters: dict[tuple[str, str], HeldEncounter] = {}
        self.studies = Studies(voids)
        self.commands: dict[str, AlertCommand] = {}
        self.horizon: Instant | None = None
        self.touched: dict[int, bool] = {}
        """Pieces changed since they were last taken for writing, and whether they lost something."""
        self.older: dict[int, tuple[int, ...]] = {}
        """Piece to the former owners, as numbers, whose keys of it still stand on the changelog."""
        self.signatures: tuple[int, ...] = ()
        """Its columns in `streams.timeline.signatures`."""

    def apply(self, event: ClinicalEvent | Said | AlertCommand) -> Outcome:
        """Take in one version of one resource and say what became of it."""
        if isinstance(event, AlertCommand):
            return self._apply_command(event)
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
        if isinstance(event, Said):
            study = held_study(event)
            outcome = _outcome(self.studies.held.get(study.key), study)
            return outcome if self.put_study(study) else "beyond-retention"
        return self._apply_observation(event)

    def _apply_command(self, event: AlertCommand) -> Outcome:
        old = self.commands.get(event.command_id)
        self.put_command(event)
        if old is None:
            return "added"
        if old.version == event.version:
            return "repeated"
        return "older" if old.version > event.version else "replaced"

    def put_command(self, new: AlertCommand) -> None:
        """Unite what a person said of an alert with what is remembered of the same words."""
        old = self.commands.get(new.command_id)
        united = new if old is None else join_command(old, new)
        if united != old:
            self.commands[new.command_id] = united
            self.touched.setdefault(COMMANDS, False)

    def _apply_observation(self, event: ObservationVersion) -> Outcome:
        new = held(event)
        place = self.facts.find(new.key)
        if place is None:
            if self._too_old(new):
                return "beyond-retention"
            self._add(new)
            return _outcome(None, new)
        old = self.facts.at(place)
        self._unite(place, old, new)
        return _outcome(old, new)

    def get(self, key: tuple[str, str]) -> Held | None:
        """Return what is remembered of a resource."""
        place = self.facts.find(key)
        return None if place is None else self.facts.at(place)

    def resources(self) -> Iterator[Held]:
        """Yield everything that is remembered of Observations and Flags."""
        return self.facts.resources()

    def is_usable(self, key: tuple[str, str]) -> bool:
        """Tell whether any measurement of a resource reaches the models."""
        place = self.facts.find(key)
        return place is not None and place.is_usable

    def ids(self) -> bytes:
        """Return the 16 bytes of the id of everything that may be overruled."""
        return self.facts.ids() + b"".join(identify(one.resource_id)[1] for one in self.beside())

    def beside(self) -> list[HeldEncounter | HeldStudy]:
        """Return what is remembered beside the facts and may leave its patient."""
        return [*self.encounters.values(), *self.studies.held.values()]

    def may_hold(self, key: tuple[str, str], identity: bytes) -> bool:
        """Tell whether a resource may be remembered, by key and the 16 bytes of its id; mostly not where it is not."""
        return self.facts.may_hold(identity) or key in self.encounters or key in self.studies.held

    def piece_of(self, event: ClinicalEvent | Said | AlertCommand) -> int | None:
        """Return the piece of state that holds what is remembered of an event's resource; None where nothing is."""
        if isinstance(event, PatientVersion):
            return DEMOGRAPHICS
        if isinstance(event, EncounterVersion):
            return ENCOUNTERS
        if isinstance(event, AlertCommand):
            return COMMANDS
        if isinstance(event, Said):
            return STUDIES if (event.source, event.resource_id) in self.studies.held else None
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

    def put_study(self, new: HeldStudy) -> bool:
        """Unite what is said of a study with what is remembered of it; False where the study is too old.

        When images were taken moves no horizon: that is for what the models of vital signs see.
        """
        limit = None if self.horizon is None else self.horizon - self.retention.slow_ms
        if limit is not None and new.newest_at < limit and new.key not in self.studies.held:
            return False
        if self.studies.put(new):
            self.touched.setdefault(STUDIES, False)
        return True

    def active_encounters(self) -> list[HeldEncounter]:
        """Return the stays that go on: not withdrawn, and not become another patient's."""
        stays = self.encounters.values()
        return [one for one in stays if one.status == "active" and not one.withdrawn and not self._voids(one)]

    def reconsider(self, key: tuple[str, str]) -> bool:
        """Look again whether a resource has been left by a higher version; True where it has, or where that changed.

        Where it has been left before, too: the word may come again because what followed from it was lost.
        """
        place = self.facts.find(key)
        if place is None:
            return key in self.encounters or key in self.studies.held
        void = self._voids(self.facts.at(place))
        if place.is_void == void:
            return void
        self.facts.void(place, void=void)
        return True

    def held_among(self, keys: Set[tuple[str, str]]) -> Set[tuple[str, str]]:
        """Return those of the keys under which an Observation, an Encounter or a study is remembered."""
        beside = self.encounters.keys() | self.studies.held.keys()
        return {key for key in keys if key in beside or self.facts.find(key) is not None}

    def put(self, new: Held) -> None:
        """Unite a resource with what is remembered of it, at its clinical time, and age what the horizon leaves."""
        place = self.facts.find(new.key)
        if place is None:
            self._add(new)
        else:
            self._unite(place, self.facts.at(place), new)

    def _unite(self, place: Place, old: Held, new: Held) -> None:
        united = join(old, new)
        if united is old:
            return
        place.put(b"")
        if slot_of(old.effective_at) != slot_of(united.effective_at):
            self.touched[slot_of(old.effective_at)] = True
        self._add(united)

    def _add(self, resource: Held) -> None:
        self.facts.add(resource, void=self._voids(resource))
        self.touched.setdefault(slot_of(resource.effective_at), False)
        newest = resource.newest_at
        if newest is not None and (self.horizon is None or newest > self.horizon):
            self.horizon = newest
            self.forget_old()

    def forget(self, key: tuple[str, str]) -> None:
        """Forget one resource that is remembered."""
        place = self.facts.find(key)
        if place is not None:
            self.touched[slot_of(self.facts.at(place).effective_at)] = True
            place.put(b"")

    def in_writing_order(self) -> list[int]:
        """Return the touched pieces, those that lost something last: a fact that moves is never in none of them."""
        return sorted(self.touched, key=lambda number: (self.touched[number], number))

    def _too_old(self, resource: Held) -> bool:
        if self.horizon is None or resource.newest_at is None:
            return False
        return resource.newest_at < self.horizon - self.retention.of(resource)

    def forget_old(self) -> None:
        """Forget what lies too far before the horizon."""
        if self.horizon is not None:
            self.touched |= dict.fromkeys(self.facts.forget_before(self.horizon), True)
            if self.studies.forget_before(self.horizon - self.retention.slow_ms):
                self.touched[STUDIES] = True
            self._forget_commands(self.horizon - self.retention.slow_ms)

    def oldest_said(self) -> Instant | None:
        """Return the oldest time of a study or note where no horizon ages it; None where one does, or none is held."""
        if self.horizon is not None:
            return None
        return min((one.newest_at for one in self.studies.held.values()), default=None)

    def forget_said(self, limit: Instant) -> bool:
        """Forget studies and notes from before an instant where no horizon ages them; True where there was one."""
        if self.horizon is not None or not self.studies.forget_before(limit):
            return False
        self.touched[STUDIES] = True
        return True

    def _forget_commands(self, limit: Instant) -> None:
        for name in [name for name, word in self.commands.items() if word.effective_at < limit]:
            del self.commands[name]
            self.touched[COMMANDS] = True

    def pieces(self) -> list[int]:
        """Return the number of every piece that holds something."""
        special: list[tuple[int, Sized]] = [
            (DEMOGRAPHICS, self.patients), (ENCOUNTERS, self.encounters), (STUDIES, self.studies.held),
            (COMMANDS, self.commands),
        ]  # fmt: skip
        return [*(number for number, held_there in special if held_there), *self.facts.slots()]


def _outcome(old: HeldPatient | Resource | None, new: HeldPatient | Resource) -> Outcome:
    if old is not None and old.version == new.version:
        return "repeated"
    if old is not None and old.version > new.version:
        return "older"
    if new.withdrawn:
        return "withdrawn"
    return "added" if old is None else "replaced"
