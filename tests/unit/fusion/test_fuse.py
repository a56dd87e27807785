from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.fusion.fuse import RANK, fuse
from streams.fusion.index import index_of_news2, index_of_probability
from streams.records import Level, Prediction, RiskScore, Status
from streams.timeline.series import Snapshot, series_of

AS_OF = 1_700_000_000_000
SNAPSHOT = Snapshot("p", AS_OF, series_of([]), "", "", "enc-1", False, ("a", "b"), 7)


def prediction(
    model: str, status: Status, value: float | None, level: Level = "indeterminate", *reasons: str
) -> Prediction:
    return Prediction("p", model, "1", AS_OF, status, value, level, reasons)


def gru(value: float, level: Level) -> Prediction:
    return prediction("deterioration_gru", "ok", value, level)


def news(value: float, level: Level) -> Prediction:
    return prediction("news2", "ok", value, level)


AWAY = prediction("deterioration_gru", "unavailable", None, "indeterminate", "breaker-open")
UNSURE = prediction("deterioration_gru", "indeterminate", None, "indeterminate", "missing:9279-1")
NO_NEWS = prediction("news2", "indeterminate", None, "indeterminate", "missing:8310-5")


@pytest.mark.parametrize(
    ("score", "index"), [(0, 5), (2, 22.5), (4, 40), (5, 50), (6, 62.5), (7, 75), (13.5, 87.5), (20, 100)]
)
def test_the_index_of_news2_is_on_the_stated_lines(score: float, index: float) -> None:
    assert index_of_news2(score) == index


@pytest.mark.parametrize(("probability", "index"), [(0.0, 0.0), (0.14, 50.0), (1.0, 100.0)])
def test_the_index_of_a_probability_is_50_at_the_prior(probability: float, index: float) -> None:
    assert index_of_probability(probability) == pytest.approx(index)


