"""Literal references to what they point at: the type and the bare id."""

from __future__ import annotations

import re
from typing import NamedTuple

from streams.normalise.shapes import Reference

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LITERAL = re.compile(
    r"(?:https?://[^\s?#]+/)?([A-Z][A-Za-z]{2,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?"
)
_UUID = re.compile(r"urn:uuid:([A-Za-z0-9\-.]{1,64})")
_LONGEST = 2048


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


def encounter_id(encounter: Reference | None, local: Local) -> str:
    """Return the bare id of the Encounter; empty where none can be told, for an Observation is of use without it."""
    if encounter is None or not encounter.reference:
        return ""
    if encounter.reference.startswith("Encounter/") and _ID.fullmatch(encounter.reference, len("Encounter/")):
        return encounter.reference[len("Encounter/") :]
    return id_of(encounter.reference, "Encounter", local)


def id_of(text: str, kind: str, local: Local) -> str:
    """Return the bare id of the resource of type `kind` that a reference points at; empty where it does not."""
    found = target(text, local)
    if found is None or found.type not in {"", kind} or not is_id(found.id):
        return ""
    return found.id
