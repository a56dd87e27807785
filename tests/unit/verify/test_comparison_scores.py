"""Scores held against those made offline: one missing, of nobody, late or wrong is found, and nothing else is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.fusion.stage import Cutoffs
from streams.publish.identity import facts_digest, version_id
from streams.publish.riskassessment import write
from streams.records import Measure, Prediction, RiskScore
from streams.timeline.timeline import Timeline
from streams.verify.comparison import (
    TOLERANCE,
    Finding,
    compare_scores,
    expected_scores,
)
from tests.unit.verify.wards import (
    FACTS,
    HOUR,
    RETENTION,
    SCORER,
    SERVING,
    SPEC,
    START,
    TERMS,
    Expected,
    expected,
    fact,
    published,
    state,
)


def findings(last: dict[str, bytes], scores: Expected | None = None) -> list[Finding]:
    return compare_scores(scores or expected(*FACTS), last)[0]


def with_changed(score: tuple[RiskScore, str], model: str, **changes: Any) -> bytes:
    """The score as published with one prediction changed, under the same version."""
    found, version = score
    predictions = tuple(msgspec.structs.replace(p, **changes) if p.model == model else p for p in found.predictions)
    return write(msgspec.structs.replace(found, predictions=predictions), TERMS, version)


def gru(score: RiskScore) -> Prediction:
    return next(p for p in score.predictions if p.model == SPEC.name)


def test_scores_that_are_the_offline_ones_agree() -> None:
    assert compare_scores(expected(*FACTS), published(expected(*FACTS))) == ([], 0.0)


def test_the_expected_value_is_that_of_the_model_that_is_served() -> None:
    value = gru(expected(*FACTS)["p1"][0]).value
    assert value is not None
    assert 0.0 < value < 1.0


def test_a_missing_score_is_found() -> None:
    last = published(expected(*FACTS))
    del last["p2"]
    assert findings(last) == [Finding("scores missing", 1)]


def test_a_score_of_nobody_is_found() -> None:
    last = published(expected(*FACTS))
    assert findings(last | {"p9": last["p1"]}) == [Finding("scores of nobody", 1)]


def test_a_score_that_has_not_taken_in_the_newest_fact_is_as_of_another_instant() -> None:
    behind = published(expected(FACTS[0], FACTS[2]))
    assert Finding("scores as of another instant", 1) in findings(behind)


def test_a_score_as_of_another_instant_alone_is_found() -> None:
    scores = expected(*FACTS)
    score, version = scores["p1"]
    last = published(scores) | {"p1": write(msgspec.structs.replace(score, as_of=score.as_of + 1), TERMS, version)}
    assert findings(last) == [Finding("scores as of another instant", 1)]


def test_a_score_of_another_version_alone_is_found() -> None:
    scores = expected(*FACTS)
    last = published(scores) | {"p1": write(scores["p1"][0], TERMS, "0" * 32)}
    assert findings(last) == [Finding("scores of another version", 1)]


def test_a_score_that_should_be_stale_is_of_another_version() -> None:
    stale = expected(*FACTS, cutoffs={"p1": Cutoffs(START + HOUR)})
    assert findings(published(expected(*FACTS)), stale) == [Finding("scores of another version", 1)]


def test_a_score_that_should_be_silent_is_of_another_version_and_level() -> None:
    silent = expected(*FACTS, cutoffs={"p1": Cutoffs(START + 9 * HOUR, START + HOUR)})
    assert findings(published(expected(*FACTS)), silent) == [
        Finding("scores of another version", 1),
        Finding("scores with other values", 1),
        Finding("scores with another index", 1),
    ]


def test_a_correction_that_leaves_all_values_alone_is_still_another_version() -> None:
    scores = expected(*FACTS, fact("p2", "c", version=2))
    assert findings(published(expected(*FACTS)), scores) == [Finding("scores of another version", 1)]


@pytest.mark.parametrize("place", [{"ward": "North"}, {"bed": "12"}])
def test_a_score_that_places_the_patient_elsewhere_is_found(place: dict[str, str]) -> None:
    score, version = expected(*FACTS)["p1"]
    last = published(expected(*FACTS) | {"p1": (msgspec.structs.replace(score, **place), version)})
    assert findings(last) == [Finding("scores in another place", 1)]


def test_a_value_off_by_more_than_the_tolerance_is_found_and_told() -> None:
    scores = expected(*FACTS)
    value = gru(scores["p1"][0]).value
    assert value is not None
    last = published(scores) | {"p1": with_changed(scores["p1"], SPEC.name, value=value + 2 * TOLERANCE)}
    found, largest = compare_scores(scores, last)
    assert found == [Finding("scores with other values", 1)]
    assert largest == pytest.approx(2 * TOLERANCE)


def test_a_value_within_the_tolerance_agrees_and_its_difference_is_told() -> None:
    scores = expected(*FACTS)
    value = gru(scores["p1"][0]).value
    assert value is not None
    last = published(scores) | {"p1": with_changed(scores["p1"], SPEC.name, value=value + TOLERANCE / 2)}
    found, largest = compare_scores(scores, last)
    assert found == []
    assert largest == pytest.approx(TOLERANCE / 2)


def test_a_value_that_is_absent_where_one_is_expected_is_found() -> None:
    scores = expected(*FACTS)
    last = published(scores) | {"p1": with_changed(scores["p1"], SPEC.name, value=None)}
    assert compare_scores(scores, last) == ([Finding("scores with other values", 1)], float("inf"))


def test_news2_is_held_against_its_own_value_too() -> None:
    scores = expected(*FACTS)
    last = published(scores) | {"p1": with_changed(scores["p1"], "news2", value=7.0)}
    assert findings(last) == [Finding("scores with other values", 1)]


def test_another_level_with_the_same_values_is_found() -> None:
    scores = expected(*FACTS)
    score, version = scores["p1"]
    level = "high" if score.level != "high" else "low"
    last = published(scores) | {"p1": write(msgspec.structs.replace(score, level=level), TERMS, version)}
    assert findings(last) == [Finding("scores with other values", 1)]


def test_a_patient_scored_without_the_model_that_is_back_is_another_version_with_other_values() -> None:
    scores = expected(*FACTS)
    last = published(scores) | {"p1": with_changed(scores["p1"], SPEC.name, value=None, status="unavailable")}
    assert Finding("scores with other values", 1) in findings(last)


def test_each_patient_counts() -> None:
    assert findings({}) == [Finding("scores missing", 2)]


def test_patients_of_whom_nothing_clinical_is_known_need_no_score() -> None:
    assert expected_scores({"p1": [Timeline(RETENTION)]}, {}, SERVING, SCORER) == {}


def test_an_insufficient_patient_is_expected_indeterminate_and_the_model_is_not_run() -> None:
    pulse = msgspec.structs.replace(fact(), measures=(Measure("8867-4", "8867-4", 80.0),))
    score, version = expected(pulse)["p1"]
    assert gru(score).status == "indeterminate"
    assert len(version) == 32


def test_the_expected_version_is_that_of_the_facts() -> None:
    from streams.timeline.snapshot import snapshot

    found = snapshot("p1", [state(*FACTS)["p1"]])
    assert found is not None
    score, version = expected(*FACTS)["p1"]
    assert version == version_id(score, facts_digest(found))