def test_twice_the_odds_of_the_prior_are_two_thirds() -> None:
    odds = 2 * 0.14 / 0.86
    assert index_of_probability(odds / (1 + odds)) == pytest.approx(200 / 3)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_probability_is_never_less_index(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= index_of_probability(low) <= index_of_probability(high) <= 100


@given(st.floats(0, 20), st.floats(0, 20))
def test_more_points_are_never_less_index(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 5 <= index_of_news2(low) <= index_of_news2(high) <= 100


def test_the_higher_level_and_the_higher_index_win() -> None:
    found = fuse(SNAPSHOT, [gru(0.14, "low"), news(7, "high")])
    assert (found.level, found.index, found.degraded, found.reasons) == ("high", 75.0, False, ())
    found = fuse(SNAPSHOT, [gru(0.9, "high"), news(0, "low")])
    assert (found.level, round(found.index or 0, 1)) == ("high", 98.2)


def test_level_and_index_may_come_from_different_models() -> None:
    found = fuse(SNAPSHOT, [gru(0.14, "low"), news(3, "low-medium")])
    assert (found.level, found.index) == ("low-medium", 50.0)


def test_news2_stands_alone_and_says_so_when_the_model_is_away() -> None:
    found = fuse(SNAPSHOT, [AWAY, news(5, "medium")])
    assert (found.level, found.index, found.degraded) == ("medium", 50.0, True)
    assert found.reasons == ("deterioration_gru:breaker-open",)


def test_too_little_input_for_the_model_is_not_degraded() -> None:
    found = fuse(SNAPSHOT, [UNSURE, news(5, "medium")])
    assert (found.level, found.degraded, found.reasons) == ("medium", False, ("deterioration_gru:missing:9279-1",))


def test_nothing_usable_is_indeterminate_with_all_reasons() -> None:
    found = fuse(SNAPSHOT, [AWAY, NO_NEWS])
    assert (found.level, found.index, found.degraded) == ("indeterminate", None, True)
    assert found.reasons == ("deterioration_gru:breaker-open", "news2:missing:8310-5")


def test_no_predictions_at_all_are_indeterminate() -> None:
    assert (fuse(SNAPSHOT, []).level, fuse(SNAPSHOT, []).index) == ("indeterminate", None)


def test_a_partial_news2_raises() -> None:
    partial = prediction("news2", "indeterminate", 7.0, "high", "partial", "missing:8310-5")
    found = fuse(SNAPSHOT, [gru(0.01, "low"), partial])
    assert (found.level, found.index) == ("high", 75.0)
    assert found.reasons == ("news2:partial", "news2:missing:8310-5")


def test_a_low_partial_news2_alone_does_not_say_low() -> None:
    partial = prediction("news2", "indeterminate", 1.0, "indeterminate", "partial", "missing:8310-5")
    found = fuse(SNAPSHOT, [AWAY, partial])
    assert (found.level, found.index) == ("indeterminate", None)


def test_a_low_partial_news2_beside_a_model_does_not_lower() -> None:
    partial = prediction("news2", "indeterminate", 0.0, "indeterminate", "partial")
    found = fuse(SNAPSHOT, [gru(0.14, "medium"), partial])
    assert (found.level, found.index) == ("medium", 50.0)


def test_stale_is_said_and_changes_nothing_else() -> None:
    fresh, stale = fuse(SNAPSHOT, [news(5, "medium")]), fuse(SNAPSHOT, [news(5, "medium")], stage="stale")
    assert stale == msgspec.structs.replace(fresh, stale=True, reasons=("stale",))


def test_silent_takes_level_and_index_and_leaves_the_predictions() -> None:
    fresh, silent = (fuse(SNAPSHOT, [AWAY, news(5, "medium")], stage=stage) for stage in ("fresh", "silent"))
    assert silent == msgspec.structs.replace(
        fresh,
        level="indeterminate",
        index=None,
        stale=True,
        silent=True,
        reasons=("deterioration_gru:breaker-open", "stale", "silent"),
    )


def test_a_flag_in_the_basis_is_named_as_one() -> None:
    found = fuse(msgspec.structs.replace(SNAPSHOT, basis=("Flag/f1", "sha-1")), [])
    assert found.basis == ("Flag/f1", "Observation/sha-1")


def test_what_carried_it_comes_from_the_snapshot() -> None:
    found = fuse(msgspec.structs.replace(SNAPSHOT, corrected=True), [news(5, "medium")])
    assert (found.basis, found.basis_count) == (("Observation/a", "Observation/b"), 7)
    assert (found.patient_id, found.as_of, found.encounter_id, found.corrected) == ("p", AS_OF, "enc-1", True)


def test_a_prior_of_its_own_moves_a_models_middle() -> None:
    assert fuse(SNAPSHOT, [gru(0.3, "medium")], priors={"deterioration_gru": 0.3}).index == pytest.approx(50.0)


levels: st.SearchStrategy[Level] = st.sampled_from(["low", "low-medium", "medium", "high"])
grus = st.builds(gru, st.floats(0, 1), levels)
newses = st.builds(lambda points, level: news(float(points), level), st.integers(0, 20), levels)
silent = st.sampled_from([AWAY, UNSURE, NO_NEWS])
predictions = st.lists(st.one_of(grus, newses, silent), max_size=5)


def said(score: RiskScore) -> tuple[Level, float | None]:
    return score.level, score.index


@given(predictions, silent)
def test_a_silent_model_moves_nothing(some: list[Prediction], mute: Prediction) -> None:
    assert said(fuse(SNAPSHOT, [*some, mute])) == said(fuse(SNAPSHOT, some))


@given(predictions, st.one_of(grus, newses))
def test_another_voice_never_lowers(some: list[Prediction], voice: Prediction) -> None:
    without, with_ = fuse(SNAPSHOT, some), fuse(SNAPSHOT, [*some, voice])
    assert RANK[with_.level] >= RANK[without.level]
    assert with_.index is not None
    assert with_.index >= (without.index or 0.0)


@given(predictions, st.permutations(range(5)))
def test_the_order_of_models_does_not_matter(some: list[Prediction], order: list[int]) -> None:
    shuffled = [some[k] for k in order if k < len(some)]
    assert said(fuse(SNAPSHOT, shuffled)) == said(fuse(SNAPSHOT, some))


@given(predictions)
def test_it_is_bounded_and_has_an_index_where_it_has_a_level(some: list[Prediction]) -> None:
    found = fuse(SNAPSHOT, some)
    assert (found.index is None) == (found.level == "indeterminate")
    assert found.index is None or 0 <= found.index <= 100
