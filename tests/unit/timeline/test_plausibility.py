"""What reaches the models: possible values that do not contradict each other; the rest stays a fact."""

from __future__ import annotations

import pytest

from streams.clock import MINUTE
from streams.records import Measure, ObservationVersion, Version
from streams.timeline.plausibility import excluded
from streams.timeline.snapshot import snapshot
from streams.timeline.timeline import Timeline
from tests.unit.timeline.test_timeline import DAY_1, observation, timeline

HEART_RATE, SYSTOLIC, DIASTOLIC, MEAN = "8867-4", "8480-6", "8462-4", "8478-0"


def measured(*values: tuple[str, float]) -> tuple[Measure, ...]:
    return tuple(Measure(code, code, float(value)) for code, value in values)


def panel(
    resource_id: str, *values: tuple[str, float], at: int = DAY_1, source: str = "hospital"
) -> ObservationVersion:
    return ObservationVersion(source, resource_id, "p1", Version(0, 1, 2), False, 0, at, "", measured(*values))


def seen(made: Timeline) -> list[float]:
    found = snapshot("p1", [made])
    return [] if found is None else found.series.value.tolist()


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        (((SYSTOLIC, 120), (DIASTOLIC, 80)), []),
        (((SYSTOLIC, 80), (DIASTOLIC, 120)), ["contradictory", "contradictory"]),
        (((SYSTOLIC, 80), (DIASTOLIC, 80)), ["contradictory", "contradictory"]),
        (((SYSTOLIC, 81), (DIASTOLIC, 80)), []),
        (((SYSTOLIC, 1200), (DIASTOLIC, 80)), ["implausible"]),
        (((SYSTOLIC, 20), (DIASTOLIC, 80)), ["implausible"]),
        (((SYSTOLIC, 120), (DIASTOLIC, 0), (HEART_RATE, 0)), ["implausible", "implausible"]),
        (((SYSTOLIC, 70), (DIASTOLIC, 90), (HEART_RATE, 900)), ["implausible", "contradictory", "contradictory"]),
        ((("9999-9", 5),), []),
        ((), []),
    ],
)
def test_what_is_left_out_of_one_resource_has_a_reason_each(
    values: tuple[tuple[str, float], ...], reasons: list[str]
) -> None:
    assert excluded(measured(*values)) == reasons


def test_contradictory_pressures_of_one_resource_stay_facts_and_reach_no_model() -> None:
    made = timeline(panel("bp", (SYSTOLIC, 80), (DIASTOLIC, 120), (MEAN, 95)))
    assert seen(made) == [95]
    held = made.get(("hospital", "bp"))
    assert held is not None
    assert len(held.measures) == 3


def test_contradictory_pressures_of_two_resources_of_one_instant_reach_no_model() -> None:
    made = timeline(observation("s", 80, code=SYSTOLIC), observation("d", 120, code=DIASTOLIC), observation("h", 70))
    found = snapshot("p1", [made])
    assert found is not None
    assert (found.series.value.tolist(), found.basis, found.basis_count) == ([70], ("h",), 1)
    assert [made.is_usable(("hospital", name)) for name in ("s", "d", "h")] == [False, False, True]


def test_pressures_of_two_instants_or_two_sources_do_not_contradict_each_other() -> None:
    later = panel("d", (DIASTOLIC, 120), at=DAY_1 + MINUTE)
    assert seen(timeline(panel("s", (SYSTOLIC, 80)), later)) == [80, 120]
    assert seen(timeline(panel("s", (SYSTOLIC, 80)), panel("d", (DIASTOLIC, 120), source="clinic"))) == [80, 120]


def test_an_impossible_pressure_contradicts_nothing() -> None:
    assert seen(timeline(panel("bp", (SYSTOLIC, 120), (DIASTOLIC, 900)))) == [120]


def test_only_the_values_of_an_instant_that_contradict_are_left_out() -> None:
    made = timeline(panel("a", (SYSTOLIC, 120), (DIASTOLIC, 80)), panel("b", (SYSTOLIC, 75)))
    assert seen(made) == [120]


def test_a_correction_of_one_of_them_brings_the_other_back() -> None:
    made = timeline(observation("s", 80, code=SYSTOLIC), observation("d", 120, code=DIASTOLIC))
    assert seen(made) == []
    made.apply(observation("d", 60, code=DIASTOLIC, version=2))
    assert seen(made) == [80, 60]


def test_an_instant_that_holds_nothing_usable_is_not_what_a_score_is_as_of() -> None:
    made = timeline(observation("h", 70), panel("bp", (SYSTOLIC, 80), (DIASTOLIC, 120), at=DAY_1 + MINUTE))
    found = snapshot("p1", [made])
    assert found is not None
    assert found.as_of == DAY_1
