"""True vital signs: in a living body's limits, coherent, with day and night."""

from statistics import mean

from hypothesis import given
from hypothesis import strategies as st

from streams.simulate.chance import stream
from streams.simulate.physiology import Body, Vitals, baseline
from streams.simulate.trajectories import Course, Kind
from streams.vocabulary import quantity

CODES = {
    "heart_rate": "8867-4",
    "respiratory_rate": "9279-1",
    "spo2": "2708-6",
    "temperature": "8310-5",
    "systolic": "8480-6",
    "diastolic": "8462-4",
    "coma_score": "9269-2",
}


@given(st.integers(0, 10_000), st.sampled_from(["stable", "sepsis", "respiratory", "bleeding"]))
def test_a_body_is_always_possible_and_systolic_is_above_diastolic(seed: int, kind: Kind) -> None:
    body = Body(baseline(stream(seed)), Course(kind, 1, 4), 8, stream(seed, "body"))
    for hours in (0, 0.1, 1, 3, 5, 20, 47):
        vitals = body.measured(hours)
        assert vitals.systolic - vitals.diastolic >= 12
        assert all(quantity(code).plausible(getattr(vitals, name)) for name, code in CODES.items())


def test_the_night_is_cooler_and_slower_than_the_day() -> None:
    night, day = [], []
    for seed in range(60):
        body = Body(baseline(stream(seed)), Course("stable"), 0, stream(seed, "body"))
        night.append(body.at(4))
        day.append(body.at(16))
    for name in ("heart_rate", "temperature", "systolic"):
        assert average(day, name) > average(night, name)


def average(bodies: list[Vitals], name: str) -> float:
    return mean(float(getattr(body, name)) for body in bodies)


def test_drift_is_slow() -> None:
    steps, hours = [], []
    for seed in range(80):
        body = Body(baseline(stream(seed)), Course("stable"), 12, stream(seed, "body"))
        first, soon, later = body.at(0), body.at(0.05), body.at(10)
        steps.append(abs(soon.heart_rate - first.heart_rate))
        hours.append(abs(later.heart_rate - first.heart_rate))
    assert mean(steps) < 0.5 * mean(hours)
