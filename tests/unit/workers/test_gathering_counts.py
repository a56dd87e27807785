"""What a flush counts of the facts that it takes in: values not scored, and facts that came too late."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import REGISTRY

from streams.records import ObservationVersion, Version
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.transport.runs import Run
from streams.workers.gathering import Gathered
from tests.unit.workers.fakes import HOUR, START, Rec, encode, vitals

AGE = "cardiostream_beyond_retention_age_hours"


class Counted:
    """One partition, and what the counters have gained since it was made."""

    def __init__(self) -> None:
        self.share = Share(b"mark", Retention(quick_ms=72 * HOUR, slow_ms=336 * HOUR))
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        excluded = "cardiostream_excluded_measures_total"
        names: list[tuple[str, str, dict[str, str]]] = [
            ("implausible", excluded, {"reason": "implausible"}),
            ("contradictory", excluded, {"reason": "contradictory"}),
            ("late", f"{AGE}_count", {}),
            ("hours", f"{AGE}_sum", {}),
        ]
        return {name: REGISTRY.get_sample_value(sample, labels) or 0.0 for name, sample, labels in names}

    @property
    def gained(self) -> dict[str, float]:
        now = self._now()
        return {name: now[name] - before for name, before in self._before.items() if now[name] != before}

    def take(self, *events: ObservationVersion) -> None:
        for event in events:
            record = Rec(0, encode(event))
            Gathered().take(record, Run("events.observations", 0, (record,), 1), self.share)


@pytest.fixture
def counted() -> Counted:
    return Counted()


def second(**values: float) -> dict[str, Any]:
    codes = {"pulse": "8867-4", "systolic": "8480-6", "diastolic": "8462-4"}
    return {"version": Version(version_id=2), "values": {codes[name]: value for name, value in values.items()}}


def test_what_a_model_may_see_is_not_counted(counted: Counted) -> None:
    counted.take(vitals())
    assert counted.gained == {}


def test_values_left_out_are_counted_by_reason(counted: Counted) -> None:
    counted.take(vitals(values={"8867-4": 4000.0, "8480-6": 60.0, "8462-4": 80.0}))
    assert counted.gained == {"implausible": 1, "contradictory": 2}


def test_a_correction_that_brings_another_such_value_is_counted_and_a_repeat_is_not(counted: Counted) -> None:
    wrong = vitals(**second(pulse=4000.0))
    counted.take(vitals(), wrong, wrong)
    assert counted.gained == {"implausible": 1}


def test_an_older_version_and_a_withdrawal_are_not_counted(counted: Counted) -> None:
    counted.take(vitals(**second()), vitals(values={"8867-4": 4000.0}))
    counted.take(vitals(version=Version(version_id=3), withdrawn=True, measures=()))
    assert counted.gained == {}


def test_a_fact_that_came_too_late_is_counted_with_its_age(counted: Counted) -> None:
    counted.take(vitals(at=START), vitals(at=START - 100 * HOUR), vitals(at=START - 72 * HOUR))
    assert counted.gained == {"late": 1, "hours": 100}
