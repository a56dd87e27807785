"""Which predictions count, and for how much."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.fusion.evidence import voices
from streams.fusion.rule import DEFAULT
from streams.fusion.scale import Anchors, index_of, logit, sigmoid
from streams.records import Prediction
from tests.unit.fusion.voices import AS_OF, ecg, gru, note, prediction, ratio, slow

TERMS = {term.name: term for term in DEFAULT.terms.values()}


def sizes(*predictions: Prediction) -> dict[str, float]:
    return {one.term.name: one.size for one in voices(predictions, AS_OF, DEFAULT)}


def test_a_probability_at_its_prior_says_nothing() -> None:
    assert sizes(gru(0.14), note(0.15), ecg(0.1)) == pytest.approx(
        {"deterioration": 0, "ecg": 0, "notes": 0}, abs=1e-12
    )


def test_evidence_counts_for_half_at_its_half_life_and_for_a_quarter_at_twice_that() -> None:
    said = [one.said * one.fading for age in (0, 12, 24) for one in voices([ecg(0.4, age)], AS_OF, DEFAULT)]
    assert said[1] == pytest.approx(said[0] / 2)
    assert said[2] == pytest.approx(said[0] / 4)


def test_evidence_from_after_the_score_fades_as_that_from_before() -> None:
    assert sizes(ratio(0.6, -20)) == sizes(ratio(0.6, 20))


def test_a_usual_heart_says_nothing_and_beyond_the_anchors_nothing_more() -> None:
    assert sizes(ratio(0.3)) == sizes(ratio(0.5)) == {"imaging": 0.0}
    assert sizes(ratio(0.7)) == sizes(ratio(0.9))


def test_of_two_of_one_modality_the_newer_counts_and_of_one_instant_the_more_worried() -> None:
    assert sizes(ratio(0.7, 30), ratio(0.55, 2)) == sizes(ratio(0.55, 2), ratio(0.7, 30)) == sizes(ratio(0.55, 2))
    assert sizes(ecg(0.1), ecg(0.5)) == sizes(ecg(0.5), ecg(0.1)) == sizes(ecg(0.5))


@pytest.mark.parametrize(
    "one",
    [
        slow("chest_xray_cnn", "pneumonia", 0.99),
        slow("notes_bert", "dementia", 0.99),
        slow("notes_bert", "pneumonia", 0.99),
        slow("chest_heart_unet", "", 0.9),
        slow("some_model", "", 0.99),
        msgspec.structs.replace(ratio(0.7), reasons=("view:AP",)),
        msgspec.structs.replace(note(0.9), status="indeterminate"),
        prediction("deterioration_gru", "unavailable", None),
    ],
)
def test_whatever_else_is_said_does_not_count(one: Prediction) -> None:
    assert sizes(one) == {}


def test_a_partial_news2_below_the_urgent_threshold_moves_nothing() -> None:
    assert sizes(prediction("news2", "indeterminate", 1.0, "indeterminate", "partial")) == {"news2": 0.0}


@given(st.sampled_from(sorted(TERMS)), st.floats(-50, 50), st.floats(-50, 50))
def test_the_bounds_hold_and_more_is_never_less(name: str, one: float, other: float) -> None:
    term = TERMS[name]
    low, high = (term.size(x) for x in sorted((one, other)))
    assert -term.down <= low <= high <= term.up


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_probability_is_never_less_index(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 < index_of(logit(low)) <= index_of(logit(high)) < 100


@given(st.floats(1e-6, 1 - 1e-6))
def test_log_odds_go_back(probability: float) -> None:
    assert sigmoid(logit(probability)) == pytest.approx(probability)


@given(st.floats(0, 20))
def test_anchors_go_back(score: float) -> None:
    news2 = TERMS["news2"].anchors
    assert news2 is not None
    assert news2.value_of(news2.of(score)) == pytest.approx(score)
    assert (news2.holds(-1.6), news2.holds(-1.7)) == (True, False)


def test_anchors_are_on_straight_lines() -> None:
    lines = Anchors((0.0, 4.0, 5.0), (-1.5, -0.5, 0.0))
    assert [lines.of(x) for x in (-1, 0, 2, 4, 4.5, 5, 9)] == [-1.5, -1.5, -1.0, -0.5, -0.25, 0.0, 0.0]
