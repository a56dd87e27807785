"""When the next fetch is sent: at a pace, and only once what came has been taken."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import Fetcher

from streams.transport.fetching import Actions, Pace


class Assigned:
    """Partitions, of some of which it is not known from where they are read."""

    def __init__(self, *unknown: str) -> None:
        self.tps, self._unknown = ("a", "b"), set(unknown)

    def state_value(self, place: str) -> Any:
        return SimpleNamespace(has_valid_position=place not in self._unknown)


class Fetching:
    """A fetcher that would fetch whenever it is asked, and a clock that stands."""

    def __init__(self, gather_s: float = 0.004) -> None:
        self.now, self.asked, self._records, self.paused = 100.0, 0, set[str](), set[str]()
        self.answer: Actions = ([("node", "request")], {}, 0.2, False, [])
        self.pace = Pace(self, self.choose, gather_s, lambda place: place not in self.paused, lambda: self.now)

    def choose(self, _: Any) -> Actions:
        self.asked += 1
        return self.answer


def test_the_first_fetch_goes_at_once() -> None:
    made = Fetching()
    assert made.pace(Assigned()) == made.answer


def test_a_second_one_goes_when_the_time_has_passed() -> None:
    made = Fetching()
    made.pace(Assigned())
    made.now = 100.001
    assert made.pace(Assigned()) == ([], {}, pytest.approx(0.003), False, [])
    made.now = 100.0041
    assert made.pace(Assigned()) == made.answer
    assert made.asked == 2


def test_it_waits_until_all_that_came_has_been_taken() -> None:
    made = Fetching()
    made._records = {"a", "b"}
    assert made.pace(Assigned()) == ([], {}, 1.0, False, [])
    made._records = set()
    assert made.pace(Assigned()) == made.answer


def test_records_of_a_partition_that_nobody_reads_hold_up_nothing() -> None:
    made = Fetching()
    made._records, made.paused = {"a"}, {"a"}
    assert made.pace(Assigned()) == made.answer


def test_what_asks_for_nothing_is_no_fetch_to_be_paced_after() -> None:
    made = Fetching()
    made.answer = ([], {0: ["reset"]}, 0.2, True, [])
    assert made.pace(Assigned()) == made.pace(Assigned()) == made.answer


@pytest.mark.parametrize("held", [True, False])
def test_a_position_that_is_not_known_is_asked_for_though_records_wait_or_a_fetch_has_just_gone(held: bool) -> None:
    made = Fetching()
    made.pace(Assigned())
    made._records = {"a"} if held else set()
    made.answer = ([("node", "request")], {0: ["b"]}, 0.2, True, [])
    assert made.pace(Assigned("b"))[:2] == ([], {0: ["b"]})
    assert made.pace(Assigned())[:2] == ([], {})


def test_the_fetcher_asks_for_its_actions_by_the_name_and_shape_that_are_stood_for() -> None:
    routine = inspect.getsource(Fetcher._fetch_requests_routine)
    assert "= self._get_actions_per_node(assignment)" in routine
    assert "fetch_requests,\n                    reset_requests,\n                    timeout,\n" in routine
    assert "self._records = collections.OrderedDict()" in inspect.getsource(Fetcher.__init__)
    assert "self._wait_consume_future" in inspect.getsource(Fetcher.fetched_records) + inspect.getsource(
        Fetcher.next_record
    )
