"""The vocabulary's table is consistent with itself."""

from __future__ import annotations

import math

import pytest

from streams.vocabulary import CANONICAL, INDEX, LOINC, MDC, PANELS, QUANTITIES, quantity

IRREGULAR = {"3150-6"}
"""Published by LOINC with a check digit that its own rule does not give."""


@pytest.mark.parametrize(
    ("system", "code", "canonical"),
    [
        (LOINC, "8867-4", "8867-4"),
        (LOINC, "59408-5", "2708-6"),
        (LOINC, "8331-1", "8310-5"),
        (LOINC, "76215-3", "8480-6"),
        (LOINC, "14749-6", "2345-7"),
        (MDC, "147842", "8867-4"),
        (MDC, "150456", "2708-6"),
        (MDC, "150344", "8310-5"),
        (MDC, "150301", "8480-6"),
        ("urn:oid:2.16.840.1.113883.6.1", "8867-4", "8867-4"),
        ("urn:oid:2.16.840.1.113883.6.24", "150456", "2708-6"),
    ],
)
def test_code_ends_as_its_canonical_one(system: str, code: str, canonical: str) -> None:
    assert CANONICAL[system, code] == canonical


@pytest.mark.parametrize("code", ["150087", "131328"])
def test_central_venous_pressure_and_raw_ecg_are_not_vital_signs(code: str) -> None:
    assert (MDC, code) not in CANONICAL


def test_every_code_means_one_quantity() -> None:
    aliases = [alias for each in QUANTITIES for alias in each.aliases]
    codes = [each.code for each in QUANTITIES]
    assert len(set(aliases)) == len(aliases)
    assert len(set(codes)) == len(codes)
    assert not {f"loinc:{code}" for code in codes} & set(aliases)
    assert len(CANONICAL) == 2 * (len(aliases) + len(codes))
    assert not PANELS & set(CANONICAL)


def _check_digit(code: str) -> int:
    digits = [int(digit) for digit in reversed(code.split("-", maxsplit=1)[0])]
    return -sum(sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits)) % 10


@pytest.mark.parametrize(
    "code", sorted({code for system, code in [*CANONICAL, *PANELS] if system == LOINC} - IRREGULAR)
)
def test_loinc_code_has_its_check_digit(code: str) -> None:
    assert int(code.split("-")[1]) == _check_digit(code)


def test_ranges_are_ranges() -> None:
    assert all(each.low < each.high for each in QUANTITIES)
    assert all(quantity(each.code) is each and QUANTITIES[INDEX[each.code]] is each for each in QUANTITIES)


@pytest.mark.parametrize(
    ("value", "plausible"), [(10, True), (300, True), (9.9, False), (301, False), (math.nan, False), (math.inf, False)]
)
def test_plausible_heart_rate(value: float, plausible: bool) -> None:
    assert quantity("8867-4").plausible(value) is plausible
