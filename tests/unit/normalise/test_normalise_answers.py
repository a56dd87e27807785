"""Results given in codes: ACVPU, air or oxygen."""

from __future__ import annotations

import pytest

from streams.records import ObservationVersion, Skip
from tests.unit.normalise.fhir_messages import LOINC, coded, heart_rate, quantity, reasons, sent

SNOMED = "http://snomed.info/sct"


def measured(**changes: object) -> list[tuple[str, float]]:
    (event,) = sent(heart_rate(valueQuantity=None, **changes)).events
    assert isinstance(event, ObservationVersion)
    return [(measure.code, measure.value) for measure in event.measures]


def skipped(**changes: object) -> list[Skip]:
    result = sent(heart_rate(valueQuantity=None, **changes))
    assert (result.events, result.dead_letters) == ((), ())
    return list(result.skips)


@pytest.mark.parametrize("code", [coded("80288-4"), coded("67775-7"), coded("1104441000000107", SNOMED)])
@pytest.mark.parametrize(
    ("answer", "number"),
    [
        (coded("LA9340-6"), 0.0),
        (coded("LA6560-2"), 1.0),
        (coded("LA17108-4"), 2.0),
        (coded("LA17107-6"), 3.0),
        (coded("LA9343-0"), 4.0),
        (coded("248234008", SNOMED), 0.0),
        (coded("130987000", SNOMED), 1.0),
        (coded("300202002", SNOMED), 2.0),
        (coded("450847001", SNOMED), 3.0),
        (coded("422768004", "urn:oid:2.16.840.1.113883.6.96"), 4.0),
    ],
)
def test_consciousness_is_read_from_its_code(code: object, answer: object, number: float) -> None:
    assert measured(code=code, valueCodeableConcept=answer) == [("80288-4", number)]


def test_consciousness_may_be_a_component() -> None:
    acvpu = {"code": coded("1104441000000107", SNOMED), "valueCodeableConcept": coded("130987000", SNOMED)}
    assert measured(code=coded("85353-1"), component=[acvpu]) == [("80288-4", 1.0)]


def test_one_answer_coded_twice_is_one_answer() -> None:
    both = {"coding": [*coded("LA9340-6")["coding"], *coded("248234008", SNOMED)["coding"], {"code": "A"}]}
    assert measured(code=coded("80288-4"), valueCodeableConcept=both) == [("80288-4", 0.0)]


def test_codings_of_different_answers_are_rejected() -> None:
    both = {"coding": [*coded("LA9340-6")["coding"], *coded("422768004", SNOMED)["coding"]]}
    result = sent(heart_rate(code=coded("80288-4"), valueQuantity=None, valueCodeableConcept=both))
    assert reasons(result) == ["value-conflict"]


@pytest.mark.parametrize(
    "value",
    [
        {"valueCodeableConcept": coded("LA137-2")},
        {"valueCodeableConcept": coded("LA9340-6", "urn:local")},
        {"valueCodeableConcept": coded("371825009", SNOMED)},
        {"valueCodeableConcept": {"text": "Alert"}},
        {"valueCodeableConcept": "Alert"},
        {"valueCodeableConcept": {"coding": "Alert"}},
        {"valueInteger": 1},
        {"valueQuantity": quantity(1, "{score}")},
        {"valueString": "Alert"},
    ],
)
def test_what_is_no_known_answer_is_a_skip(value: dict[str, object]) -> None:
    """Local numbers of AVPU count from 0 or from 1, up or down: none is believed."""
    result = sent(heart_rate(**{"valueQuantity": None, "code": coded("80288-4"), **value}))
    assert (result.events, result.skips) == ((), (Skip("value-type", "80288-4"),))


def test_no_answer_is_absent() -> None:
    assert skipped(code=coded("80288-4")) == [Skip("data-absent", "80288-4")]
    absent = {"text": "asleep"}
    assert skipped(code=coded("80288-4"), dataAbsentReason=absent, valueCodeableConcept=coded("LA9340-6")) == [
        Skip("data-absent", "80288-4")
    ]


@pytest.mark.parametrize(("finding", "number"), [("722742002", 0.0), ("371825009", 1.0)])
def test_air_or_oxygen_is_a_finding_that_needs_no_value(finding: str, number: float) -> None:
    assert measured(code=coded(finding, SNOMED)) == [("supplemental-oxygen", number)]


@pytest.mark.parametrize(
    ("answer", "number"), [("373066001", 1.0), ("373067005", 0.0), ("722742002", 0.0), ("371825009", 1.0)]
)
def test_patient_on_oxygen_may_be_answered(answer: str, number: float) -> None:
    asked = coded("371825009", SNOMED)
    assert measured(code=asked, valueCodeableConcept=coded(answer, SNOMED)) == [("supplemental-oxygen", number)]


def test_patient_on_oxygen_with_a_flow_is_on_oxygen() -> None:
    (event,) = sent(heart_rate(code=coded("371825009", SNOMED), valueQuantity=quantity(2, "L/min"))).events
    assert isinstance(event, ObservationVersion)
    assert [(m.code, m.value) for m in event.measures] == [("supplemental-oxygen", 1.0)]


@pytest.mark.parametrize(
    "value", [{"valueCodeableConcept": coded("373066001", SNOMED)}, {"valueQuantity": quantity(2, "L/min")}]
)
def test_breathing_room_air_with_a_value_says_nothing_that_can_be_told(value: dict[str, object]) -> None:
    result = sent(heart_rate(**{"valueQuantity": None, "code": coded("722742002", SNOMED), **value}))
    assert result.skips == (Skip("value-type", "supplemental-oxygen"),)


def test_a_name_of_ours_is_no_code_that_a_message_may_use() -> None:
    assert skipped(code=coded("supplemental-oxygen", LOINC), valueInteger=1) == [Skip("code", "")]
