"""Simulated values as FHIR R4 resources (vital signs profile, http://hl7.org/fhir/R4/observation-vitalsigns.html)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from streams.clock import Instant, isoformat

Resource = dict[str, Any]

NAMES = {
    "8867-4": ("Heart rate", "/min"),
    "9279-1": ("Respiratory rate", "/min"),
    "2708-6": ("Oxygen saturation in Arterial blood", "%"),
    "8310-5": ("Body temperature", "Cel"),
    "85354-9": ("Blood pressure panel with all children optional", ""),
    "8480-6": ("Systolic blood pressure", "mm[Hg]"),
    "8462-4": ("Diastolic blood pressure", "mm[Hg]"),
    "9269-2": ("Glasgow coma score total", "{score}"),
    "3151-8": ("Inhaled oxygen flow rate", "L/min"),
    "72514-3": ("Pain severity - 0-10 verbal numeric rating [Score] - Reported", "{score}"),
}
"""LOINC code to display and UCUM unit of what the ward charts."""


MRN = "urn:cardiostream:simulate:mrn"
"""System of the hospital numbers of simulated patients."""
PLACES = {"wi": "Wing", "bd": "Bed"}
"""Codes of location-physical-type (http://hl7.org/fhir/R4/valueset-location-physical-type.html) in use here."""


def patient(patient_id: str, birth_year: int, sex: str, at: Instant) -> Resource:
    """Return a Patient that has nothing of a person but number, age and sex; born on the first of July of a year."""
    return {
        "resourceType": "Patient",
        "id": patient_id,
        "meta": {"versionId": "1", "lastUpdated": isoformat(at), "tag": [_SIMULATED]},
        "identifier": [hospital_number(patient_id)],
        "gender": sex,
        "birthDate": f"{birth_year:04d}-07-01",
    }


def hospital_number(patient_id: str) -> Resource:
    """Return the identifier under which the hospital knows a patient besides the id of the Patient resource."""
    return {"system": MRN, "value": "M" + patient_id.removeprefix("sim-")}


def encounter(
    encounter_id: str, patient_id: str, version: str, known: Instant, period: Resource, places: list[Resource]
) -> Resource:
    """Return one version of an Encounter; it is finished where its period has an end."""
    return {
        "resourceType": "Encounter",
        "id": encounter_id,
        "meta": {"versionId": version, "lastUpdated": isoformat(known), "tag": [_SIMULATED]},
        "status": "finished" if "end" in period else "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": f"Patient/{patient_id}"},
        "period": period,
        "location": places,
    }


def location(kind: str, name: str, since: Instant) -> Resource:
    """Return an ``Encounter.location`` where somebody lies since an instant; `kind` is a code of `PLACES`."""
    system = "http://terminology.hl7.org/CodeSystem/location-physical-type"
    return {
        "location": {"reference": f"Location/{name}", "display": name},
        "status": "active",
        "physicalType": {"coding": [{"system": system, "code": kind, "display": PLACES[kind]}]},
        "period": {"start": isoformat(since)},
    }


def birth_year(age: int, at: Instant) -> int:
    """Return the year of birth of someone `age` years old at an instant."""
    today = datetime.fromtimestamp(at / 1000, UTC)
    return today.year - age - ((today.month, today.day) < (7, 1))


def vital_sign(code: str, value: float) -> Resource:
    """Return the content of a vital sign: everything but id, subject and times."""
    display, unit = NAMES[code]
    return _coded(code, display, "vital-signs") | {"valueQuantity": quantity(value, unit)}


def fahrenheit(celsius: float) -> Resource:
    """Return the content of a temperature as a thermometer in degrees Fahrenheit tells it."""
    content = vital_sign("8310-5", 0.0)
    return content | {"valueQuantity": quantity(round(celsius * 9 / 5 + 32, 1), "[degF]")}


def blood_pressure(systolic: float, diastolic: float) -> Resource:
    """Return the content of a blood pressure panel with its two components."""
    parts: Mapping[str, float] = {"8480-6": systolic, "8462-4": diastolic}
    components = [
        {"code": {"coding": [_loinc(code, NAMES[code][0])]}, "valueQuantity": quantity(value, "mm[Hg]")}
        for code, value in parts.items()
    ]
    return _coded("85354-9", NAMES["85354-9"][0], "vital-signs") | {"component": components}


def laboratory_value(code: str, display: str, value: float, unit: str) -> Resource:
    """Return the content of a laboratory value."""
    return _coded(code, display, "laboratory") | {"valueQuantity": quantity(value, unit)}


def absent(content: Resource) -> Resource:
    """Return the content with the reason for a missing value in place of value and components."""
    kept = {name: part for name, part in content.items() if name not in {"valueQuantity", "component"}}
    system = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
    return kept | {"dataAbsentReason": {"coding": [{"system": system, "code": "not-performed"}]}}


def quantity(value: float, unit: str) -> Resource:
    """Return a Quantity in a UCUM unit; whole numbers are written whole."""
    number = int(value) if value == int(value) else value
    return {"value": number, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def observation(
    content: Resource, resource_id: str, patient_id: str, encounter_id: str, at: Instant, known: Instant
) -> Resource:
    """Return a whole Observation, first version: measured `at`, in the hospital's system since `known`."""
    return {
        "resourceType": "Observation",
        "id": resource_id,
        "meta": {"versionId": "1", "lastUpdated": isoformat(known), "tag": [_SIMULATED]},
        "status": "final",
        **content,
        "subject": {"reference": f"Patient/{patient_id}"},
        "encounter": {"reference": f"Encounter/{encounter_id}"},
        "effectiveDateTime": isoformat(at),
        "issued": isoformat(known),
    }


_SIMULATED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}


def _coded(code: str, display: str, category: str) -> Resource:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "category": [{"coding": [{"system": system, "code": category}]}],
        "code": {"coding": [_loinc(code, display)]},
    }


def _loinc(code: str, display: str) -> Resource:
    return {"system": "http://loinc.org", "code": code, "display": display}
