"""The published table (RCP 2017, chart 1) value by value, and the library vitalscore as a second opinion."""

from __future__ import annotations

import itertools

import pytest
from vitalscore.scores.news2 import score_news2

from streams.scoring.news2_bands import Charted, Scale, Total, charted, level, tenths, total

NORMAL = Charted(respiratory_rate=16, spo2=98, systolic=120, pulse=70, temperature=37.0)

RESPIRATORY_RATE = [(1, 8, 3), (9, 11, 1), (12, 20, 0), (21, 24, 2), (25, 60, 3)]
SPO2_1 = [(40, 91, 3), (92, 93, 2), (94, 95, 1), (96, 100, 0)]
SPO2_2_AIR = [(40, 83, 3), (84, 85, 2), (86, 87, 1), (88, 100, 0)]
SPO2_2_OXYGEN = [(40, 83, 3), (84, 85, 2), (86, 87, 1), (88, 92, 0), (93, 94, 1), (95, 96, 2), (97, 100, 3)]
SYSTOLIC = [(30, 90, 3), (91, 100, 2), (101, 110, 1), (111, 219, 0), (220, 300, 3)]
PULSE = [(10, 40, 3), (41, 50, 1), (51, 90, 0), (91, 110, 1), (111, 130, 2), (131, 300, 3)]
SCALES: tuple[Scale, ...] = (1, 2)
TENTHS = [(250, 350, 3), (351, 360, 1), (361, 380, 0), (381, 390, 1), (391, 450, 2)]


def every(table: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    return [(value, points) for low, high, points in table for value in range(low, high + 1)]


@pytest.mark.parametrize(
    ("field", "table"),
    [("respiratory_rate", RESPIRATORY_RATE), ("spo2", SPO2_1), ("systolic", SYSTOLIC), ("pulse", PULSE)],
)
def test_every_whole_value_scores_as_published(field: str, table: list[tuple[int, int, int]]) -> None:
    charts = [(NORMAL._replace(**{field: value}), points) for value, points in every(table)]  # type: ignore[arg-type]
    wrong = [chart for chart, points in charts if total(chart) != Total(points, points)]
    assert wrong == []


def test_every_tenth_of_a_degree_scores_as_published() -> None:
    wrong = [t for t, points in every(TENTHS) if total(NORMAL._replace(temperature=t / 10)).score != points]
    assert wrong == []


def test_scale_2_on_air_scores_as_published() -> None:
    wrong = [v for v, points in every(SPO2_2_AIR) if total(NORMAL._replace(spo2=v), 2).score != points]
    assert wrong == []


def test_scale_2_on_oxygen_scores_as_published_beside_the_two_points_for_oxygen() -> None:
    chart = NORMAL._replace(on_oxygen=True)
    wrong = [v for v, points in every(SPO2_2_OXYGEN) if total(chart._replace(spo2=v), 2).score != points + 2]
    assert wrong == []


def test_oxygen_is_two_points_and_less_than_alert_is_three() -> None:
    assert total(NORMAL) == Total(0, 0)
    assert total(NORMAL._replace(on_oxygen=True)) == Total(2, 2)
    assert total(NORMAL._replace(alert=False)) == Total(3, 3)


def test_the_worst_patient_has_twenty_points() -> None:
    assert total(Charted(30, 80, 80, 140, 34.0, on_oxygen=True, alert=False)) == Total(20, 3)


def test_what_is_missing_adds_nothing() -> None:
    assert total(Charted(None, None, None, None, None)) == Total(0, 0)
    assert total(Charted(25, None, None, 95, None)) == Total(4, 3)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(91.4, 91), (91.5, 92), (92.5, 93), (8.49, 8), (8.5, 9), (219.5, 220), (95.49999, 95)],
)
def test_rates_saturations_and_pressures_are_rounded_half_up(value: float, expected: int) -> None:
    assert charted(value) == expected


@pytest.mark.parametrize(
    ("celsius", "expected"), [(35.04, 350), (35.05, 351), (36.05, 361), (38.05, 381), (39.05, 391), (39.04999, 390)]
)
def test_temperatures_are_rounded_half_up_to_tenths(celsius: float, expected: int) -> None:
    assert tenths(celsius) == expected


def test_a_half_that_a_unit_conversion_blurred_is_still_a_half() -> None:
    """97.07 degF is 36.15 Cel; by way of Kelvin it comes out a little short."""
    assert (97.07 + 459.67) * 5 / 9 - 273.15 == 36.14999999999998
    assert tenths(36.14999999999998) == 362


def test_a_saturation_of_91_5_is_charted_92_and_scores_two() -> None:
    assert total(NORMAL._replace(spo2=91.5)).score == 2
    assert total(NORMAL._replace(spo2=91.4)).score == 3


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Total(0, 0), "low"),
        (Total(4, 2), "low"),
        (Total(3, 3), "low-medium"),
        (Total(4, 3), "low-medium"),
        (Total(5, 2), "medium"),
        (Total(6, 3), "medium"),
        (Total(7, 2), "high"),
        (Total(20, 3), "high"),
    ],
)
def test_levels_are_the_published_triggers(result: Total, expected: str) -> None:
    assert level(result) == expected


def test_the_library_vitalscore_agrees_on_a_grid_around_every_edge() -> None:
    """All edges of all parameters on both scales, those of the pulse in turn; vitalscore refuses SpO2 below 50."""
    grid = itertools.product(
        (8, 9, 11, 12, 20, 21, 24, 25),
        (83, 84, 85, 86, 87, 88, 91, 92, 93, 94, 95, 96, 97),
        (False, True),
        (90, 91, 100, 101, 110, 111, 219, 220),
        (True, False),
        (35.0, 35.1, 36.0, 36.1, 38.0, 38.1, 39.0, 39.1),
        SCALES,
    )
    pulses = itertools.cycle((40, 41, 50, 51, 90, 91, 110, 111, 130, 131, 70))
    seen = 0
    for (rate, spo2, oxygen, systolic, alert, celsius, scale), pulse in zip(grid, pulses, strict=False):
        other = score_news2(
            rate, spo2, oxygen, systolic, pulse, "A" if alert else "V", celsius, use_spo2_scale2=scale == 2
        )
        ours = total(Charted(rate, spo2, systolic, pulse, celsius, oxygen, alert), scale)
        assert ours == (other.total, other.max_single_parameter)
        seen += 1
    assert seen == 8 * 13 * 2 * 8 * 2 * 8 * 2


def test_the_library_vitalscore_agrees_on_every_saturation_and_pulse_on_both_scales_on_air_and_on_oxygen() -> None:
    for spo2, pulse, oxygen, scale in itertools.product(range(50, 101), range(20, 201), (False, True), SCALES):
        other = score_news2(16, spo2, oxygen, 120, pulse, "A", 37.0, use_spo2_scale2=scale == 2)
        ours = total(NORMAL._replace(spo2=spo2, pulse=pulse, on_oxygen=oxygen), scale)
        assert ours == (other.total, other.max_single_parameter)


@pytest.mark.parametrize(("letter", "alert"), [("A", True), ("C", False), ("V", False), ("P", False), ("U", False)])
def test_the_library_vitalscore_agrees_on_every_letter_of_acvpu(letter: str, alert: bool) -> None:
    other = score_news2(16, 98, False, 120, 70, letter, 37.0)
    assert total(NORMAL._replace(alert=alert)) == (other.total, other.max_single_parameter)
