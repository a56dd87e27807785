"""Units of measurement, with conversions worked out by hand."""

from __future__ import annotations

from itertools import product

import pytest

from streams.normalise import ucum
from streams.vocabulary import QUANTITIES
from tests.unit.normalise.fhir_messages import UCUM, coded, heart_rate, sent

MDC = "urn:iso:std:iso:11073:10101"


def value_of(loinc: str, value: float, **unit: str) -> float:
    (event,) = sent(heart_rate(code=coded(loinc), valueQuantity={"value": value, **unit})).events
    return event.measures[0].value  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("code", "value", "unit", "expected"),
    [
        ("8310-5", 98.6, "[degF]", 37.0),
        ("8310-5", 310.15, "K", 37.0),
        ("8310-5", 37.5, "Cel", 37.5),
        ("8867-4", 1.2, "Hz", 72.0),
        ("8867-4", 72, "{beats}/min", 72.0),
        ("8480-6", 16, "kPa", 120.00985),
        ("8480-6", 100, "cm[H2O]", 73.55591),
        ("29463-7", 154, "[lb_av]", 69.853225),
        ("29463-7", 70000, "g", 70.0),
        ("8302-2", 70, "[in_i]", 177.8),
        ("8302-2", 1.8, "m", 180.0),
        ("3151-8", 500, "mL/min", 0.5),
        ("2708-6", 0.97, "1", 97.0),
        ("4544-3", 0.42, "L/L", 42.0),
        ("777-3", 250, "10*9/L", 250.0),
        ("6690-2", 8500, "/uL", 8.5),
        ("1742-6", 0.5, "ukat/L", 30.0),
        ("1751-7", 40, "g/L", 4.0),
        ("2345-7", 5.5, "mmol/L", 99.0858),
        ("2160-0", 88.4, "umol/L", 0.99998),
        ("3094-0", 5, "mmol/L", 14.007),
        ("1975-2", 17.1, "umol/L", 0.99979),
        ("2093-3", 5, "mmol/L", 193.33),
        ("2524-7", 18.0156, "mg/dL", 2.0),
        ("19123-9", 1, "mmol/L", 2.4305),
        ("19123-9", 2, "meq/L", 2.4305),
        ("2951-2", 140, "meq/L", 140.0),
        ("10839-9", 26, "ng/L", 0.026),
        ("2703-7", 13.3, "kPa", 99.75819),
        ("2744-1", 7.4, "[pH]", 7.4),
        ("9269-2", 15, "{score}", 15.0),
        ("9269-2", 15, "1", 15.0),
    ],
)
def test_ucum_unit_is_converted(code: str, value: float, unit: str, expected: float) -> None:
    assert value_of(code, value, system=UCUM, code=unit) == pytest.approx(expected, rel=1e-4)


def test_common_conversions_leave_no_binary_dust() -> None:
    assert value_of("8310-5", 98.6, system=UCUM, code="[degF]") == 37.0
    assert value_of("8302-2", 70, system=UCUM, code="[in_i]") == 177.8


@pytest.mark.parametrize(
    ("code", "value", "unit", "expected"),
    [
        ("8310-5", 98.6, "F", 37.0),
        ("8310-5", 98.6, "°F", 37.0),
        ("8310-5", 98.6, "degF", 37.0),
        ("8310-5", 37, "C", 37.0),
        ("8310-5", 37, "degC", 37.0),
        ("8310-5", 37, " °C ", 37.0),
        ("8867-4", 72, "bpm", 72.0),
        ("8867-4", 72, "BPM", 72.0),
        ("8867-4", 72, "beats/minute", 72.0),
        ("9279-1", 16, "breaths/min", 16.0),
        ("9279-1", 16, "insp/min", 16.0),
        ("8480-6", 120, "mmHg", 120.0),
        ("8480-6", 120, "mm Hg", 120.0),
        ("8480-6", 120, "MMHG", 120.0),
        ("2708-6", 97, "%", 97.0),
        ("2708-6", 97, "percent", 97.0),
        ("29463-7", 100, "lb", 45.359237),
        ("8302-2", 10, "in", 25.4),
        ("6690-2", 8.5, "K/uL", 8.5),
        ("6690-2", 8.5, "x10*9/L", 8.5),
        ("2160-0", 88.4, "µmol/L", 0.99998),
        ("3151-8", 2, "LPM", 2.0),
        ("2744-1", 7.4, "pH", 7.4),
    ],
)
def test_unit_in_words_is_understood(code: str, value: float, unit: str, expected: float) -> None:
    assert value_of(code, value, unit=unit) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("code", "value", "unit_code", "expected"),
    [
        ("8867-4", 72, "264864", 72.0),
        ("9279-1", 16, "264928", 16.0),
        ("2708-6", 97, "262688", 97.0),
        ("8480-6", 120, "266016", 120.0),
        ("8310-5", 37, "268192", 37.0),
        ("8310-5", 98.6, "266560", 37.0),
        ("3151-8", 2, "265216", 2.0),
    ],
)
def test_monitor_unit_is_understood(code: str, value: float, unit_code: str, expected: float) -> None:
    assert value_of(code, value, system=MDC, code=unit_code) == pytest.approx(expected)


