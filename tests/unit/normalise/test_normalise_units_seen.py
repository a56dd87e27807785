"""Every unit of a code of ours in the data folders, and the spellings that hospitals use, each worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from streams.records import ObservationVersion
from streams.vocabulary import CANONICAL
from tests.acceptance.corpora import EXPECTED, messages, resources
from tests.unit.normalise.fhir_messages import UCUM, coded, heart_rate, sent

SNOMED = "http://snomed.info/sct"
Unit = tuple[str, str | None, str | None, str | None]
"""LOINC code, system, code and words of the unit."""

SEEN: dict[Unit, float] = {
    ("1742-6", UCUM, "U/L", "U/L"): 10,
    ("1742-6", None, None, "U/L"): 10,
    ("1751-7", UCUM, "g/dL", "g/dL"): 10,
    ("1751-7", None, None, "g/L"): 1,
    ("1920-8", UCUM, "U/L", "U/L"): 10,
    ("1920-8", None, None, "U/L"): 10,
    ("1963-8", SNOMED, "258813002", "mmol/L"): 10,
    ("1963-8", None, None, "mmol/L"): 10,
    ("1975-2", UCUM, "mg/dL", "mg/dL"): 10,
    ("1975-2", None, None, "umol/L"): 0.58467,
    ("2093-3", UCUM, "mg/dL", "mg/dL"): 10,
    ("2093-3", None, None, "mmol/L"): 386.66,
    ("2160-0", UCUM, "mg/dL", "mg/dL"): 10,
    ("2160-0", None, None, "mmol/L"): 113.12,
    ("2345-7", UCUM, "mg/dL", "mg/dL"): 10,
    ("2345-7", UCUM, "mmol/L", "mmol/l"): 180.156,
    ("2345-7", None, None, "mmol/L"): 180.156,
    ("2708-6", UCUM, "%", "%"): 10,
    ("2823-3", UCUM, "mmol/L", "mmol/L"): 10,
    ("2823-3", None, None, "mmol/L"): 10,
    ("29463-7", UCUM, "[lb_av]", "lbs"): 4.5359237,
    ("29463-7", UCUM, "kg", "kg"): 10,
    ("2951-2", UCUM, "mmol/L", "mmol/L"): 10,
    ("2951-2", None, None, "mmol/L"): 10,
    ("3094-0", UCUM, "mg/dL", "mg/dL"): 10,
    ("3094-0", None, None, "mmol/L"): 28.014,
    ("4544-3", UCUM, "%", "%"): 10,
    ("4544-3", None, None, "%"): 10,
    ("6690-2", UCUM, "10*3/uL", "10*3/uL"): 10,
    ("6690-2", UCUM, "10*9/L", "x10*9/L"): 10,
    ("6768-6", UCUM, "U/L", "U/L"): 10,
    ("6768-6", None, None, "U/L"): 10,
    ("777-3", UCUM, "10*3/uL", "10*3/uL"): 10,
    ("777-3", UCUM, "10*9/L", "x10*9/L"): 10,
    ("8302-2", UCUM, "cm", "cm"): 10,
    ("8310-5", UCUM, "Cel", "Cel"): 10,
    ("8310-5", UCUM, "Cel", "degC"): 10,
    ("8310-5", UCUM, "Cel", "degrees C"): 10,
    ("8310-5", UCUM, "[degF]", "F"): -12.2222,
    ("8310-5", UCUM, "[degF]", "degF"): -12.2222,
    ("8462-4", UCUM, "mm[Hg]", "mmHg"): 10,
    ("8462-4", UCUM, "mm[Hg]", "mm[Hg]"): 10,
    ("8478-0", UCUM, "mm[Hg]", "mmHg"): 10,
    ("8478-0", UCUM, "mm[Hg]", "mm[Hg]"): 10,
    ("8480-6", UCUM, "mm[Hg]", "mmHg"): 10,
    ("8480-6", UCUM, "mm[Hg]", "mm[Hg]"): 10,
    ("8867-4", UCUM, "/min", "beats/minute"): 10,
    ("9267-6", UCUM, "{score}", "score"): 10,
    ("9268-4", UCUM, "{score}", "score"): 10,
    ("9269-2", UCUM, "{score}", None): 10,
    ("9270-0", UCUM, "{score}", "score"): 10,
    ("9279-1", UCUM, "/min", "breaths/minute"): 10,
}
"""What 10 of each unit of mimic-iv-fhir-demo, ...-icu-vitals, synthea-r4 and fhir-r4-official is in our unit."""

HL7V2: dict[tuple[str, str], float] = {
    ("2160-0", "UMOLL"): 0.11312,
    ("3094-0", "MMOLL"): 28.014,
    ("2951-2", "MMOLL"): 10,
    ("2823-3", "MMOLL"): 10,
    ("2093-3", "mmol/L"): 386.66,
    ("6690-2", "x10*9/L"): 10,
    ("777-3", "x10*9/L"): 10,
    ("8310-5", "MDC_DIM_DEGC"): 10,
    ("8867-4", "MDC_DIM_BEAT_PER_MIN"): 10,
    ("9279-1", "MDC_DIM_RESP_PER_MIN"): 10,
    ("2708-6", "MDC_DIM_PERCENT"): 10,
    ("3150-6", "MDC_DIM_PERCENT"): 10,
    ("3150-6", "PERCENT"): 10,
    ("8480-6", "MDC_DIM_MMHG"): 10,
    ("8462-4", "MDC_DIM_MMHG"): 10,
    ("3151-8", "MDC_DIM_X_L_PER_MIN"): 10,
    ("3151-8", "MLMIN"): 0.01,
}
"""Units of OBX-6 in hl7v2/simhospital whose tests have a code of ours; haematocrit stands there without any."""

SPELLED: dict[tuple[str, str], float] = {
    ("8310-5", "F"): -12.2222,
    ("8310-5", "degF"): -12.2222,
    ("8310-5", "degC"): 10,
    ("8310-5", "C"): 10,
    ("8867-4", "beats/minute"): 10,
    ("8867-4", "beats/min"): 10,
    ("8867-4", "bpm"): 10,
    ("9279-1", "bpm"): 10,
    ("9279-1", "breaths/minute"): 10,
    ("8480-6", "mmHg"): 10,
    ("8480-6", "kPa"): 75.00616,
    ("2703-7", "kPa"): 75.00616,
    ("2019-8", "kPa"): 75.00616,
    ("2345-7", "mmol/L"): 180.156,
    ("2160-0", "umol/L"): 0.11312,
    ("2160-0", "µmol/L"): 0.11312,
    ("3094-0", "mmol/L"): 28.014,
    ("1975-2", "µmol/L"): 0.58467,
    ("2093-3", "mmol/L"): 386.66,
    ("19123-9", "mmol/L"): 24.305,
    ("19123-9", "mEq/L"): 12.1525,
    ("2524-7", "mg/dL"): 1.110149,
    ("1963-8", "mg/dL"): 1.638914,
    ("2951-2", "mg/dL"): 4.349717,
    ("2823-3", "mg/dL"): 2.557676,
}
"""Local spellings, and amounts by substance both ways."""


def ten(loinc: str, **unit: str | None) -> float:
    value = {"value": 10, **{name: text for name, text in unit.items() if text is not None}}
    (event,) = sent(heart_rate(code=coded(loinc), valueQuantity=value)).events
    assert isinstance(event, ObservationVersion)
    return event.measures[0].value


@pytest.mark.parametrize(("unit", "expected"), SEEN.items())
def test_unit_of_the_public_data_is_converted(unit: Unit, expected: float) -> None:
    loinc, system, code, words = unit
    assert ten(loinc, system=system, code=code, unit=words) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("unit", "expected"), [*HL7V2.items(), *SPELLED.items()])
def test_unit_of_an_interface_is_converted(unit: tuple[str, str], expected: float) -> None:
    loinc, words = unit
    assert ten(loinc, unit=words) == pytest.approx(expected, rel=1e-5)


def quantities(folder: str) -> Iterator[Unit]:
    for value in messages(folder):
        for resource in resources(json.loads(value)):
            if resource["resourceType"] == "Observation":
                for part in (resource, *resource.get("component", [])):
                    yield from unit_of(part)


def unit_of(part: dict[str, Any]) -> Iterator[Unit]:
    codings = part.get("code", {}).get("coding", [])
    ours = [CANONICAL[key] for each in codings if (key := (each.get("system"), each.get("code"))) in CANONICAL]
    quantity = part.get("valueQuantity")
    if ours and quantity:
        yield ours[0], quantity.get("system"), quantity.get("code"), quantity.get("unit")


@pytest.mark.realdata
def test_no_unit_of_the_public_data_is_missing_above() -> None:
    assert {unit for folder in EXPECTED for unit in quantities(folder)} <= SEEN.keys()
