"""One resource as it is remembered: its highest version and what must outlive the lower ones."""

from __future__ import annotations

import msgspec

from streams.clock import Instant
from streams.identity import is_alias
from streams.records import (
    EncounterStatus,
    EncounterVersion,
    Identity,
    Measure,
    ObservationVersion,
    PatientVersion,
    Version,
)


class Held(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The join of all versions of one Observation that were ever accepted.

    Joining is commutative, associative and idempotent, so the order of arrival and repeats leave no trace.
    """

    source: str
    resource_id: str
    version: Version
    withdrawn: bool
    effective_at: Instant | None
    """Clinical time of the highest version; None where a withdrawal does not say it."""
    newest_at: Instant | None
    """Newest ``effective_at`` of any version; retention counts from here."""
    revised: bool
    """True once two different versions were seen."""
    encounter_id: str
    measures: tuple[Measure, ...]

    @property
    def key(self) -> tuple[str, str]:
        """Identity within one patient: source and resource id."""
        return self.source, self.resource_id


class HeldPatient(msgspec.Struct, frozen=True, array_like=True):
    """The join of all versions of one Patient resource."""

    source: str
    resource_id: str
    version: Version
    withdrawn: bool
    birth_date: str
    sex: str
    says: tuple[tuple[str, str], ...] = ()
    """(subject, target) of every identity that its highest version states, ascending."""
    said: tuple[tuple[str, str], ...] = ()
    """The same of any version: what is not stated any more has to be taken back."""

    @property
    def key(self) -> tuple[str, str]:
        """Identity within one patient: source and resource id."""
        return self.source, self.resource_id

    def words(self) -> tuple[Identity, ...]:
        """Return what this resource says of identities, and what it takes back."""
        stands = set() if self.withdrawn else set(self.says)
        return tuple(
            Identity(subject, target, self.source, self.resource_id, self.version, (subject, target) in stands)
            for subject, target in self.said
        )


class HeldEncounter(msgspec.Struct, frozen=True, array_like=True):
    """The highest version of one Encounter."""

    source: str
    resource_id: str
    version: Version
    withdrawn: bool
    status: EncounterStatus
    start: Instant | None
    end: Instant | None
    ward: str
    bed: str

    @property
    def key(self) -> tuple[str, str]:
        """Identity within one patient: source and resource id."""
        return self.source, self.resource_id


def held(event: ObservationVersion) -> Held:
    """Return what is remembered of one version alone."""
    return Held(
        event.source,
        event.resource_id,
        event.version,
        event.withdrawn,
        event.effective_at,
        event.effective_at,
        False,
        event.encounter_id,
        () if event.withdrawn else event.measures,
    )


def held_patient(event: PatientVersion) -> HeldPatient:
    """Return what is remembered of one Patient version alone."""
    pairs = {(alias, event.patient_id) for alias in event.aliases}
    pairs |= {(event.patient_id, other) for other in event.replaced_by}
    pairs |= {(other, event.patient_id) for other in event.replaces}
    # An alias is nobody's end: its words are known at its home alone, so a cycle through it would not be seen.
    said = tuple(sorted(pair for pair in pairs if pair[0] != pair[1] and not is_alias(pair[1])))
    return HeldPatient(
        event.source, event.resource_id, event.version, event.withdrawn, event.birth_date, event.sex, said, said
    )


def held_encounter(event: EncounterVersion) -> HeldEncounter:
    """Return what is remembered of one Encounter version alone."""
    return HeldEncounter(
        event.source, event.resource_id, event.version, event.withdrawn, event.status, event.start, event.end,
        event.ward, event.bed,
    )  # fmt: skip


def join(a: Held, b: Held) -> Held:
    """Unite what is known of one resource; the higher version speaks, the newest clinical time is kept."""
    top = a if a.version >= b.version else b
    newest = max((t for t in (a.newest_at, b.newest_at) if t is not None), default=None)
    revised = a.revised or b.revised or a.version != b.version
    if top.newest_at == newest and top.revised == revised:
        return top
    return Held(
        top.source,
        top.resource_id,
        top.version,
        top.withdrawn,
        top.effective_at,
        newest,
        revised,
        top.encounter_id,
        top.measures,
    )


def join_patient(a: HeldPatient, b: HeldPatient) -> HeldPatient:
    """Unite what is known of one Patient resource; what it ever said of identities is kept."""
    top = a if a.version >= b.version else b
    said = tuple(sorted({*a.said, *b.said}))
    return top if top.said == said else msgspec.structs.replace(top, said=said)


def join_encounter(a: HeldEncounter, b: HeldEncounter) -> HeldEncounter:
    """Unite what is known of one Encounter: the higher version."""
    return a if a.version >= b.version else b
