"""An Encounter to admission, place and discharge."""

from __future__ import annotations

from typing import NamedTuple

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.normalise.outcome import Found, Scope
from streams.normalise.overrulings import is_change, told
from streams.normalise.places import bed, ward
from streams.normalise.shapes import Encounter
from streams.normalise.subjects import patient_id
from streams.normalise.times import instant
from streams.normalise.versions import resource_id, version
from streams.records import EncounterStatus, EncounterVersion, Skip

_WITHDRAWN = "entered-in-error"
_TELLING = frozenset({_WITHDRAWN})
_R4: dict[str, EncounterStatus] = {
    "planned": "planned",
    "arrived": "active",
    "triaged": "active",
    "in-progress": "active",
    "onleave": "active",
    "unknown": "active",
    "finished": "finished",
    "cancelled": "cancelled",
    _WITHDRAWN: "cancelled",
}
_R5: dict[str, EncounterStatus] = {
    "planned": "planned",
    "in-progress": "active",
    "on-hold": "active",
    "discharged": "active",
    "unknown": "active",
    "completed": "finished",
    "discontinued": "finished",
    "cancelled": "cancelled",
    _WITHDRAWN: "cancelled",
}
STATUSES = {"R4": _R4, "R4B": _R4, "R5": _R5}
"""encounter-status of each release (http://hl7.org/fhir/R4/valueset-encounter-status.html and the same of R5).

``discharged`` is still active in R5: the patient has left, the paper work has not ended. An Encounter entered in error
is withdrawn, so its status says nothing; cancelled comes nearest to that.
"""
_RANKS: dict[EncounterStatus, int] = {"planned": 0, "active": 1, "finished": 2, "cancelled": 3}
_WITHDRAWN_RANK = 4


class _Stay(NamedTuple):
    """What an Encounter says but for whose it is; all of it is content of the version."""

    withdrawn: bool
    status: EncounterStatus
    start: Instant | None
    end: Instant | None
    ward: str
    bed: str


def read(encounter: Encounter, scope: Scope) -> Found:
    """Read an Encounter; a time of its period that cannot be read is left out alone, skipped where it is a bare date.

    Raises
    ------
    RejectedMessage
        ``no-id``, ``id``, ``status``, ``last-updated-...``, or the reasons of a subject where the record alone does not
        show it to be a change.
    """
    found = Found([], [], [])
    fact = resource_id(encounter.id, "Encounter")
    if not fact:
        raise RejectedMessage("no-id", "Encounter.id", "the id that Observations refer to", "none")
    status = _status(encounter.status, scope)
    change = is_change(fact, encounter.meta, encounter.status, _TELLING)
    patient = _whose(encounter, scope, change)
    stay = _stay(encounter, status, scope, found)
    found.events.extend(told(_event(encounter, f"Encounter/{fact}", patient, stay, scope), change))
    return found


def _status(status: str | None, scope: Scope) -> EncounterStatus:
    statuses = STATUSES[scope.source.fhir_version]
    if status not in statuses:
        expected, received = f"a code of encounter-status of {scope.source.fhir_version}", "another word"
        raise RejectedMessage("status", "Encounter.status", expected, received if status else "none")
    return statuses[status]


def _whose(encounter: Encounter, scope: Scope, change: bool) -> str:
    try:
        return patient_id(encounter.subject, scope, encounter.contained, "Encounter.subject")
    except RejectedMessage:
        if not change:
            raise
        return ""


def _stay(encounter: Encounter, status: EncounterStatus, scope: Scope, found: Found) -> _Stay:
    field = "actualPeriod" if scope.source.fhir_version == "R5" else "period"
    period = encounter.actual_period if field == "actualPeriod" else encounter.period
    start, end = (period.start, period.end) if period else (None, None)
    return _Stay(
        withdrawn=encounter.status == _WITHDRAWN,
        status=status,
        start=_time(start, f"Encounter.{field}.start", scope, found),
        end=_time(end, f"Encounter.{field}.end", scope, found),
        ward=ward(encounter.location, scope),
        bed=bed(encounter.location, scope),
    )


def _time(text: str | None, field: str, scope: Scope, found: Found) -> Instant | None:
    if not text:
        return None
    try:
        return instant(text, field, "period", scope.source.zone)
    except RejectedMessage as rejected:
        if rejected.reason == "period-precision":
            found.skips.append(Skip("period-precision"))
        else:
            found.rejected.append(rejected)
        return None


def _event(encounter: Encounter, fact: str, patient: str, stay: _Stay, scope: Scope) -> EncounterVersion:
    rank = _WITHDRAWN_RANK if stay.withdrawn else _RANKS[stay.status]
    content = (scope.source.name, fact, patient, *stay)
    return EncounterVersion(
        source=scope.source.name,
        resource_id=fact,
        patient_id=patient,
        version=version(encounter.meta, "Encounter", rank, content, scope.source.zone),
        received_at=scope.received_at,
        **stay._asdict(),
    )
