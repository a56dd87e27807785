"""What would change the level: named values really do, and nothing nearer is hidden."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from streams.fusion.fuse import RANK
from streams.records import Change, Prediction
from tests.unit.fusion.voices import AWAY, NO_NEWS, fused, gru, ratio, scored, slow_lists, vital


def words(*predictions: Prediction) -> list[str]:
    return [one.words for one in fused(*predictions).would_change]


def test_news2_says_the_next_score_up_and_down() -> None:
    assert words(AWAY, scored(5)) == ["high if news2 rose from 5 to 7", "low if news2 fell from 5 to 4"]


def test_the_model_says_the_probability_that_would_do_it() -> None:
    assert words(gru(0.2), NO_NEWS) == [
        "high if deterioration_gru rose from 20.0 % to about 36.5 %",
        "low-medium if deterioration_gru fell from 20.0 % to about 14.0 %",
    ]


def test_where_news2_holds_the_level_the_model_cannot_lower_it() -> None:
    score = fused(gru(0.001), scored(7))
    assert (score.level, score.held) == ("high", True)
    assert [(one.name, one.value, one.level) for one in score.would_change] == [("news2", 6.0, "medium")]


def test_a_score_that_falls_past_a_level_says_where_it_lands() -> None:
    score = fused(gru(0.001), scored(5))
    assert [one.words for one in score.would_change][-1] == "low if news2 fell from 5 to 4"


def test_a_single_parameter_at_three_is_not_said_as_a_score() -> None:
    score = fused(gru(0.001), scored(3, worst=3))
    assert (score.level, [one.level for one in score.would_change]) == ("low-medium", ["medium"])


def test_a_film_at_its_ceiling_cannot_make_more_of_it() -> None:
    score = fused(gru(0.1), scored(4), ratio(0.7))
    assert score.level == "low-medium"
    assert {one.name for one in score.would_change} == {"deterioration", "news2"} or "imaging" not in {
        one.name for one in score.would_change if one.level == "medium"
    }


def test_there_is_nothing_to_change_without_a_level() -> None:
    assert words(AWAY, NO_NEWS) == []


@given(vital, slow_lists)
def test_the_named_value_leads_to_the_named_level(both: tuple[Prediction, ...], slow: tuple[Prediction, ...]) -> None:
    everything = [*both, *slow]
    score = fused(*everything)
    for change in score.would_change:
        assert RANK[change.level] != RANK[score.level]
        after = fused(*(_with(one, change, RANK[change.level] > RANK[score.level]) for one in everything))
        assert after.level == change.level


def _with(one: Prediction, change: Change, up: bool) -> Prediction:
    if one.model != change.model:
        return one
    if one.model == "news2":
        points = int(change.value)
        return scored(points, 3 if up and one.level == "low-medium" else 0)
    # A hair beyond the value that is named as about where the level changes.
    return msgspec.structs.replace(one, value=change.value + (1 if up else -1) * 1e-6 * max(change.value, 1e-9))


@pytest.mark.parametrize("points", range(21))
def test_every_news2_alone_says_its_neighbours(points: int) -> None:
    score = fused(AWAY, scored(points))
    found = {one.level: one.value for one in score.would_change}
    expected = {"low": {"low-medium": 5.0}, "medium": {"high": 7.0, "low": 4.0}, "high": {"medium": 6.0}}
    assert found.values() == expected.get(score.level, {}).values() or list(found.values()) == list(
        expected[score.level].values()
    )
