"""Courses of illness: shares, directions, and the turn."""

from itertools import pairwise

import pytest

from streams.simulate.trajectories import Course, courses


@pytest.mark.parametrize(("patients", "ill"), [(1, 0), (3, 0), (4, 1), (20, 2), (40, 5), (200, 25)])
def test_one_patient_in_eight_gets_worse(patients: int, ill: int) -> None:
    assert sum(course.kind != "stable" for course in courses(patients, 24, 1)) == ill


def test_sepsis_raises_pulse_breathing_and_temperature_and_lowers_pressure_and_saturation() -> None:
    shift = Course("sepsis", onset_h=2, ramp_h=4).shift(6)
    assert min(shift.heart_rate, shift.respiratory_rate, shift.temperature) > 0
    assert max(shift.systolic, shift.diastolic, shift.spo2) < 0


def test_respiratory_failure_lowers_saturation_first_and_bleeding_raises_the_pulse_first() -> None:
    lungs, blood = Course("respiratory", 0, 10).shift(2), Course("bleeding", 0, 10).shift(2)
    full_lungs, full_blood = Course("respiratory", 0, 10).shift(10), Course("bleeding", 0, 10).shift(10)
    assert lungs.spo2 / full_lungs.spo2 > lungs.heart_rate / full_lungs.heart_rate
    assert blood.heart_rate / full_blood.heart_rate > blood.systolic / full_blood.systolic


def test_an_illness_begins_at_its_onset_and_only_gets_worse() -> None:
    course = Course("sepsis", onset_h=2, ramp_h=4)
    severities = [course.severity(hours / 4) for hours in range(40)]
    assert severities[8] == 0.0
    assert severities[-1] == 1.0
    assert all(earlier <= later for earlier, later in pairwise(severities))


def test_treatment_turns_it() -> None:
    course = Course("sepsis", onset_h=2, ramp_h=4, turn_h=6)
    assert course.severity(6) == 1.0
    assert 0 < course.severity(8) < 1
    assert course.severity(12) == 0.0


def test_the_steady_stay_steady() -> None:
    assert Course("stable").severity(100) == 0.0
    assert Course("stable").shift(100).heart_rate == 0.0
