"""Stages of silence: a function of a score's instant and the tick, which only moves on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.fusion.stage import Cutoffs, Stage, cutoffs

ORDER: list[Stage] = ["fresh", "stale", "silent"]


@pytest.mark.parametrize(
    ("tick", "stage"), [(None, "fresh"), (1399, "fresh"), (1400, "stale"), (2199, "stale"), (2200, "silent")]
)
def test_a_score_goes_stale_and_then_silent_at_the_stated_instants(tick: int | None, stage: Stage) -> None:
    assert cutoffs(tick, 400, 1200).stage(1000) == stage


def test_before_the_first_tick_nothing_is_late() -> None:
    assert Cutoffs().stage(-(10**15)) == "fresh"


@given(st.integers(0, 50), st.lists(st.integers(0, 100), max_size=20), st.integers(1, 20), st.integers(1, 20))
def test_nothing_flips_back_while_ticks_go_on(as_of: int, ticks: list[int], stale: int, longer: int) -> None:
    stages = [ORDER.index(cutoffs(tick, stale, stale + longer).stage(as_of)) for tick in sorted(ticks)]
    assert stages == sorted(stages)
