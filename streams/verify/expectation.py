"""What must have come of the inputs: the pure normalise and union over everything that was read, no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping

import msgspec

from streams.clock import Instant
from streams.identity import is_alias
from streams.normalise import Raw, normalise
from streams.records import (
    Event,
    Identities,
    ObservationVersion,
    Overruling,
    PatientVersion,
    SlowEvent,
    Version,
)
from streams.settings import Settings, Source
from streams.timeline.share import Share
from streams.timeline.timeline import Timeline
from streams.verify.studies import SLOW, Expected, kind_of
from streams.workers.ownership import retention_of

Letter = tuple[str, int, int, int, str]
"""topic, partition, offset, entry, reason."""

FactKey = tuple[str, str, str, Version]
"""patient, source, resource id, version of an Observation."""


class Expectation:
    """The state, skips and dead letters that the inputs must lead to: all patients as if in one partition."""

    def __init__(self, settings: Settings) -> None:
        self.whole = Share(b"", retention_of(settings))
        self._tolerance_s = settings.future_tolerance_s
        self.slow = {kind.noun: Expected() for kind in SLOW}
        self.messages = 0
        self.skips: Counter[str] = Counter()
        self.letters: set[Letter] = set()
        self._versions: set[FactKey] = set()
        self._repeated = 0
        self._people: set[tuple[str, str, str, Version]] = set()
        self._changes = 0
        self._given_up: set[tuple[str, str, str]] = set()

    @property
    def timelines(self) -> Mapping[str, Timeline]:
        """What must be remembered, by the identity under which it came."""
        return self.whole.timelines

    def read(self, raw: Raw, source: Source) -> None:
        """Take in one record of a source topic."""
        self.messages += 1
        result = normalise(raw, source, future_tolerance_s=self._tolerance_s)
        self.skips.update(skip.reason for skip in result.skips)
        self.letters.update((d.topic, d.partition, d.offset, d.entry, d.reason) for d in result.dead_letters)
        for event in result.events:
            self._take(event)

    def _take(self, event: Event) -> None:
        kind = kind_of(event.resource_id)
        if isinstance(event, SlowEvent) or (isinstance(event, Overruling) and kind is not None):
            assert kind is not None
            # The bedside hears of it from the worker that answers it, and so does this.
            self.slow[kind.noun].take(event)
            return
        self.whole.apply(event)
        if isinstance(event, Overruling):
            self._changes += 1
            return
        key = (event.patient_id, event.source, event.resource_id, event.version)
        known = self._versions if isinstance(event, ObservationVersion) else self._people
        self._repeated += key in known
        known.add(key)
        if isinstance(event, PatientVersion):
            for patient in self.timelines[event.patient_id].patients.values():
                self.whole.apply(Identities(patient.words(), event.received_at))

    def give_up(self, digests: Collection[str]) -> None:
        """Leave out what waited for its patient beyond the limit, by the digests that the dead letters name."""
        for alias in filter(is_alias, list(self.timelines)):
            timeline = self.timelines[alias]
            for one in [one for one in timeline.resources() if one.version.digest.hex() in digests]:
                self._given_up.add((alias, *one.key))
                timeline.forget(one.key)
            for key in [k for k, stay in timeline.encounters.items() if stay.version.digest.hex() in digests]:
                del timeline.encounters[key]
            for key in [k for k, study in timeline.studies.held.items() if study.version.digest.hex() in digests]:
                del timeline.studies.held[key]

    def age(self, ticks: Mapping[int, Instant], home: Callable[[str], int]) -> None:
        """Forget the studies and notes that passing time alone ages; see `streams.workers.ageing`.

        Parameters
        ----------
        ticks
            Partition to the highest tick that it has acted on.
        """
        for identity, timeline in self.timelines.items():
            tick = ticks.get(home(identity))
            if tick is not None and not is_alias(self.whole.identities.resolve(identity)):
                timeline.forget_said(tick - self.whole.retention.slow_ms)

    def patients(self) -> list[str]:
        """Return every patient that must have a score: under whose identities anything clinical was accepted."""
        found = {self.whole.identities.resolve(identity) for identity in self.timelines}
        return sorted(patient_id for patient_id in found if not is_alias(patient_id))

    def retired(self) -> list[tuple[str, str]]:
        """Return every id that has been merged into another patient, and that patient."""
        pairs = ((name, self.whole.identities.resolve(name)) for name in self.timelines if not is_alias(name))
        return sorted((name, patient_id) for name, patient_id in pairs if patient_id != name)

    def is_known(self, patient_id: str) -> bool:
        """Tell whether anything ever came under an id, or anybody's facts were ever said to be its."""
        return patient_id in self.timelines or bool(self.whole.identities.ever_origins(patient_id))

    def accounting(self) -> Accounting:
        """Say what became of every distinct fact version."""
        fates = Counter(self._fate(key) for key in self._versions)
        return Accounting(
            messages=self.messages,
            versions=len(self._versions),
            patients_versions=len(self._people),
            changes=self._changes,
            repeated=self._repeated,
            fates=dict(sorted(fates.items())),
            skips=dict(sorted(self.skips.items())),
            dead_letters=dict(sorted(Counter(letter[4] for letter in self.letters).items())),
        )

    def _fate(self, key: FactKey) -> str:
        patient_id, source, resource_id, version = key
        timeline = self.timelines[patient_id]
        held = timeline.get((source, resource_id))
        if held is None:
            return "given-up" if (patient_id, source, resource_id) in self._given_up else "aged-out"
        if is_alias(self.whole.identities.resolve(patient_id)):
            return "parked"
        if self.whole.overruled.voids(patient_id, held):
            return "moved"
        if held.withdrawn:
            return "withdrawn"
        if held.version != version:
            return "replaced"
        return "in-use" if timeline.is_usable(held.key) else "kept-unusable"


class Accounting(msgspec.Struct, frozen=True):
    """Where everything went; `fates` add up to `versions`."""

    messages: int
    versions: int
    """Distinct versions of Observations."""
    patients_versions: int
    """Distinct versions of Patients and Encounters."""
    repeated: int
    """Versions that came more than once."""
    fates: dict[str, int]
    skips: dict[str, int]
    dead_letters: dict[str, int]
    changes: int = 0
    """Versions of which every partition was told, because they may have left their patient; repeats included."""
