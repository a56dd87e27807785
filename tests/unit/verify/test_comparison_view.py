"""The compacted topic and Redis held against the last words: whatever differs is found, and nothing else is."""

from __future__ import annotations

import msgspec
import pytest

from streams.modes.standing import Standing
from streams.publish.alert_lists import Name
from streams.publish.alerts_view import AlertRow
from streams.publish.keys import INDETERMINATE
from streams.publish.summary import read
from streams.records import Measure, ModelModes
from streams.verify.comparison import (
    Finding,
    compare_alerts,
    compare_latest,
    compare_modes,
    compare_view,
)
from streams.verify.evidence import View
from tests.unit.verify.wards import (
    FACTS,
    expected,
    fact,
    published,
)


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


def test_a_patient_that_the_view_need_not_remember_may_be_there_or_not() -> None:
    whole = view_of(last_words())
    assert compare_view(last_words(), whole, expired={"p1"}) == []
    del whole.latest["p1"]
    assert compare_view(last_words(), whole, expired={"p1"}) == []
    del whole.ranking["p1"]
    assert compare_view(last_words(), whole, expired={"p1"}) == []
    assert Finding("Redis: patients missing", 1) in compare_view(last_words(), whole, expired={"p2"})


def test_modes_in_redis_are_those_that_stand() -> None:
    record = ModelModes("gru", {"4": "live"}, {}, "change-2", 0, "ward lead", "agrees")
    standing = Standing().followed_by([(3, record)])
    assert compare_modes(standing, View({}, {}, modes={"gru": "change-2"})) == []
    for wrong in ({}, {"gru": "change-1"}, {"gru": "change-2", "cnn": "change-9"}):
        assert compare_modes(standing, View({}, {}, modes=wrong)) == [Finding("Redis: models with other modes", 1)]


def test_open_alerts_in_redis_are_those_that_stand_open() -> None:
    stands = AlertRow("p1", "a1", True, 0, 1, 5, b"newest", "ICU")
    ended = AlertRow("p1", "a2", False, 0, 1, 6, b"ended")
    alerts = {"a1": stands, "a2": ended}
    lists = {("p1", "a1"): {"", "ICU"}}
    assert compare_alerts(alerts, View({}, {}, alerts={"a1": b"newest"}, alert_lists=lists)) == []
    for held, told in (
        ({}, "Redis: open alerts missing"),
        ({"a1": b"newest", "a2": b"ended"}, "Redis: open alerts that have ended"),
        ({"a1": b"older"}, "Redis: open alerts by another word"),
    ):
        assert compare_alerts(alerts, View({}, {}, alerts=held, alert_lists=lists)) == [Finding(told, 1)]


@pytest.mark.parametrize(
    "lists",
    [
        {},
        {("p1", "a1"): {""}},
        {("p1", "a1"): {"ICU"}},
        {("p1", "a1"): {"", "ICU", "North"}},
        {("p1", "a1"): {"", "ICU"}, ("p9", "a9"): {"North"}},
    ],
)
def test_an_open_alert_is_in_the_list_of_all_and_in_that_of_its_ward_alone(lists: dict[Name, set[str]]) -> None:
    alerts = {"a1": AlertRow("p1", "a1", True, 0, 1, 5, b"newest", "ICU")}
    view = View({}, {}, alerts={"a1": b"newest"}, alert_lists=lists)
    assert compare_alerts(alerts, view) == [Finding("Redis: alerts in wrong lists", 1)]
