"""FHIR Observations of a ward at monitor rate, made in memory so that producing them is not what is measured."""

from __future__ import annotations

import random

import msgspec

from streams.clock import MINUTE, Instant, isoformat
from streams.transport.produce import Out, partition_of

VITALS = (
    ("8867-4", "/min", 60, 110),
    ("9279-1", "/min", 12, 24),
    ("2708-6", "%", 92, 100),
    ("8310-5", "Cel", 36, 39),
    ("8480-6", "mm[Hg]", 95, 150),
    ("8462-4", "mm[Hg]", 50, 90),
)


def observations(
    patients: list[str], each: int, start: Instant, topic: str, partitions: int, *, first: int = 0, seed: int = 1
) -> list[Out]:
    """Return `each` Observations of every patient in event-time order, one vital sign a minute, in turn.

    The records are keyed by the bare patient id, as a source keyed by patient is.

    Parameters
    ----------
    start
        Clinical time of the patients' observation 0.
    first
        Number of the first observation, where these patients have had some before.
    """
    rng = random.Random(seed + first)
    places = [(name, name.encode(), partition_of(name.encode(), partitions)) for name in patients]
    outs = []
    for n in range(first, first + each):
        code, unit, low, high = VITALS[n % len(VITALS)]
        at = isoformat(start + n * MINUTE)
        for name, key, partition in places:
            value = resource(name, n, (code, unit, rng.randint(low, high)), at)
            outs.append(Out(topic, partition, key, value))
    return outs


def resource(patient: str, n: int, vital: tuple[str, str, int], at: str) -> bytes:
    """Return one Observation of (LOINC code, UCUM unit, value) as JSON; `n` is its number among the patient's."""
    code, unit, value = vital
    content = {
        "resourceType": "Observation",
        "id": f"{patient}-{n}",
        "meta": {"versionId": "1", "profile": ["http://hl7.org/fhir/StructureDefinition/vitalsigns"]},
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        "encounter": {"reference": f"Encounter/e-{patient}"},
        "effectiveDateTime": at,
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
    }
    return msgspec.json.encode(content)
