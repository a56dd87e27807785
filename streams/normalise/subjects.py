"""References to a Patient, however they are written, to the id or alias under which facts are kept."""

from __future__ import annotations

from streams.errors import RejectedMessage
from streams.normalise.identifiers import conditional_key, first_key, key_of
from streams.normalise.outcome import Scope
from streams.normalise.references import Target, is_id, target
from streams.normalise.resource_types import known
from streams.normalise.shapes import Reference

_PATIENT = "Patient/"
_EXPECTED = "a reference Patient/<id> or an identifier"


def patient_id(subject: Reference | None, scope: Scope, contained: object, field: str) -> str:
    """Return the key of the patient who is the subject: the bare id, or an alias where only an identifier is told.

    A reference that can be read comes before an identifier beside it. A ``urn:uuid`` that the Bundle does not resolve
    stands for a Patient with that UUID as id.

    Parameters
    ----------
    contained
        The ``contained`` resources of the resource that refers, as they stand in JSON.
    field
        Where the reference stands, e.g. ``Observation.subject``.

    Raises
    ------
    RejectedMessage
        ``no-subject``, ``subject-identifier``, ``subject-contained``, ``subject-reference`` or ``subject-type``.
    """
    text = subject.reference if subject else None
    if text and text.startswith(_PATIENT) and subject and subject.type is None and is_id(text[len(_PATIENT) :]):
        return text[len(_PATIENT) :]  # nearly always; the same answer as below, sooner
    found = resolve(subject, scope, contained)
    if found is None:
        raise _unreadable(subject, field)
    if found.type != "Patient":
        received = known(found.type) or "a resource of another type"
        raise RejectedMessage("subject-type", f"{field}.reference", _EXPECTED, received)
    return found.id


def resolve(reference: Reference | None, scope: Scope, contained: object) -> Target | None:
    """Find whom a reference or, where that cannot be read, its identifier means; None where neither tells."""
    if reference is None:
        return None
    found = _read(reference.reference, scope, contained) if reference.reference else None
    if found is None:
        key = key_of(reference.identifier, scope.source.name)
        if not key:
            return None
        found = Target("", key)
    if reference.type not in {None, "Patient"} and found.type in {"", "Patient"}:
        return found._replace(type=reference.type)
    return found._replace(type=found.type or "Patient")


def _read(text: str, scope: Scope, contained: object) -> Target | None:
    key = _contained(text[1:], contained, scope) if text.startswith("#") else conditional_key(text, scope.source.name)
    if key:
        return Target("Patient", key)
    found = target(text, scope.local)
    return found if found is not None and is_id(found.id) else None


def _contained(name: str, contained: object, scope: Scope) -> str:
    """Return the alias of a contained Patient, who has no identity but the identifiers (R4 2.1.0.11)."""
    for resource in contained if isinstance(contained, list) else ():
        if isinstance(resource, dict) and resource.get("resourceType") == "Patient" and resource.get("id") == name:
            return first_key(resource.get("identifier"), scope.source.name)
    return ""


def _unreadable(subject: Reference | None, field: str) -> RejectedMessage:
    if subject is None or not (subject.reference or subject.identifier is not None):
        return RejectedMessage("no-subject", field, _EXPECTED, "none")
    if not subject.reference:
        expected, received = "an identifier with a value, in use", "an identifier of another form"
        return RejectedMessage("subject-identifier", f"{field}.identifier", expected, received)
    if subject.reference.startswith("#"):
        expected, received = "a contained Patient with an identifier", "a contained resource without"
        return RejectedMessage("subject-contained", f"{field}.reference", expected, received)
    return RejectedMessage("subject-reference", f"{field}.reference", _EXPECTED, "a reference of another form")
