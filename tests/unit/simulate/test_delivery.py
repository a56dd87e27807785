"""Deliveries: late, twice, corrected, withdrawn."""

import random
from typing import Any

from streams.clock import HOUR
from streams.simulate.delivery import CORRECTED, IN_ERROR, LATE, TWICE, deliveries
from streams.simulate.resources import absent, observation, vital_sign

KNOWN = 1_767_225_600_000
PULSE = observation(vital_sign("8867-4", 80), "o1", "p1", "e1", KNOWN, KNOWN)


class Drawn(random.Random):
    """Chance whose first draw is chosen."""

    def __init__(self, first: float) -> None:
        super().__init__(1)
        self._first: float | None = first

    def random(self) -> float:
        first, self._first = self._first, None
        return super().random() if first is None else first


def delivered(first: float, resource: dict[str, Any] = PULSE) -> list[tuple[int, dict[str, Any]]]:
    return list(deliveries(resource, KNOWN, Drawn(first)))


def test_most_arrive_once_when_they_are_known() -> None:
    assert delivered(0.5) == [(KNOWN, PULSE)]


def test_some_arrive_late_and_say_when() -> None:
    [(at, late)] = delivered(LATE / 2)
    assert KNOWN + HOUR / 6 <= at <= KNOWN + 3 * HOUR
    assert late["effectiveDateTime"] == PULSE["effectiveDateTime"]
    assert late["meta"]["lastUpdated"] > PULSE["meta"]["lastUpdated"]


def test_some_arrive_twice_unchanged() -> None:
    [(first, one), (second, other)] = delivered(LATE + TWICE / 2)
    assert one == other == PULSE
    assert first < second


def test_some_are_wrong_and_then_corrected() -> None:
    [(_, wrong), (_, right)] = delivered(LATE + TWICE + CORRECTED / 2)
    assert wrong["valueQuantity"]["value"] != 80
    assert (right["valueQuantity"]["value"], right["status"], right["meta"]["versionId"]) == (80, "corrected", "2")
    assert PULSE["valueQuantity"]["value"] == 80


def test_some_are_withdrawn() -> None:
    [(_, first), (_, gone)] = delivered(LATE + TWICE + CORRECTED + IN_ERROR / 2)
    assert first == PULSE
    assert gone["status"] == "entered-in-error"


def test_what_has_no_value_has_none_to_mistype() -> None:
    empty = observation(absent(vital_sign("8867-4", 80)), "o1", "p1", "e1", KNOWN, KNOWN)
    [(_, first), (_, second)] = delivered(LATE + TWICE + CORRECTED / 2, empty)
    assert "valueQuantity" not in first
    assert second["status"] == "corrected"
