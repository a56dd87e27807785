"""What must have come of the inputs: the pure normalise and union over everything that was read, no more."""

from __future__ import annotations

from collections import Counter

import msgspec

from streams.normalise import Raw, normalise
from streams.records import ClinicalEvent, ObservationVersion, Version
from streams.settings import Settings, Source
from streams.timeline.hour import hour_of
from streams.timeline.timeline import Timeline
from streams.workers.ownership import retention_of

Letter = tuple[str, int, int, int, str]
"""topic, partition, offset, entry, reason."""

FactKey = tuple[str, str, str, Version]
"""patient, source, resource id, version of an Observation."""


class Expectation:
    """The state, skips and dead letters that the inputs must lead to."""

    def __init__(self, settings: Settings) -> None:
        self._retention = retention_of(settings)
        self._tolerance_s = settings.future_tolerance_s
        self.messages = 0
        self.skips: Counter[str] = Counter()
        self.letters: set[Letter] = set()
        self.timelines: dict[str, Timeline] = {}
        self._versions: set[FactKey] = set()
        self._repeated = 0
        self._people: set[tuple[str, str, str, Version]] = set()

    def read(self, raw: Raw, source: Source) -> None:
        """Take in one record of a source topic."""
        self.messages += 1
        result = normalise(raw, source, future_tolerance_s=self._tolerance_s)
        self.skips.update(skip.reason for skip in result.skips)
        self.letters.update((d.topic, d.partition, d.offset, d.entry, d.reason) for d in result.dead_letters)
        for event in result.events:
            self._take(event)

    def _take(self, event: ClinicalEvent) -> None:
        key = (event.patient_id, event.source, event.resource_id, event.version)
        known = self._versions if isinstance(event, ObservationVersion) else self._people
        self._repeated += key in known
        known.add(key)
        timeline = self.timelines.get(event.patient_id)
        if timeline is None:
            timeline = self.timelines[event.patient_id] = Timeline(self._retention)
        timeline.apply(event)

    def accounting(self) -> Accounting:
        """Say what became of every distinct fact version."""
        fates = Counter(self._fate(key) for key in self._versions)
        return Accounting(
            messages=self.messages,
            versions=len(self._versions),
            patients_versions=len(self._people),
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
            return "aged-out"
        if held.withdrawn:
            return "withdrawn"
        if held.version != version:
            return "replaced"
        usable = timeline.hours[hour_of(held.effective_at)].is_usable(held.key)
        return "in-use" if usable else "kept-unusable"


class Accounting(msgspec.Struct, frozen=True):
    """Where everything went; `fates` add up to `versions`."""

    messages: int
    versions: int
    """Distinct versions of Observations."""
    patients_versions: int
    """Distinct versions of Patients."""
    repeated: int
    """Versions that came more than once."""
    fates: dict[str, int]
    skips: dict[str, int]
    dead_letters: dict[str, int]
