"""Quantiles, waits and spreads of measured times."""

from __future__ import annotations

import math

from bench.numbers import Quantiles, Seen, Sent, quantiles, spread, total, waits_ms


def test_quantiles_are_waits_that_were_measured() -> None:
    assert quantiles(range(1, 101)) == Quantiles(50, 95, 99, 100)
    assert quantiles([7.5]) == Quantiles(7.5, 7.5, 7.5, 7.5)
    assert quantiles([3, 1, 2]) == Quantiles(2, 3, 3, 3)


def test_nothing_measured_has_no_quantiles() -> None:
    assert quantiles([]) is None
    assert spread([None, None]) is None


def test_a_newer_result_makes_older_observations_visible() -> None:
    sent = [Sent("a", 60, 1.0), Sent("a", 120, 1.1), Sent("b", 60, 1.2)]
    seen = [Seen("a", 120, 1.5), Seen("b", 60, 1.25)]
    assert [round(w) for w in waits_ms(sent, seen)] == [500, 400, 50]


def test_an_older_result_does_not_count_and_a_later_one_is_not_the_first() -> None:
    sent = [Sent("a", 120, 1.0)]
    seen = [Seen("a", 180, 3.0), Seen("a", 60, 1.1), Seen("a", 120, 2.0), Seen("a", 60, 2.5)]
    assert waits_ms(sent, seen) == [1000.0]


def test_what_never_became_visible_waits_for_ever() -> None:
    assert waits_ms([Sent("a", 60, 1.0), Sent("b", 60, 1.0)], [Seen("a", 59, 1.5)]) == [math.inf, math.inf]


def test_spread_is_median_lowest_highest_of_what_is_known() -> None:
    assert spread([3.0, None, 1.0, 10.0]) == (3.0, 1.0, 10.0)


def test_total_of_processes() -> None:
    assert total({"bedside": 2.0, "broker": 5.0}, ["bedside", "cache"]) == 2.0
