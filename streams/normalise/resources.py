"""One resource, whatever its type, to what becomes of it."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from streams.errors import ContractError, RejectedMessage
from streams.normalise import flags, observations, patients, shapes
from streams.normalise.document import Json, refuse_repeats
from streams.normalise.outcome import Outcome, Scope
from streams.normalise.resource_types import known
from streams.records import Skip

_Shape = TypeVar("_Shape", shapes.Observation, shapes.Patient, shapes.Flag)
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
    if kind == "Observation":
        event, parts = observations.read(_shaped(resource, shapes.Observation, kind), scope)
        if event is not None:
            outcome.events.append(event)
        outcome.skips.extend(parts.skips)
        outcome.rejected.extend([(entry, rejected) for rejected in parts.rejected])
    elif kind == "Patient":
        outcome.events.append(patients.read(_shaped(resource, shapes.Patient, kind), scope))
    elif kind == "Flag":
        flags.add(_shaped(resource, shapes.Flag, kind), scope, outcome)
    elif isinstance(kind, str):
        outcome.skips.append(Skip("resource-type", known(kind)))
    else:
        raise RejectedMessage("no-resource-type", "resourceType", "the name of a FHIR resource type", "none")


def _shaped(resource: Json, shape: type[_Shape], kind: str) -> _Shape:
    try:
        return msgspec.convert(resource, shape)
    except msgspec.ValidationError as error:
        match = _MISFIT.match(str(error))
        expected, received, place = match.groups() if match else ("a FHIR element", "another kind of value", "")
        raise RejectedMessage("structure", f"{kind}{place or ''}", expected, received) from None
