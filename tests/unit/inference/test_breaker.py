from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.inference.breaker import Breaker, State


def run(breaker: Breaker, outcomes: str, at: float = 0.0) -> None:
    for outcome in outcomes:
        ticket = breaker.admit(at)
        assert ticket is not None
        breaker.record(ticket, outcome == "+", at)


def opened_at(at: float = 0.0, pause_s: float = 5.0) -> Breaker:
    breaker = Breaker(pause_s)
    run(breaker, "-" * 10, at)
    assert breaker.state is State.OPEN
    return breaker


def test_nine_failures_do_not_open_it() -> None:
    breaker = Breaker(5.0)
    run(breaker, "-" * 9)
    assert breaker.state is State.CLOSED


def test_the_tenth_failure_opens_it() -> None:
    breaker = Breaker(5.0)
    run(breaker, "-" * 10)
    assert (breaker.state, breaker.opened, breaker.admit(4.99)) == (State.OPEN, 1, None)


def test_half_of_ten_failures_open_it() -> None:
    breaker = Breaker(5.0)
    run(breaker, "+++++-----")
    assert breaker.state is State.OPEN


def test_four_failures_of_ten_do_not_open_it() -> None:
    breaker = Breaker(5.0)
    run(breaker, "++++++----")
    assert breaker.state is State.CLOSED


def test_failures_older_than_the_window_are_forgotten() -> None:
    breaker = Breaker(5.0, window_s=30.0)
    run(breaker, "-" * 9, at=0.0)
    run(breaker, "-", at=30.0)
    assert breaker.state is State.CLOSED


def test_after_the_pause_one_probe_is_let_through_and_no_second() -> None:
    breaker = opened_at(0.0)
    assert breaker.would_admit(5.0)
    assert breaker.admit(5.0) is not None
    assert breaker.state is State.HALF_OPEN
    assert breaker.admit(5.0) is None
    assert breaker.admit(500.0) is None


def test_a_good_probe_closes_it_with_a_clean_slate() -> None:
    breaker = opened_at(0.0)
    run(breaker, "+", at=5.0)
    run(breaker, "-" * 9, at=5.1)
    assert breaker.state is State.CLOSED


def test_a_bad_probe_opens_it_for_another_pause() -> None:
    breaker = opened_at(0.0)
    run(breaker, "-", at=6.0)
    assert (breaker.state, breaker.would_admit(10.9), breaker.would_admit(11.0)) == (State.OPEN, False, True)


def test_a_cancelled_probe_leaves_room_for_another() -> None:
    breaker = opened_at(0.0)
    ticket = breaker.admit(5.0)
    assert ticket is not None
    breaker.abandon(ticket, 5.2)
    assert breaker.admit(5.2) is not None


def test_a_success_admitted_before_it_opened_does_not_close_it() -> None:
    breaker = Breaker(5.0)
    slow = breaker.admit(0.0)
    assert slow is not None
    run(breaker, "-" * 10)
    breaker.record(slow, True, 1.0)
    assert breaker.state is State.OPEN


def test_a_failure_admitted_before_it_opened_does_not_spoil_the_probe() -> None:
    breaker = Breaker(5.0)
    slow = breaker.admit(0.0)
    assert slow is not None
    run(breaker, "-" * 10)
    probe = breaker.admit(5.0)
    assert probe is not None
    breaker.record(slow, False, 5.1)
    breaker.record(probe, True, 5.2)
    assert breaker.state is State.CLOSED


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=80))
def test_it_never_admits_before_the_pause_is_over_and_always_after(steps: list[tuple[bool, float]]) -> None:
    breaker, now = Breaker(5.0), 0.0
    opened = -1.0
    for ok, wait in steps:
        now += wait
        ticket = breaker.admit(now)
        if ticket is None:
            assert opened <= now < opened + 5.0
            continue
        before = breaker.opened
        breaker.record(ticket, ok, now)
        if breaker.opened > before:
            opened = now
    assert breaker.would_admit(now + 5.0)
