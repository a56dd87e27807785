"""Agreement, alert rates and calibration of two versions, on figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import DAY, HOUR
from streams.records import Level
from streams.registry.agreement import LEVELS, agreement, alert_rate, calibration, weighted_kappa
from streams.registry.pairs import Pair


def pair(live: float | None, candidate: float | None, levels: tuple[Level, Level] = ("low", "low")) -> Pair:
    return Pair("p1", 0, live, candidate, *levels)


def test_the_mean_difference_and_its_limits() -> None:
    found = agreement([pair(0.1, 0.2), pair(0.2, 0.4), pair(0.3, 0.6)])
    assert found.mean_difference == pytest.approx(0.2)
    assert found.limits == (pytest.approx(0.2 - 0.196), pytest.approx(0.2 + 0.196))


def test_a_pair_with_one_value_is_counted_and_not_compared() -> None:
    found = agreement([pair(0.1, None, ("low", "indeterminate")), pair(None, None, ("indeterminate", "indeterminate"))])
    assert (found.pairs, found.one_alone) == (2, 1)
    assert math.isnan(found.mean_difference)
    assert sum(map(sum, found.table)) == 0


def test_levels_are_counted_live_by_candidate() -> None:
    found = agreement([pair(0.1, 0.5, ("low", "high")), pair(0.1, 0.1)])
    assert found.table == ((1, 0, 0, 1), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0))


def test_kappa_of_cohens_own_kind_of_table() -> None:
    # Two raters, two levels: observed agreement 0.7, by chance 0.5, unweighted and quadratic are the same: 0.4.
    assert weighted_kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)


def test_kappa_is_one_where_all_agree_and_unknown_where_there_is_one_level() -> None:
    assert weighted_kappa(np.diag([3, 0, 2, 1])) == 1.0
    assert math.isnan(weighted_kappa(np.array([[7, 0], [0, 0]])))
    assert math.isnan(weighted_kappa(np.zeros((4, 4), np.int64)))


@given(st.lists(st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS)), min_size=1))
def test_kappa_never_exceeds_one_and_does_not_mind_who_is_who(levels: list[tuple[Level, Level]]) -> None:
    table = np.array(agreement([pair(0.1, 0.1, both) for both in levels]).table)
    kappa, other = weighted_kappa(table), weighted_kappa(table.T)
    assert math.isnan(kappa) or kappa <= 1.0
    assert (math.isnan(kappa) and math.isnan(other)) or kappa == pytest.approx(other)


def test_an_onset_is_where_a_patient_comes_to_the_level_from_below() -> None:
    said: list[tuple[str, int, Level]] = [
        ("a", 0, "low"), ("a", HOUR, "high"), ("a", 2 * HOUR, "high"), ("a", 3 * HOUR, "medium"),
        ("a", DAY, "high"), ("b", DAY, "low"),
    ]  # fmt: skip
    found = alert_rate(said, "high")
    assert (found.onsets, found.patients, found.share) == (2, 1, 0.5)
    assert found.per_patient_day == pytest.approx(2 / (1 + 1 / 24))


def test_an_indeterminate_prediction_is_no_alert() -> None:
    assert alert_rate([("a", 0, "indeterminate")], "low").onsets == 0


def test_calibration_of_four_patients() -> None:
    found = calibration(
        {"a": 0.1, "b": 0.4, "c": 0.6, "d": 0.9, "e": 0.5}, {"a": False, "b": True, "c": False, "d": True}
    )
    assert (found.patients, found.events, found.expected) == (4, 2, pytest.approx(2.0))
    assert found.brier == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)
    assert found.auroc == 0.75
    assert [count for *_, count in found.bins] == [1, 1, 1, 1]


def test_without_outcomes_there_is_nothing_to_hold_against() -> None:
    found = calibration({"a": 0.1}, {})
    assert (found.patients, found.bins) == (0, ())
    assert math.isnan(found.brier)
    assert math.isnan(found.auroc)
