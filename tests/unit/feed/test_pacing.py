"""The plan of a feed: who goes when, and where the clock ticks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import HOUR, MINUTE
from streams.errors import RejectedMessage
from streams.feed.pacing import RUN, Pace, speed, steps
from streams.feed.sequence import Delivery


def feed(*times: int) -> list[Delivery]:
    return [Delivery(None, str(place).encode(), at) for place, at in enumerate(times)]


def shape(pace: Pace, *times: int) -> list[tuple[float, int, int]]:
    return [(round(step.due_s, 3), step.at, len(step.deliveries)) for step in steps(feed(*times), pace)]


@pytest.mark.parametrize(("text", "factor"), [("max", None), ("60x", 60.0), ("0.5x", 0.5), ("10", 10.0)])
def test_speeds_are_read(text: str, factor: float | None) -> None:
    assert speed(text) == factor


@pytest.mark.parametrize("text", ["fast", "0x", "-1x", "nan", "inf", ""])
def test_other_speeds_are_refused(text: str) -> None:
    with pytest.raises(RejectedMessage, match="60x"):
        speed(text)


def test_at_full_speed_everything_is_due_at_once_and_nothing_ticks() -> None:
    assert shape(Pace(None), *range(RUN + 1)) == [(0.0, RUN - 1, RUN), (0.0, RUN, 1)]


def test_at_sixty_times_an_hour_takes_a_minute() -> None:
    assert shape(Pace(60.0, 1000.0, 30 * MINUTE), 0, HOUR) == [
        (0.0, 0, 1),
        (30.0, 30 * MINUTE, 0),
        (60.0, HOUR, 0),
        (60.0, HOUR, 1),
    ]


def test_records_of_one_moment_go_together() -> None:
    assert shape(Pace(1.0), 0, 5, 10, 1000) == [(0.0, 10, 3), (1.0, 1000, 1)]


def test_a_long_silence_is_shortened_and_ticked_once_at_its_end() -> None:
    assert shape(Pace(60.0, 5.0, 15 * MINUTE), MINUTE, 100 * HOUR + MINUTE) == [
        (0.0, MINUTE, 1),
        (pytest.approx(5.0, abs=0.01), 100 * HOUR, 0),
        (5.0, 100 * HOUR + MINUTE, 1),
    ]


def test_a_feed_of_nothing_is_a_plan_of_nothing() -> None:
    assert shape(Pace(60.0)) == shape(Pace(None)) == []


@given(
    st.lists(st.integers(0, 50 * HOUR), max_size=60).map(sorted),
    st.sampled_from([None, 1.0, 60.0, 3600.0]),
    st.floats(0, 20),
)
def test_every_record_is_planned_once_in_order_and_time_never_goes_back(
    times: list[int], factor: float | None, pause: float
) -> None:
    given_feed = feed(*times)
    plan = list(steps(given_feed, Pace(factor, pause)))
    assert [one for step in plan for one in step.deliveries] == given_feed
    assert [step.due_s for step in plan] == sorted(step.due_s for step in plan)
    assert [step.at for step in plan] == sorted(step.at for step in plan)


@given(st.lists(st.integers(0, 5 * HOUR), min_size=1, max_size=40).map(sorted))
def test_every_quarter_of_an_hour_within_a_feed_is_ticked_once(times: list[int]) -> None:
    every = 15 * MINUTE
    ticked = [step.at for step in steps(feed(*times), Pace(60.0, 1e9, every)) if not step.deliveries]
    assert ticked == [at for at in range(0, times[-1] + 1, every) if at > times[0]]


def test_time_that_goes_back_goes_out_at_once() -> None:
    assert shape(Pace(1.0), 1000, 500, 1500) == [(0.0, 1000, 2), (0.5, 1500, 1)]
