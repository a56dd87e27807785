"""Ward and bed of an Encounter, from the Locations that it names."""

from __future__ import annotations

from streams.errors import RejectedMessage
from streams.normalise.outcome import Scope
from streams.normalise.references import id_of
from streams.normalise.shapes import CodeableConcept, Period, Place
from streams.normalise.times import instant

_TYPES = "http://terminology.hl7.org/CodeSystem/location-physical-type"
_WARD, _WING, _ROOM, _BED, _UNSAID = "wa", "wi", "ro", "bd", ""
_LONGEST = 64
"""Letters kept of a name that people typed."""

_Candidate = tuple[str, tuple[bool, int, int], str]
"""Physical type, how late the patient is there, name."""


def ward(places: list[Place] | None, scope: Scope) -> str:
    """Return the ward where the patient is: of type ward, else wing, else none; empty where it is not said."""
    return _latest(_candidates(places, scope), _WARD, _WING, _UNSAID)


def bed(places: list[Place] | None, scope: Scope) -> str:
    """Return the bed where the patient lies, else the room; empty where neither is said."""
    return _latest(_candidates(places, scope), _BED, _ROOM)


def _latest(candidates: list[_Candidate], *kinds: str) -> str:
    for wanted in kinds:
        found = [(place, name) for kind, place, name in candidates if kind == wanted]
        if found:
            return max(found)[1]
    return ""


def _candidates(places: list[Place] | None, scope: Scope) -> list[_Candidate]:
    """List the Locations that are active or do not say; of several the one not yet left counts, then the newest."""
    return [
        (_kind(place.form if scope.source.fhir_version == "R5" else place.physical_type), _order(place, n, scope), name)
        for n, place in enumerate(places or ())
        if place.status in {None, "active"} and (name := _name(place, scope))
    ]


def _kind(concept: CodeableConcept | None) -> str:
    """Return the physical type; a code of another system does not count as one."""
    codes = [coding.code for coding in (concept.coding if concept else None) or () if coding.system in {None, _TYPES}]
    return next((code for code in codes if code), _UNSAID)


def _order(place: Place, index: int, scope: Scope) -> tuple[bool, int, int]:
    period = place.period or Period()
    return not period.end, _since(period.start, scope), index


def _since(text: str | None, scope: Scope) -> int:
    """Return when the patient came there; one that cannot be read comes before all others."""
    try:
        return instant(text, "", "period", scope.source.zone) if text else -(2**63)
    except RejectedMessage:
        return -(2**63)


def _name(place: Place, scope: Scope) -> str:
    reference = place.location
    if reference is None:
        return ""
    given = id_of(reference.reference, "Location", scope.local) if reference.reference else ""
    if given:
        return given
    return reference.display.strip()[:_LONGEST] if isinstance(reference.display, str) else ""
