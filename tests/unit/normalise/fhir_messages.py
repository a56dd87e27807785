"""A heart rate as a hospital sends it, and ways to have it normalised."""

from __future__ import annotations

import json
from typing import Any

from streams.normalise import Normalised, Raw, normalise
from streams.records import ObservationVersion, Overruling
from streams.settings import Source

Json = dict[str, Any]
NOON = 1_740_830_400_000
"""2025-03-01T12:00:00Z."""
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def coded(code: str, system: str = LOINC) -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: object, code: str, unit: str | None = None) -> Json:
    """A Quantity in UCUM."""
    return {"value": value, "system": UCUM, "code": code, **({"unit": unit} if unit else {})}


def heart_rate(**changes: object) -> Json:
    """A heart rate of 72; a change to None leaves the element out."""
    whole: Json = {
        "resourceType": "Observation",
        "id": "hr-1",
        "status": "final",
        "code": coded("8867-4"),
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
        "effectiveDateTime": "2025-03-01T12:00:00Z",
        "valueQuantity": quantity(72, "/min"),
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def patient(**changes: object) -> Json:
    """A woman born in 1950; a change to None leaves the element out."""
    whole: Json = {"resourceType": "Patient", "id": "p1", "birthDate": "1950-04-30", "gender": "female"}
    return {key: value for key, value in (whole | changes).items() if value is not None}


def encounter(**changes: object) -> Json:
    """A stay that began at noon, in R4; a change to None leaves the element out."""
    whole: Json = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2025-03-01T12:00:00Z"},
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def raw(value: bytes | None, received_at: int = NOON, key: bytes | None = None) -> Raw:
    return Raw(value=value, key=key, topic="fhir.observations", partition=3, offset=41, received_at=received_at)


def source(**changes: Any) -> Source:
    return Source(name="hospital", topic="fhir.observations", **changes)


def sent(message: object, *, received_at: int = NOON, key: bytes | None = None, **changes: Any) -> Normalised:
    """Normalise a JSON document, or bytes as they are, as if received at noon."""
    value = message if isinstance(message, bytes) or message is None else json.dumps(message).encode()
    return normalise(raw(value, received_at, key), source(**changes), future_tolerance_s=300)


def bundle(*resources: Json, kind: str = "collection") -> Json:
    """A Bundle with one entry per resource."""
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": resource} for resource in resources]}


def observations(result: Normalised) -> list[ObservationVersion]:
    """The versions of Observations."""
    return [event for event in result.events if isinstance(event, ObservationVersion)]


def overrulings(result: Normalised) -> list[tuple[str, str]]:
    """Resource and patient of every word to all partitions."""
    return [(event.resource_id, event.patient_id) for event in result.events if isinstance(event, Overruling)]


def reasons(result: Normalised) -> list[str]:
    """The reasons of all dead letters."""
    return [letter.reason for letter in result.dead_letters]


def skipped(result: Normalised) -> list[tuple[str, str]]:
    """The reasons and details of all skips."""
    return [(skip.reason, skip.detail) for skip in result.skips]
