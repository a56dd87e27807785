"""One resource, whatever its type, to what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from streams.errors import ContractError, RejectedMessage
from streams.normalise import (
    compositions,
    document_references,
    encounters,
    flags,
    note_shapes,
    observations,
    patients,
    reports,
    shapes,
    studies,
)
from streams.normalise.document import Json, refuse_repeats
from streams.normalise.outcome import Found, Outcome, Scope
from streams.normalise.resource_types import known
from streams.records import Skip

_READERS: dict[str, tuple[type[Any], Callable[[Any, Scope], Found]]] = {
    "Observation": (shapes.Observation, observations.read),
    "Patient": (shapes.Patient, patients.read),
    "Encounter": (shapes.Encounter, encounters.read),
    "Flag": (shapes.Flag, flags.read),
    "ImagingStudy": (shapes.ImagingStudy, studies.read),
    "DocumentReference": (note_shapes.DocumentReference, document_references.read),
    "DiagnosticReport": (note_shapes.DiagnosticReport, reports.read),
    "Composition": (note_shapes.Composition, compositions.read),
}
_MISFIT = re.compile(r"Expected `([^`]*)`, got `([^`]*)`(?: - at `\$?(.*)`)?")


def add(resource: Json, scope: Scope, outcome: Outcome, entry: int = -1) -> None:
    """Read one resource that is no Bundle and add to `outcome` what becomes of it: at least one of the three."""
    try:
        _add(resource, scope, outcome, entry)
    except RejectedMessage as rejected:
        outcome.rejected.append((entry, rejected))
    except ContractError:
        raise
    except Exception as error:  # a message must never stop the stream; a class name tells us what to mend
        outcome.rejected.append((entry, RejectedMessage("internal", "", "a readable resource", type(error).__name__)))


def _add(resource: Json, scope: Scope, outcome: Outcome, entry: int) -> None:
    kind = resource.get("resourceType")
    refuse_repeats(resource, known(kind) if isinstance(kind, str) else "")
    if isinstance(kind, str) and kind in _READERS:
        shape, read = _READERS[kind]
        found = read(_shaped(resource, shape, kind), scope)
        outcome.events.extend(found.events)
        outcome.skips.extend(found.skips)
        outcome.rejected.extend([(entry, rejected) for rejected in found.rejected])
    elif isinstance(kind, str):
        outcome.skips.append(Skip("resource-type", known(kind)))
    else:
        raise RejectedMessage("no-resource-type", "resourceType", "the name of a FHIR resource type", "none")


def _shaped(resource: Json, shape: type[Any], kind: str) -> Any:
    try:
        return msgspec.convert(resource, shape)
    except msgspec.ValidationError as error:
        match = _MISFIT.match(str(error))
        expected, received, place = match.groups() if match else ("a FHIR element", "another kind of value", "")
        raise RejectedMessage("structure", f"{kind}{place or ''}", expected, received) from None
