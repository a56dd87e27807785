"""Microseconds that `normalise` takes for the messages of a ward; run ``python -m bench.normalise``."""

from __future__ import annotations

import json
import timeit

from streams.normalise import Raw, normalise, warm_up
from streams.settings import Source

PROFILE = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
UCUM = "http://unitsofmeasure.org"
SOURCE = Source(name="bench", topic="fhir.observations")


def _coded(*codes: str) -> dict[str, object]:
    return {"coding": [{"system": "http://loinc.org", "code": code, "display": "a vital sign"} for code in codes]}


def _quantity(value: float, unit: str, code: str) -> dict[str, object]:
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def _observation(**fields: object) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "id": "57fee2ca-4d40-570e-b4a0-227fdfa00bf4",
        "meta": {"versionId": "1", "lastUpdated": "2025-03-01T12:00:02.123Z", "profile": [PROFILE]},
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs", "display": "Vital Signs"}]}],
        "subject": {"reference": "Patient/4c9069e4-486b-53a6-8a49-b8520d49ef7e"},
        "encounter": {"reference": "Encounter/5b30c499-1078-550d-a221-ba9053daf599"},
        "effectiveDateTime": "2025-03-01T12:00:00+01:00",
        **fields,
    }


PRESSURES = [
    {"code": _coded("8480-6"), "valueQuantity": _quantity(120, "mmHg", "mm[Hg]")},
    {"code": _coded("8462-4"), "valueQuantity": _quantity(80, "mmHg", "mm[Hg]")},
]
HEART_RATE = _observation(code=_coded("8867-4"), valueQuantity=_quantity(72, "beats/minute", "/min"))
MESSAGES: dict[str, object] = {
    "heart rate": HEART_RATE,
    "temperature in degF": _observation(code=_coded("8310-5"), valueQuantity=_quantity(98.6, "F", "[degF]")),
    "blood pressure panel": _observation(code=_coded("85354-9"), component=PRESSURES),
    "unused code": _observation(code=_coded("72514-3"), valueQuantity=_quantity(3, "{score}", "{score}")),
    "Bundle of 100 heart rates": {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": HEART_RATE} for _ in range(100)],
    },
}


def microseconds(message: object) -> float:
    """Best of seven runs, per message."""
    value = json.dumps(message).encode()
    raw = Raw(value, None, "fhir.observations", 0, 0, 1_740_830_400_000)
    calls = 200 if len(value) > 10_000 else 5000
    return (
        min(timeit.repeat(lambda: normalise(raw, SOURCE, future_tolerance_s=300), number=calls, repeat=7)) / calls * 1e6
    )


if __name__ == "__main__":
    warm_up()
    for name, message in MESSAGES.items():
        print(f"{name:28} {microseconds(message):9.1f} µs")
