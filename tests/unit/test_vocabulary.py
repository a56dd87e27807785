"""The vocabulary's table is consistent with itself."""

from __future__ import annotations

import math

import pytest

from streams.vocabulary import (
    ANSWERS,
    CANONICAL,
    CODED,
    FLAGS,
    INDEX,
    LOINC,
    MDC,
    PANELS,
    QUANTITIES,
    SNOMED,
    quantity,
)

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
        (LOINC, "67775-7", "80288-4"),
        (SNOMED, "1104441000000107", "80288-4"),
        (SNOMED, "371825009", "supplemental-oxygen"),
        ("urn:oid:2.16.840.1.113883.6.96", "371825009", "supplemental-oxygen"),
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
    assert len(CANONICAL) == 2 * (len(aliases) + sum(not each.ours for each in QUANTITIES))
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


def test_every_range_says_where_it_comes_from() -> None:
    assert [each.code for each in QUANTITIES if len(each.range.split()) < 2] == []
    assert {each.range.split(":")[0] for each in QUANTITIES} == {"limits", "definition"}


def test_a_name_of_ours_stands_for_no_code_that_a_message_can_carry() -> None:
    assert [each.code for each in QUANTITIES if each.ours] == ["supplemental-oxygen", "news2-spo2-scale-2"]
    assert not {code for _, code in CANONICAL} & {"supplemental-oxygen", "news2-spo2-scale-2"}


@pytest.mark.parametrize(
    ("code", "number"),
    [
        *(("loinc:LA9340-6", 0), ("loinc:LA6560-2", 1), ("loinc:LA17108-4", 2), ("loinc:LA17107-6", 3)),
        *(("loinc:LA9343-0", 4), ("sct:248234008", 0), ("sct:130987000", 1), ("sct:300202002", 2)),
        *(("sct:450847001", 3), ("sct:422768004", 4)),
    ],
)
def test_every_answer_of_acvpu_has_its_number(code: str, number: float) -> None:
    prefix, plain = code.split(":")
    answer = ANSWERS[{"loinc": LOINC, "sct": SNOMED}[prefix], plain]
    assert (answer.quantity, answer.number) == ("80288-4", number)


def test_every_answer_and_every_flag_is_a_plausible_value_of_a_known_quantity() -> None:
    assert all(quantity(answer.quantity).plausible(answer.number) for answer in ANSWERS.values())
    assert all(quantity(code).plausible(1.0) and quantity(code).kind == "flag" for code in FLAGS.values())
    assert sorted(CODED) == ["80288-4", "supplemental-oxygen"]


def _product(a: int, b: int) -> int:
    """Multiply in the dihedral group of order ten."""
    if a < 5:
        return (a + b) % 5 if b < 5 else (a + b - 5) % 5 + 5
    return (a - 5 - b) % 5 + 5 if b < 5 else (a - b) % 5


@pytest.mark.parametrize("code", sorted({code for system, code in [*CANONICAL, *ANSWERS] if system == SNOMED}))
def test_snomed_code_has_its_check_digit(code: str) -> None:
    """SNOMED CT Release File Specification, 5.3 check digit: Verhoeff's."""
    permuted = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    check = 0
    for place, character in enumerate(reversed(code)):
        digit = int(character)
        for _ in range(place % 8):
            digit = permuted[digit]
        check = _product(check, digit)
    assert check == 0
