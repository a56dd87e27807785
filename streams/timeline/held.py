"""One resource as it is remembered: its highest version and what must outlive the lower ones."""

from __future__ import annotations

import msgspec

from streams.clock import Instant
from streams.records import Measure, ObservationVersion, PatientVersion, Version


class Held(msgspec.Struct, frozen=True, array_like=True):
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
    return HeldPatient(event.source, event.resource_id, event.version, event.withdrawn, event.birth_date, event.sex)


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
    """Unite what is known of one Patient resource."""
    return a if a.version >= b.version else b
