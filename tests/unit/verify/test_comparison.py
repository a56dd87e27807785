"""Every check of the verification can fail: one thing missing, wrong or too many is found, and nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.fusion.stage import Cutoffs
from streams.inference.manifest import load
from streams.modes.standing import Standing
from streams.publish.alerts_view import AlertRow
from streams.publish.identity import facts_digest, version_id
from streams.publish.keys import INDETERMINATE
from streams.publish.riskassessment import write
from streams.publish.summary import read
from streams.publish.terms import terms_of
from streams.records import Measure, ModelModes, ObservationVersion, Prediction, RiskScore, Version
from streams.timeline.retention import Retention
from streams.timeline.timeline import Timeline
from streams.verify.comparison import (
    TOLERANCE,
    Finding,
    compare_alerts,
    compare_latest,
    compare_letters,
    compare_modes,
    compare_scores,
    compare_states,
    compare_view,
    expected_scores,
)
from streams.verify.evidence import View
from streams.verify.expectation import Letter
from streams.verify.offline import OfflineScorer
from streams.workers.serving import serving_of

REPOSITORY = Path(__file__).parents[3] / "model_repo"
SPEC = load(REPOSITORY, "deterioration_gru")
SCORER = OfflineScorer(REPOSITORY, SPEC)
SERVING = serving_of(REPOSITORY, Standing(), SPEC)
TERMS = {SPEC.name: terms_of(SPEC)}
START, HOUR = 1_700_000_000_000, 3_600_000
RETENTION = Retention(72 * HOUR, 14 * 24 * HOUR)
VITALS = {"8867-4": 80.0, "8480-6": 120.0, "8462-4": 75.0, "9279-1": 16.0, "2708-6": 97.0, "8310-5": 37.0}


def fact(patient_id: str = "p1", resource_id: str = "a", at: int = START, hr: float = 80.0, version: int = 1,
         withdrawn: bool = False) -> ObservationVersion:  # fmt: skip
    measures = tuple(Measure(c, c, v) for c, v in (VITALS | {"8867-4": hr}).items())
    return ObservationVersion(
        "hospital", resource_id, patient_id, Version(version_id=version), withdrawn, START, at, "e1", measures
    )


def state(*facts: ObservationVersion) -> dict[str, Timeline]:
    found: dict[str, Timeline] = {}
    for one in facts:
        found.setdefault(one.patient_id, Timeline(RETENTION)).apply(one)
    return found


FACTS = (fact("p1", "a"), fact("p1", "b", START + HOUR), fact("p2", "c"))


def test_equal_states_agree() -> None:
    assert compare_states(state(*FACTS), state(*reversed(FACTS))) == []


def test_no_patients_agree() -> None:
    assert compare_states({}, {}) == []


def test_a_fact_missing_in_the_state_is_found() -> None:
    assert compare_states(state(*FACTS), state(FACTS[0], FACTS[2])) == [Finding("state: facts missing", 1)]


def test_a_patient_missing_in_the_state_is_found_with_all_facts() -> None:
    assert compare_states(state(*FACTS), state(FACTS[2])) == [Finding("state: facts missing", 2)]


def test_a_fact_that_nobody_sent_is_found() -> None:
    assert compare_states(state(*FACTS), state(*FACTS, fact("p1", "x"))) == [Finding("state: facts nobody sent", 1)]


def test_a_patient_that_nobody_sent_is_found() -> None:
    assert compare_states(state(*FACTS), state(*FACTS, fact("p9", "x"))) == [Finding("state: facts nobody sent", 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        fact("p2", "c", hr=81.0),
        fact("p2", "c", version=2),
        fact("p2", "c", at=START + 1),
        fact("p2", "c", withdrawn=True),
    ],
)
def test_a_fact_with_another_value_version_time_or_fate_is_wrong(wrong: ObservationVersion) -> None:
    assert compare_states(state(*FACTS), state(*FACTS[:2], wrong)) == [Finding("state: facts wrong", 1)]


def test_a_correction_that_the_state_has_not_taken_in_is_wrong() -> None:
    corrected = fact("p1", "a", hr=90.0, version=2)
    assert compare_states(state(*FACTS, corrected), state(*FACTS)) == [Finding("state: facts wrong", 1)]


def test_a_correction_of_which_the_first_version_was_never_read_is_wrong() -> None:
    corrected = fact("p2", "c", version=2)
    assert compare_states(state(fact("p2", "c"), corrected), state(corrected)) == [Finding("state: facts wrong", 1)]


def test_a_fact_under_another_patient_is_both_missing_and_of_nobody() -> None:
    assert compare_states(state(*FACTS), state(*FACTS[:2], fact("p3", "c"))) == [
        Finding("state: facts missing", 1),
        Finding("state: facts nobody sent", 1),
    ]


LETTERS: set[Letter] = {("fhir.observations", 0, 4, -1, "not-json"), ("fhir.observations", 0, 5, 2, "no-subject")}


def test_equal_dead_letters_agree_however_often_they_were_written() -> None:
    assert compare_letters(LETTERS, [*LETTERS, *LETTERS]) == []


def test_a_missing_dead_letter_is_found() -> None:
    assert compare_letters(LETTERS, list(LETTERS)[:1]) == [Finding("dead letters missing", 1)]


def test_a_dead_letter_of_nothing_is_found() -> None:
    extra: Letter = ("fhir.observations", 1, 4, -1, "not-json")
    assert compare_letters(LETTERS, [*LETTERS, extra]) == [Finding("dead letters of nothing", 1)]


@pytest.mark.parametrize("place", range(5))
def test_a_dead_letter_that_differs_in_topic_partition_offset_entry_or_reason_is_another(place: int) -> None:
    letter: Letter = ("fhir.observations", 0, 4, -1, "not-json")
    other = ("fhir.patients", 1, 5, 0, "no-subject")
    changed: Any = (*letter[:place], other[place], *letter[place + 1 :])
    assert compare_letters({letter}, [changed]) == [
        Finding("dead letters missing", 1),
        Finding("dead letters of nothing", 1),
    ]


Expected = dict[str, tuple[RiskScore, str]]


def expected(*facts: ObservationVersion, cutoffs: dict[str, Cutoffs] | None = None) -> Expected:
    return expected_scores({p: [t] for p, t in state(*facts).items()}, cutoffs or {}, SERVING, SCORER)


def published(scores: Expected) -> dict[str, bytes]:
    return {p: write(score, TERMS, version) for p, (score, version) in scores.items()}


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


def test_a_compacted_topic_with_the_last_words_agrees() -> None:
    assert compare_latest({"p1": b"a", "p2": b"b"}, {"p2": b"b", "p1": b"a"}) == []


@pytest.mark.parametrize(
    ("latest", "finding"),
    [
        ({"p1": b"a"}, "latest: patients missing"),
        ({"p1": b"a", "p2": b"b", "p3": b"c"}, "latest: patients of nobody"),
        ({"p1": b"a", "p2": b"older"}, "latest: not the last word"),
    ],
)
def test_a_compacted_topic_that_differs_is_found(latest: dict[str, bytes], finding: str) -> None:
    assert compare_latest({"p1": b"a", "p2": b"b"}, latest) == [Finding(finding, 1)]


def last_words() -> dict[str, bytes]:
    """One patient with an index and one without."""
    pulse = msgspec.structs.replace(fact("p2", "c"), measures=(Measure("8302-2", "8302-2", 170.0),))
    return published(expected(FACTS[0], pulse))


def view_of(last: dict[str, bytes]) -> View:
    places = {p: read(value).index for p, value in last.items()}
    ranking = {p: INDETERMINATE if index is None else index for p, index in places.items()}
    wards: dict[str, dict[str, float]] = {}
    for p, value in last.items():
        if ward := read(value).ward:
            wards.setdefault(ward, {})[p] = ranking[p]
    return View(dict(last), ranking, wards)


def in_wards() -> dict[str, bytes]:
    """A patient in a ward, one without an index in another, and one in none."""
    scores = expected(*FACTS, fact("p3", "d"))
    wards = {"p1": "North", "p2": "ICU", "p3": ""}
    placed = {p: (msgspec.structs.replace(score, ward=wards[p]), v) for p, (score, v) in scores.items()}
    nothing = msgspec.structs.replace(placed["p2"][0], level="indeterminate", index=None)
    return published(placed | {"p2": (nothing, placed["p2"][1])})


def test_wards_ranked_as_the_last_words_say_agree() -> None:
    view = view_of(in_wards())
    assert {ward: list(places) for ward, places in view.wards.items()} == {"North": ["p1"], "ICU": ["p2"]}
    assert compare_view(in_wards(), view) == []


@pytest.mark.parametrize(("ward", "patient", "place"), [("North", "p1", 99.5), ("ICU", "p2", 0.0)])
def test_a_wrong_place_in_the_ranking_of_a_ward_is_found(ward: str, patient: str, place: float) -> None:
    view = view_of(in_wards())
    view.wards[ward][patient] = place
    assert compare_view(in_wards(), view) == [Finding("Redis: wrong places in the ranking of a ward", 1)]


def test_a_patient_missing_in_the_ranking_of_the_ward_is_found() -> None:
    view = view_of(in_wards())
    del view.wards["North"]
    assert compare_view(in_wards(), view) == [Finding("Redis: wrong places in the ranking of a ward", 1)]


@pytest.mark.parametrize(("ward", "patient"), [("ICU", "p1"), ("North", "p3"), ("South", "p9")])
def test_a_patient_ranked_in_a_ward_that_is_not_theirs_is_found(ward: str, patient: str) -> None:
    view = view_of(in_wards())
    view.wards.setdefault(ward, {})[patient] = 50.0
    assert compare_view(in_wards(), view) == [Finding("Redis: patients ranked in a ward they are not in", 1)]


def test_a_retired_patient_still_ranked_in_a_ward_is_found() -> None:
    view = view_of(in_wards())
    del view.ranking["p1"]
    assert compare_view(in_wards(), view, {"p1"}) == [Finding("Redis: patients ranked in a ward they are not in", 1)]


def test_a_view_with_the_last_words_in_their_places_agrees() -> None:
    assert compare_view(last_words(), view_of(last_words())) == []


def test_a_patient_without_an_index_has_the_place_of_the_indeterminate() -> None:
    assert view_of(last_words()).ranking["p2"] == INDETERMINATE
    assert view_of(last_words()).ranking["p1"] > INDETERMINATE


@pytest.mark.parametrize("patient", ["p1", "p2"])
def test_a_patient_missing_in_the_view_is_found(patient: str) -> None:
    view = view_of(last_words())
    del view.latest[patient]
    assert compare_view(last_words(), view) == [Finding("Redis: patients missing", 1)]


def test_a_patient_of_nobody_in_the_view_is_found() -> None:
    view = view_of(last_words())
    view.latest["p9"] = b"{}"
    assert compare_view(last_words(), view) == [Finding("Redis: patients of nobody", 1)]


def test_a_view_that_is_not_the_last_word_is_found() -> None:
    view = view_of(last_words())
    view.latest["p1"] = b"older"
    assert compare_view(last_words(), view) == [Finding("Redis: not the last word", 1)]


@pytest.mark.parametrize(("patient", "place"), [("p1", INDETERMINATE), ("p1", 99.5), ("p2", 0.0)])
def test_a_wrong_place_in_the_ranking_is_found(patient: str, place: float) -> None:
    view = view_of(last_words())
    view.ranking[patient] = place
    assert compare_view(last_words(), view) == [Finding("Redis: wrong places in the ranking", 1)]


def test_a_patient_missing_in_the_ranking_is_found() -> None:
    view = view_of(last_words())
    del view.ranking["p2"]
    assert compare_view(last_words(), view) == [Finding("Redis: wrong places in the ranking", 1)]


def test_a_ranked_patient_of_nobody_is_found() -> None:
    view = view_of(last_words())
    view.ranking["p9"] = 50.0
    assert compare_view(last_words(), view) == [Finding("Redis: ranked patients of nobody", 1)]


def test_modes_in_redis_are_those_that_stand() -> None:
    record = ModelModes("gru", {"4": "live"}, {}, "change-2", 0, "ward lead", "agrees")
    standing = Standing().followed_by([(3, record)])
    assert compare_modes(standing, View({}, {}, modes={"gru": "change-2"})) == []
    for wrong in ({}, {"gru": "change-1"}, {"gru": "change-2", "cnn": "change-9"}):
        assert compare_modes(standing, View({}, {}, modes=wrong)) == [Finding("Redis: models with other modes", 1)]


def test_open_alerts_in_redis_are_those_that_stand_open() -> None:
    stands = AlertRow("p1", "a1", True, 0, 1, 5, b"newest")
    ended = AlertRow("p1", "a2", False, 0, 1, 6, b"ended")
    alerts = {"a1": stands, "a2": ended}
    assert compare_alerts(alerts, View({}, {}, alerts={"a1": b"newest"})) == []
    for held, told in (
        ({}, "Redis: open alerts missing"),
        ({"a1": b"newest", "a2": b"ended"}, "Redis: open alerts that have ended"),
        ({"a1": b"older"}, "Redis: open alerts by another word"),
    ):
        assert compare_alerts(alerts, View({}, {}, alerts=held)) == [Finding(told, 1)]
