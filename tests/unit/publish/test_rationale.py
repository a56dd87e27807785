"""What an assessment says in words, above all where it does not know."""

from __future__ import annotations

import pytest

from streams.inference.manifest import load
from streams.publish.rationale import rationale_of, rationale_of_whole
from streams.publish.slow_terms import terms_of_study
from streams.publish.terms import NEWS2_TERMS, ModelTerms, terms_of
from streams.records import InputUsed, Prediction, RiskScore
from tests.unit.workers.fakes import MODEL_REPOSITORY

GRU_TERMS = terms_of(load(MODEL_REPOSITORY, "deterioration_gru"))


def gru(*reasons: str, inputs: tuple[InputUsed, ...] = ()) -> Prediction:
    return Prediction("p", "deterioration_gru", "2", 0, "indeterminate", None, "indeterminate", reasons, inputs)


def test_what_is_missing_is_named_with_how_fresh_it_must_be() -> None:
    assert rationale_of(gru("missing:8867-4"), GRU_TERMS) == (
        "deterioration_gru 2: indeterminate (missing:8867-4). Not enough: no heart rate (8867-4), needed within 2 h."
    )


def test_what_is_too_old_is_named_with_its_age() -> None:
    found = gru("stale:8480-6", "too-few", inputs=(InputUsed("8480-6", 1, 5 * 3600 + 301.0),))
    assert rationale_of(found, GRU_TERMS) == (
        "deterioration_gru 2: indeterminate (stale:8480-6, too-few). Not enough: systolic blood pressure (8480-6) "
        "5 h 6 min old, needed within 4 h; too few values, needed 4 of 3 kinds in 48 h."
    )


def test_a_partial_news2_says_what_it_lacks_beside_its_bound() -> None:
    inputs = (InputUsed("8310-5", 0, 13 * 3600.0),)
    reasons = ("partial", "missing:9279-1", "stale:8310-5", "assumed-air")
    found = Prediction("p", "news2", "2017", 0, "indeterminate", 7.0, "high", reasons, inputs)
    assert rationale_of(found, NEWS2_TERMS) == (
        "news2 2017: score 7, level high (partial, missing:9279-1, stale:8310-5, assumed-air). Not enough: "
        "no respiratory rate (9279-1), needed within 12 h; body temperature (8310-5) 13 h old, needed within 12 h."
    )


def test_a_model_that_does_not_say_what_it_needs_still_names_what_it_lacked() -> None:
    plain = ModelTerms("m", "1", "death", True)
    assert rationale_of(gru("missing:8867-4", "stale:8480-6", "too-few"), plain).endswith(
        "Not enough: no heart rate (8867-4); systolic blood pressure (8480-6) too old; too few values."
    )


@pytest.mark.parametrize("reason", ["stale:study", "ahead:study", "stale:note", "ahead:note"])
def test_a_film_or_note_too_far_from_the_score_is_said_by_its_reason_alone(reason: str) -> None:
    found = Prediction("p", "m", "1", 0, "indeterminate", reasons=(reason,), study="ImagingStudy/x")
    assert rationale_of(found, terms_of_study(found, None)) == f"m 1: indeterminate ({reason})."


def test_other_reasons_are_no_shortfall() -> None:
    assert rationale_of(gru("contract:nan"), GRU_TERMS) == "deterioration_gru 2: indeterminate (contract:nan)."


def test_the_whole_says_stale_and_silent() -> None:
    stale = RiskScore("p", 0, "low", 5.0, (), False, True, False, (), 0)
    silent = RiskScore("p", 0, "indeterminate", None, (), False, True, False, (), 0, silent=True)
    assert rationale_of_whole(stale).endswith("Stale: nothing new for longer than the site allows.")
    assert rationale_of_whole(silent) == "Indeterminate: nothing new for so long that no earlier judgement stands."
