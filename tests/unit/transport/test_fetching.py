"""When the next fetch is sent: at a pace, and only once what came has been taken."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from aiokafka.consumer.fetcher import Fetcher

from streams.transport.fetching import Actions, Pace


class Records:
    """What one fetch brought of one partition."""

    def __init__(self, backoff_s: float) -> None:
        self._backoff_s = backoff_s

    def calculate_backoff(self) -> float:
        return self._backoff_s


class Fetching:
    """A fetcher that would fetch whenever it is asked, and a clock that stands."""

    def __init__(self, gather_s: float = 0.004) -> None:
        self.now, self.asked, self._records = 100.0, 0, dict[str, Records]()
        self.answer: Actions = ([("node", "request")], {}, 0.2, False, [])
        self.pace = Pace(self, self.choose, gather_s, lambda: self.now)

    def choose(self, _: Any) -> Actions:
        self.asked += 1
        return self.answer


def test_the_first_fetch_goes_at_once() -> None:
    made = Fetching()
    assert made.pace("assignment") == made.answer


def test_a_second_one_goes_when_the_time_has_passed() -> None:
    made = Fetching()
    made.pace("assignment")
    made.now = 100.001
    assert made.pace("assignment") == ([], {}, pytest.approx(0.003), False, [])
    made.now = 100.0041
    assert made.pace("assignment") == made.answer
    assert made.asked == 2


def test_it_waits_for_records_that_were_not_taken_yet() -> None:
    made = Fetching()
    made._records = {"a": Records(0.02), "b": Records(0.07)}
    assert made.pace("assignment") == ([], {}, 0.07, False, [])
    assert made.asked == 0


def test_records_that_nobody_takes_for_long_hold_up_nothing() -> None:
    made = Fetching()
    made._records = {"paused": Records(0.0)}
    assert made.pace("assignment") == made.answer


def test_what_asks_for_nothing_is_no_fetch_to_be_paced_after() -> None:
    made = Fetching()
    made.answer = ([], {0: ["reset"]}, 0.2, True, [])
    assert made.pace("assignment") == made.pace("assignment") == made.answer


def test_the_fetcher_asks_for_its_actions_by_the_name_and_shape_that_are_stood_for() -> None:
    routine = inspect.getsource(Fetcher._fetch_requests_routine)
    assert "= self._get_actions_per_node(assignment)" in routine
    assert "fetch_requests,\n                    reset_requests,\n                    timeout,\n" in routine
    assert "self._records = collections.OrderedDict()" in inspect.getsource(Fetcher.__init__)
    assert "self._wait_consume_future" in inspect.getsource(Fetcher.fetched_records) + inspect.getsource(
        Fetcher.next_record
    )
