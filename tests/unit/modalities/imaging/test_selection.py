"""A model looks at the pictures it is for and at no others; nothing is guessed."""

import msgspec
import pytest

from streams.modalities.imaging import selects, unchecked
from tests.unit.modalities.imaging.manifests import MEASURER


def choosing(**changes):
    selection = msgspec.structs.replace(MEASURER.selection, **changes)
    return msgspec.structs.replace(MEASURER, selection=selection)


def test_a_frontal_chest_film_of_an_adult_is_chosen():
    assert selects(MEASURER, "DX", "CHEST", "PA", 54.0) == ""


def test_text_is_compared_without_case_and_padding():
    assert selects(MEASURER, "dx ", " Chest", "pa", 54.0) == ""


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (("CT", "CHEST", "PA", 54.0), "modality"),
        (("", "CHEST", "PA", 54.0), "modality"),
        (("DX", "HAND", "PA", 54.0), "body-part"),
        (("DX", "", "PA", 54.0), "body-part:unknown"),
        (("DX", "CHEST", "LL", 54.0), "view"),
        (("DX", "CHEST", "PA", 17.9), "age"),
        (("DX", "CHEST", "PA", None), "age:unknown"),
    ],
)
def test_what_it_is_not_for_is_left_alone_with_the_reason(facts, reason):
    assert selects(MEASURER, *facts) == reason


def test_the_first_reason_speaks():
    assert selects(MEASURER, "CT", "", "", None) == "modality"


def test_the_manifest_decides_what_becomes_of_the_unknown():
    assert selects(MEASURER, "CR", "CHEST", "", 54.0) == ""
    assert selects(choosing(unknown_view="refuse"), "CR", "CHEST", "", 54.0) == "view:unknown"
    assert selects(choosing(unknown_age="accept"), "CR", "CHEST", "PA", None) == ""
    assert selects(choosing(unknown_body_part="accept"), "CR", "", "PA", 54.0) == ""


def test_the_upper_end_of_the_age_is_outside():
    child = choosing(min_age_years=1.0, max_age_years=6.0)
    assert [selects(child, "CR", "CHEST", "AP", age) for age in (0.9, 1.0, 5.9, 6.0)] == ["age", "", "", "age"]


def test_without_views_any_view_will_do():
    assert selects(choosing(views=()), "CR", "CHEST", "LL", 54.0) == ""


def test_a_reason_never_holds_what_came():
    assert "SECRET" not in selects(MEASURER, "CR", "SECRET NAME", "PA", 54.0)


def test_a_picture_of_nobody_knows_what_age_that_is_taken_all_the_same_says_so():
    assert unchecked(choosing(unknown_age="accept"), None) == ("age:unknown",)
    assert unchecked(choosing(min_age_years=0.0, max_age_years=6.0), None) == ("age:unknown",)


def test_a_known_age_and_a_model_for_every_age_leave_nothing_open():
    assert unchecked(choosing(unknown_age="accept"), 54.0) == ()
    assert unchecked(choosing(min_age_years=0.0), None) == ()