def test_words_count_where_the_code_is_of_another_system() -> None:
    assert value_of("2160-0", 88.4, unit="umol/L", code="258814008", system="http://snomed.info/sct") == pytest.approx(
        0.99998, rel=1e-4
    )


@pytest.mark.parametrize("code", ["9269-2", "9267-6", "2744-1"])
def test_scores_and_ph_need_no_unit(code: str) -> None:
    assert value_of(code, 4.0) == 4.0


@pytest.mark.parametrize(
    ("code", "unit", "reason", "received"),
    [
        ("8867-4", {}, "unit-missing", "none"),
        ("2708-6", {"system": UCUM}, "unit-missing", "none"),
        ("8310-5", {"unit": "mmHg"}, "unit", "mmHg"),
        ("8867-4", {"system": UCUM, "code": "Bq"}, "unit", "a unit that is not known"),
        ("8867-4", {"system": UCUM, "code": "[iU]/min"}, "unit", "a unit that is not known"),
        ("2708-6", {"system": UCUM, "code": "rad"}, "unit", "a unit that is not known"),
        ("777-3", {"system": UCUM, "code": "[iU]/L"}, "unit", "a unit that is not known"),
        ("777-3", {"system": UCUM, "code": "K/L"}, "unit", "a unit that is not known"),
        ("9269-2", {"unit": "%"}, "unit", "%"),
        ("1742-6", {"unit": "mg/dL"}, "unit", "mg/dL"),
        ("1742-6", {"unit": "mmol/L"}, "unit", "mmol/L"),
        ("2345-7", {"unit": "meq/L"}, "unit", "meq/L"),
        ("8867-4", {"unit": "Jane\u0007"}, "unit", "a unit that is not known"),
        ("8867-4", {"unit": "/min" * 100_000}, "unit", "a unit that is not known"),
        ("8867-4", {"system": UCUM, "code": "(" * 30 + "m"}, "unit", "a unit that is not known"),
        ("8867-4", {"system": UCUM, "code": "10*400/min"}, "unit", "a unit that is not known"),
        ("8310-5", {"system": UCUM, "code": "Cel", "unit": "°F"}, "unit-conflict", "Cel beside °F"),
        ("29463-7", {"system": UCUM, "code": "kg", "unit": "lb"}, "unit-conflict", "kg beside lb"),
    ],
)
def test_unit_that_does_not_fit_is_rejected(code: str, unit: dict[str, str], reason: str, received: str) -> None:
    result = sent(heart_rate(code=coded(code), valueQuantity={"value": 5, **unit}))
    (letter,) = result.dead_letters
    assert (letter.reason, letter.received) == (reason, received)
    assert result.events == ()


LINEAR = (
    "kPa cm[H2O] mbar bar [psi] Hz s-1 mL/min L/h mL/s g [oz_av] [stone_av] mm m [ft_i] ukat/L nkat/mL U/dL g/L mg/mL "
    "ng/L pg/mL ug/L 10*9/L /uL 10*6/L /nL L dL 10*3.uL-1 100.mg/L /L"
)


@pytest.mark.parametrize("unit", LINEAR.split())
def test_products_of_parts_are_what_the_library_says_of_the_whole(unit: str) -> None:
    library, compared = ucum.registry(), 0
    given, ours = library.from_ucum(unit), ucum.size(unit)
    assert ours is not None
    for wanted in {each.unit for each in QUANTITIES} - {"%", "{score}", "[pH]", "Cel"}:
        theirs, target = library.from_ucum(wanted), ucum.size(wanted)
        assert target is not None
        assert (ours.dimensions == target.dimensions) == (given.dimensionality == theirs.dimensionality)
        if ours.dimensions == target.dimensions:
            whole = library.Quantity(given.magnitude, given.units).to(theirs.units).magnitude / theirs.magnitude
            assert ours.factor / target.factor == pytest.approx(whole, rel=1e-12)
            compared += 1
    assert compared


def test_a_flood_of_odd_units_asks_the_library_only_for_their_parts() -> None:
    prefixes, atoms = ["", "k", "d", "c", "m", "u", "n"], ["g", "mol", "L", "m", "s"]
    names = [a + b for a, b in product(prefixes, atoms)]
    flood = [
        {"code": coded("2345-7"), "valueQuantity": {"value": 1, "unit": f"{up}/{down}"}}
        for up, down in product(names, names)
    ]
    sent(heart_rate(code=coded("85354-9"), valueQuantity=None, component=flood))
    assert len(flood) == 1225
    assert ucum._atom.cache_info().currsize < 200
