"""What a NEWS2 is made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.scoring.test_news2 import ACVPU, FLOW, HR, NORMAL, RR, SBP, SPO2, TEMP, score


def test_a_well_patient_has_no_points_to_name() -> None:
    assert score(*NORMAL).contributions == ()


def test_each_parameter_with_points_is_named_in_the_order_of_the_chart() -> None:
    found = score((RR, 26), (SPO2, 93), (SBP, 120), (HR, 95), (TEMP, 38.5), (FLOW, 2), (ACVPU, 1))
    assert [one.words for one in found.contributions] == [
        "respiratory rate 26 /min: 3 points",
        "oxygen saturation 93 %: 2 points",
        "pulse 95 /min: 1 point",
        "temperature 38.5 Cel: 1 point",
        "supplemental oxygen: 2 points",
        "not alert: 3 points",
    ]
    assert {(one.model, one.unit, one.direction) for one in found.contributions} == {("news2", "points", "raises")}


@given(st.floats(5, 40), st.floats(80, 100), st.floats(70, 240), st.floats(30, 150), st.floats(33, 41))
def test_points_add_up_to_the_score(rr: float, spo2: float, sbp: float, hr: float, temp: float) -> None:
    found = score((RR, rr), (SPO2, spo2), (SBP, sbp), (HR, hr), (TEMP, temp))
    assert sum(one.size for one in found.contributions) == found.value


def test_a_score_of_too_few_parameters_names_none() -> None:
    assert score((RR, 30), (SPO2, 80)).contributions == ()
