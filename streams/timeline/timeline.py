"""One patient's facts over clinical time: a set that only grows by union, and forgets only by age."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Set
from typing import Literal, NamedTuple

import numpy as np

from streams.clock import Instant
from streams.records import ClinicalEvent, EncounterVersion, ObservationVersion, PatientVersion, StudyPredictions
from streams.timeline.columns import Columns, usable
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
from streams.timeline.retention import FAR, Retention
from streams.timeline.rows import (
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
from streams.timeline.slot import SLOT, UNDATED, slot_of
from streams.timeline.stretch import Stretch, slots_of
from streams.timeline.studies import HeldStudy, Resource, Studies, held_study

Outcome = Literal[
    "added", "replaced", "withdrawn", "older", "repeated", "beyond-retention", "overruling", "identity", "transferred"
]

DEMOGRAPHICS = UNDATED - 1
"""Piece number of a patient's demographics."""
ENCOUNTERS = UNDATED - 5
"""Piece number of a patient's encounters."""
STUDIES = UNDATED - 9
"""Piece number of what models say of a patient's imaging studies."""


class Place(NamedTuple):
    """Where the rows of one resource are."""

    stretch: Stretch
    start: int
    end: int

    @property
    def raw(self) -> bytes:
        """The rows."""
        return self.stretch.raw[self.start : self.end]

    def put(self, raw: bytes) -> None:
        """Hold other rows there; none removes them."""
        self.stretch.replace(self.stretch.raw[: self.start] + raw + self.stretch.raw[self.end :])


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
        "_known", "_starts", "_voids", "encounters", "horizon", "older", "patients", "retention", "signatures",
        "stretches", "studies", "touched", "words",
    )  # fmt: skip

    def __init__(self, retention: Retention, voids: Callable[[Resource], bool] = lambda _: False) -> None:
        self.retention = retention
        self._voids = voids
        self.words = no_words()
        """The strings that the rows refer to."""
        self.stretches = [Stretch(NEVER)]
        """Ascending; together they cover all time."""
        self._starts = [NEVER]
        self._known: set[bytes] | None = set()
        """The 16 bytes of the ids of all that is remembered, and of some that was; None where not asked for yet."""
        self.patients: dict[tuple[str, str], HeldPatient] = {}
        self.encounters: dict[tuple[str, str], HeldEncounter] = {}
        self.studies = Studies(voids)
        self.horizon: Instant | None = None
        self.touched: dict[int, bool] = {}
        """Pieces changed since they were last taken for writing, and whether they lost something."""
        self.older: dict[int, tuple[int, ...]] = {}
        """Piece to the former owners, as numbers, whose keys of it still stand on the changelog."""
        self.signatures: tuple[int, ...] = ()
        """Its columns in `streams.timeline.signatures`."""

    def apply(self, event: ClinicalEvent | StudyPredictions) -> Outcome:
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
        if isinstance(event, StudyPredictions):
            study = held_study(event)
            outcome = _outcome(self.studies.held.get(study.key), study)
            return outcome if self.put_study(study) else "beyond-retention"
        return self._apply_observation(event)

    def _apply_observation(self, event: ObservationVersion) -> Outcome:
        new = held(event)
        place = self._find(new.key)
        if place is None:
            if self._too_old(new):
                return "beyond-retention"
            self._add(new)
            return _outcome(None, new)
        old = self._held(place)
        self._unite(place, old, new)
        return _outcome(old, new)

    def hold(self, raw: bytes) -> None:
        """Hold these rows, in ascending order of time, and nothing else; they refer to `words`."""
        newest = viewed(raw)["newest_at"]
        # Nothing is too old before that; what it is exactly is found out when something may be.
        due = int(newest.min(initial=FAR)) + min(self.retention.quick_ms, self.retention.slow_ms)
        self.stretches, self._starts, self._known = [Stretch(NEVER, raw, due)], [NEVER], None
        self._cut(0)

    @property
    def size(self) -> int:
        """Bytes of all rows."""
        return sum([len(stretch.raw) for stretch in self.stretches])

    def ids(self) -> bytes:
        """Return the 16 bytes of the id of everything that is remembered."""
        rows = viewed(b"".join(stretch.raw for stretch in self.stretches))
        ids: bytes = rows["id"][rows["flags"] & FIRST != 0].tobytes()
        return ids + b"".join(identify(one.resource_id)[1] for one in self.beside())

    def beside(self) -> list[HeldEncounter | HeldStudy]:
        """Return what is remembered beside the rows and may leave its patient."""
        return [*self.encounters.values(), *self.studies.held.values()]

    def columns(self) -> list[Columns]:
        """Return the usable measurements, in parts that follow each other in time."""
        return [one for stretch in self.stretches for one in stretch.columns(self.words)]

    def newest_usable(self) -> Instant:
        """Return the newest ``effective_at`` among the usable facts; `NEVER` where there is none."""
        found = (stretch.newest_usable(self.words) for stretch in reversed(self.stretches))
        return next((at for at in found if at != NEVER), NEVER)

    def get(self, key: tuple[str, str]) -> Held | None:
        """Return what is remembered of a resource."""
        place = self._find(key)
        return None if place is None else self._held(place)

    def resources(self) -> Iterator[Held]:
        """Yield everything that is remembered."""
        for stretch in self.stretches:
            yield from held_of(stretch.raw, self.words)

    def is_usable(self, key: tuple[str, str]) -> bool:
        """Tell whether any measurement of a resource reaches the models."""
        place = self._find(key)
        if place is None:
            return False
        reaching = usable(viewed(place.stretch.raw))
        return bool(reaching[place.start // SIZE : place.end // SIZE].any())

    def _find(self, key: tuple[str, str]) -> Place | None:
        source, resource_id = key
        try:
            number = self.words.names.index(source)
        except ValueError:
            return None
        return self._find_in(number, *identify(resource_id))

    def _find_in(self, source: int, kind: int, raw: bytes) -> Place | None:
        if self._known is None:
            self._known = {one for stretch in self.stretches for one in viewed(stretch.raw)["id"].tolist()}
        if raw not in self._known:
            return None
        # Most of what is sent again was charted lately.
        for stretch in reversed(self.stretches):
            found = find(stretch.raw, kind, raw, source)
            if found is not None:
                return Place(stretch, *found)
        return None

    def _held(self, place: Place) -> Held:
        return next(held_of(place.raw, self.words))

    def piece_of(self, event: ClinicalEvent | StudyPredictions) -> int | None:
        """Return the piece of state that holds what is remembered of an event's resource; None where nothing is."""
        if isinstance(event, PatientVersion):
            return DEMOGRAPHICS
        if isinstance(event, EncounterVersion):
            return ENCOUNTERS
        if isinstance(event, StudyPredictions):
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
        if self.horizon is not None and new.newest_at < self.horizon - self.retention.slow_ms:
            return new.key in self.studies.held and self._unite_study(new)
        return self._unite_study(new)

    def _unite_study(self, new: HeldStudy) -> bool:
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
        place = self._find(key)
        if place is None:
            return key in self.encounters or key in self.studies.held
        resource = self._held(place)
        void = self._voids(resource)
        if bool(place.raw[SIZE - 1] & VOID) == void:
            return void
        place.put(rows_of(resource, self.words, void=void))
        return True

    def held_among(self, keys: Set[tuple[str, str]]) -> Set[tuple[str, str]]:
        """Return those of the keys under which an Observation, an Encounter or a study is remembered."""
        beside = self.encounters.keys() | self.studies.held.keys()
        return {key for key in keys if key in beside or self._find(key) is not None}

    def put(self, new: Held) -> None:
        """Unite a resource with what is remembered of it, at its clinical time, and age what the horizon leaves."""
        place = self._find(new.key)
        if place is None:
            self._add(new)
        else:
            self._unite(place, self._held(place), new)

    def _unite(self, place: Place, old: Held, new: Held) -> None:
        united = join(old, new)
        if united is old:
            return
        place.put(b"")
        if slot_of(old.effective_at) != slot_of(united.effective_at):
            self.touched[slot_of(old.effective_at)] = True
        self._add(united)

    def _add(self, resource: Held) -> None:
        at, newest = resource.effective_at, resource.newest_at
        identity = identify(resource.resource_id)
        if self._known is not None:
            self._known.add(identity[1])
        place = bisect_right(self._starts, NEVER if at is None else at) - 1
        stretch = self.stretches[place]
        stretch.add(rows_of(resource, self.words, void=self._voids(resource), identity=identity))
        if at is not None and newest is not None:
            stretch.due = min(stretch.due, newest + self.retention.of(resource))
        self._cut(place)
        self.touched.setdefault(slot_of(at), False)
        if newest is not None and (self.horizon is None or newest > self.horizon):
            self.horizon = newest
            self._forget_before(newest)

    def _cut(self, place: int) -> None:
        parts = self.stretches[place].cut()
        if len(parts) > 1:
            self.stretches[place : place + 1] = parts
            self._starts = [stretch.start for stretch in self.stretches]

    def forget(self, key: tuple[str, str]) -> None:
        """Forget one resource that is remembered."""
        place = self._find(key)
        if place is not None:
            self.touched[slot_of(self._held(place).effective_at)] = True
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
            self._forget_before(self.horizon)

    def _forget_before(self, horizon: Instant) -> None:
        if self.studies.forget_before(horizon - self.retention.slow_ms):
            self.touched[STUDIES] = True
        late = [stretch for stretch in self.stretches if stretch.due < horizon]
        for stretch in late:
            self._age(stretch, horizon)
        if late and len(self.stretches) > 1:
            self.stretches = [one for one in self.stretches if one.raw] or self.stretches[:1]
            self.stretches[0].start = NEVER
            self._starts = [stretch.start for stretch in self.stretches]

    def _age(self, stretch: Stretch, horizon: Instant) -> None:
        rows = viewed(stretch.raw)
        if not len(rows):
            return
        due = self.retention.due(rows)
        old = due < horizon
        stretch.due = int(due[~old].min(initial=FAR))
        if old.any():
            self.touched |= dict.fromkeys(slots_of(rows[old]).tolist(), True)
            stretch.replace(rows[~old].tobytes())

    def pieces(self) -> list[int]:
        """Return the number of every piece that holds something."""
        special = [(DEMOGRAPHICS, self.patients), (ENCOUNTERS, self.encounters), (STUDIES, self.studies.held)]
        found = [slots_of(viewed(stretch.raw)) for stretch in self.stretches]
        slots = np.unique(np.concatenate(found)).tolist()
        return [*(number for number, held_there in special if held_there), *slots]

    def slot(self, number: int) -> tuple[Rows, Words]:
        """Return the rows of one slot of clinical time, with what they refer to."""
        at = NEVER if number == UNDATED else number * SLOT
        rows = viewed(self.stretches[bisect_right(self._starts, at) - 1].raw)
        return narrowed(rows[slots_of(rows) == number], self.words)


def _outcome(old: HeldPatient | Resource | None, new: HeldPatient | Resource) -> Outcome:
    if old is not None and old.version == new.version:
        return "repeated"
    if old is not None and old.version > new.version:
        return "older"
    if new.withdrawn:
        return "withdrawn"
    return "added" if old is None else "replaced"
