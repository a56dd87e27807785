"""What a quantity did to the network's answer: asked again as if it had never been measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streams.clock import HOUR
from streams.inference.manifest import load
from streams.inference.outcomes import Unavailable, Value
from streams.modalities.vitals import prepare
from streams.scoring.occlusion import Occluded, explained, occluded
from streams.timeline.series import Snapshot, series_of
from streams.vocabulary import INDEX

SPEC = load(Path(__file__).parents[3] / "model_repo", "deterioration_gru")
AS_OF = 1_700_000_000_000
HEART_RATE, SYSTOLIC, COMA, EYE = "8867-4", "8480-6", "9269-2", "9267-6"


def snapshot(*codes: str, birth_date: str = "", sex: str = "") -> Snapshot:
    rows = [(AS_OF - k * HOUR, INDEX[code], 80.0) for code in codes for k in range(3)]
    return Snapshot("p", AS_OF, series_of(rows), birth_date, sex, "", False, (), len(rows))


def test_every_quantity_that_was_read_is_left_out_once() -> None:
    found = occluded(snapshot(HEART_RATE, SYSTOLIC, birth_date="1950-01-01", sex="female"), SPEC)
    assert [one.code for one in found] == [HEART_RATE, SYSTOLIC, "age", "sex"]
    assert [one.name for one in found][:2] == ["heart rate", "systolic blood pressure"]


def test_a_quantity_left_out_is_as_if_never_measured() -> None:
    both, alone = snapshot(HEART_RATE, SYSTOLIC), snapshot(SYSTOLIC)
    without = next(one for one in occluded(both, SPEC) if one.code == HEART_RATE)
    expected = prepare(alone, SPEC).tensors
    assert without.row.keys() == expected.keys()
    assert all(np.array_equal(without.row[name], expected[name]) for name in expected)


def test_a_patient_of_whom_nothing_is_known_has_nothing_to_leave_out() -> None:
    assert occluded(snapshot(), SPEC) == []


def test_sizes_are_differences_of_log_odds_the_largest_first() -> None:
    those = [
        Occluded("a", "heart rate", {}),
        Occluded("b", "age", {}),
        Occluded("c", "sex", {}),
        Occluded("d", "x", {}),
    ]
    answers = [Value(0.4), Value(0.8), Value(0.5), Unavailable("deadline")]
    found = explained(SPEC, 0.5, those, answers)
    assert [(one.name, one.direction, round(one.size, 3)) for one in found] == [
        ("b", "lowers", -1.386),
        ("a", "raises", 0.405),
        ("c", "neither", 0.0),
    ]
    assert found[1].words == "heart rate raises the log-odds by 0.41: without it 40.0 % in place of 50.0 %"


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_certain_answers_stay_finite(value: float) -> None:
    assert np.isfinite(explained(SPEC, value, [Occluded("a", "x", {})], [Value(0.5)])[0].size)
