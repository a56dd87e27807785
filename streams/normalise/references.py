"""References from an Observation to its Patient and Encounter: the bare ids."""

from __future__ import annotations

import re
from typing import NamedTuple

from streams.errors import RejectedMessage
from streams.normalise.resource_types import known
from streams.normalise.shapes import Reference

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LITERAL = re.compile(
    r"(?:https?://[^\s?#]+/)?([A-Z][A-Za-z]{2,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?"
)
_UUID = re.compile(r"urn:uuid:([A-Za-z0-9\-.]{1,64})")
_LONGEST = 2048
_SUBJECT = "Observation.subject"


class Target(NamedTuple):
    """What a reference points at."""

    type: str
    """Resource type; empty where only a UUID is known."""
    id: str


Local = dict[str, Target]
"""``Bundle.entry.fullUrl`` to the resource that stands there."""


def is_id(text: str) -> bool:
    """Tell whether `text` is a FHIR id (R4 2.24.0.1)."""
    return _ID.fullmatch(text) is not None


def target(text: str, local: Local) -> Target | None:
    """Find what a literal reference points at: first within its Bundle, then by its own text; nothing is fetched."""
    if text in local:
        return local[text]
    if len(text) > _LONGEST:
        return None
    if match := _LITERAL.fullmatch(text):
        return Target(match[1], match[2])
    if match := _UUID.fullmatch(text):
        return Target("", match[1])
    return None


def patient_id(subject: Reference | None, local: Local) -> str:
    """Return the bare id of the Patient that is the subject.

    A ``urn:uuid`` that the Bundle does not resolve stands for a Patient with that UUID as id.

    Raises
    ------
    RejectedMessage
        ``no-subject``, ``subject-identifier``, ``subject-contained``, ``subject-reference`` or ``subject-type``.
    """
    text = subject.reference if subject else None
    if not subject or not text:
        raise _absent(subject)
    if text.startswith("Patient/") and subject.type is None and _ID.fullmatch(text, len("Patient/")):
        return text[len("Patient/") :]  # nearly always; the same answer as below, sooner
    if text.startswith("#"):
        raise _refused("subject-contained", "a contained resource")
    found = target(text, local)
    if found is None or not is_id(found.id):
        raise _refused("subject-reference", "a reference of another form")
    kind = found.type or subject.type or "Patient"
    if kind != "Patient" or subject.type not in {None, "Patient"}:
        raise _refused("subject-type", known(kind) or "a resource of another type")
    return found.id


def _refused(reason: str, received: str) -> RejectedMessage:
    return RejectedMessage(reason, f"{_SUBJECT}.reference", "a reference Patient/<id>", received)


def _absent(subject: Reference | None) -> RejectedMessage:
    if subject is not None and subject.identifier is not None:
        return RejectedMessage("subject-identifier", _SUBJECT, "a reference Patient/<id>", "an identifier alone")
    return RejectedMessage("no-subject", _SUBJECT, "a reference Patient/<id>", "none")


def encounter_id(encounter: Reference | None, local: Local) -> str:
    """Return the bare id of the Encounter; empty where none can be told, for an Observation is of use without it."""
    if encounter is None or not encounter.reference:
        return ""
    if encounter.reference.startswith("Encounter/") and _ID.fullmatch(encounter.reference, len("Encounter/")):
        return encounter.reference[len("Encounter/") :]
    found = target(encounter.reference, local)
    if found is None or found.type not in {"", "Encounter"} or not is_id(found.id):
        return ""
    return found.id
