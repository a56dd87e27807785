"""What an instance says of itself, in DICOM JSON as a PACS sends it."""

from __future__ import annotations

from typing import Any

import pytest

from streams.pixels.header import Header, read


def instance(**tags: Any) -> dict[str, Any]:
    return {tag.removeprefix("t"): {"vr": "??", "Value": value} for tag, value in tags.items()}


def test_nothing_said_leaves_every_default() -> None:
    assert read({}) == Header()


@pytest.mark.parametrize(
    "odd", [{"00280010": None}, {"00280010": {"Value": "x"}}, {"00280010": {"Value": [None]}}, {"00280010": 7}]
)
def test_what_is_of_another_form_is_left_out(odd: dict[str, Any]) -> None:
    assert read(odd) == Header()


def test_sizes_come_as_numbers_or_as_text() -> None:
    found = read(instance(t00280010=[512], t00280011=["256"], t00280008=["30"], t00280100=[16]))
    assert (found.rows, found.columns, found.frames, found.bits) == (512, 256, 30, 16)
    assert found.raw_bytes == 512 * 256 * 30 * 2


@pytest.mark.parametrize(
    ("said", "years"),
    [("060Y", 60.0), ("006M", 0.5), ("010W", 0.19), ("003D", 0.008), ("81", None), ("000Y", None), ("", None)],
)
def test_an_age_needs_its_unit(said: str, years: float | None) -> None:
    found = read(instance(t00101010=[said])).age_years
    assert found is None if years is None else found == pytest.approx(years, abs=0.01)


def test_without_an_age_it_is_the_time_from_birth_to_study() -> None:
    assert read(instance(t00100030=["19400305"], t00080020=["20040826"])).age_years == pytest.approx(64.48, abs=0.01)
    assert read(instance(t00100030=["20040305"], t00080020=["19400826"])).age_years is None
    assert read(instance(t00100030=["1940"], t00080020=["20040826"])).age_years is None
    assert read(instance(t00100030=["19401399"], t00080020=["20040826"])).age_years is None


@pytest.mark.parametrize(
    ("word", "code", "part"),
    [
        ("CHEST", "", "CHEST"),
        (" chest ", "", "CHEST"),
        ("THORAX", "", "CHEST"),
        ("", "51185008", "CHEST"),
        ("", "T-D3000", "CHEST"),
        ("HAND", "51185008", "HAND"),
        ("", "7", ""),
    ],
)
def test_a_body_part_is_named_by_word_or_code(word: str, code: str, part: str) -> None:
    codes = [{"00080100": {"Value": [code]}}] if code else []
    assert read(instance(t00180015=[word], t00082218=codes)).body_part == part


@pytest.mark.parametrize(("word", "code", "view"), [("PA", "", "PA"), ("", "399348003", "AP"), ("", "R-10236", "LL")])
def test_a_view_is_named_by_word_or_code(word: str, code: str, view: str) -> None:
    codes = [{"00080100": {"Value": [code]}}] if code else []
    assert read(instance(t00185101=[word], t00540220=codes)).view == view


def test_directions_are_six_numbers_or_none() -> None:
    assert read(instance(t00200037=[1, 0, 0, 0, 1, 0])).orientation == (1, 0, 0, 0, 1, 0)
    assert read(instance(t00200037=[1, 0, 0])).orientation == ()
    assert read(instance(t00200037=["a"] * 6)).orientation == ()
