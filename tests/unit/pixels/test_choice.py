"""Which instance of a study a model is to see."""

from __future__ import annotations

from typing import Any

from streams.pixels.choice import choose
from streams.pixels.header import Header


def film(number: int = 1, **changes: Any) -> Header:
    whole = {
        "sop_uid": f"1.{number}", "series_uid": "1", "modality": "DX", "body_part": "CHEST", "view": "PA",
        "rows": 10, "columns": 10, "number": number, "image_type": ("ORIGINAL", "PRIMARY"),
    }  # fmt: skip
    return Header(**{**whole, **changes})  # type: ignore[arg-type]


def section(number: int, series: str = "1", **changes: Any) -> Header:
    return film(number, series_uid=series, sop_uid=f"{series}.{number}", modality="CT", **changes)


def chest(one: Header) -> str:
    """A model for frontal chest films and chest CT."""
    if one.modality not in {"DX", "CT"}:
        return "modality"
    if one.body_part != "CHEST":
        return "body-part"
    return "" if one.view in {"PA", "AP"} or one.modality == "CT" else "view"


def chosen(*headers: Header) -> str:
    found, reason = choose(headers, chest)
    return found.sop_uid if found else reason


def test_the_frontal_film_is_taken_and_not_the_lateral_one() -> None:
    assert chosen(film(1, view="LL"), film(2), film(3, view="RL")) == "1.2"


def test_of_several_exposures_the_latest_counts() -> None:
    assert chosen(film(2), film(1)) == "1.2"


def test_what_was_made_for_people_comes_before_what_was_made_for_programs() -> None:
    assert chosen(film(1, intent="FOR PRESENTATION"), film(2, intent="FOR PROCESSING")) == "1.1"
    assert chosen(film(2, intent="FOR PROCESSING")) == "1.2"


def test_of_sections_the_middle_of_the_longest_series() -> None:
    assert chosen(*[section(n) for n in range(1, 4)], *[section(n, "2") for n in range(1, 8)]) == "2.4"


def test_locators_captures_and_what_is_no_picture_are_not_taken() -> None:
    assert chosen(section(1, image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"))) == "no-image"
    assert chosen(film(1, image_type=("DERIVED", "SECONDARY"))) == "no-image"
    assert chosen(film(1, rows=0)) == "no-image"
    assert chosen() == "no-image"


def test_the_refusal_that_came_furthest_is_told() -> None:
    assert chosen(film(1, modality="US"), film(2, body_part="HAND"), film(3, view="LL")) == "view"
    assert chosen(film(1, modality="US"), film(2, body_part="HAND")) == "body-part"
    assert chosen(film(1, modality="US")) == "modality"


def test_of_ct_only_axial_sections_are_taken() -> None:
    axial, tilted = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0.95, -0.3)
    sagittal, coronal = (0, 1, 0, 0, 0, -1), (1, 0, 0, 0, 0, -1)
    for orientation, found in ((axial, "1.1"), (tilted, "1.1"), (sagittal, "no-image"), (coronal, "no-image")):
        assert chosen(section(1, orientation=orientation)) == found
