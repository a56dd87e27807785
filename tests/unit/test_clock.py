"""Instants, clocks, and how an instant is written."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import DAY, HOUR, MINUTE, SECOND, FixedClock, WallClock, isoformat


def test_durations_are_in_milliseconds() -> None:
    assert (SECOND, MINUTE, HOUR, DAY) == (1_000, 60_000, 3_600_000, 86_400_000)


def test_a_fixed_clock_stands_still_until_it_is_moved() -> None:
    clock = FixedClock(1_700_000_000_000)
    assert (clock.now(), clock.now()) == (1_700_000_000_000, 1_700_000_000_000)
    clock.at += HOUR
    assert clock.now() == 1_700_003_600_000


def test_the_wall_clock_counts_milliseconds_since_1970() -> None:
    before = datetime.now().timestamp()
    now = WallClock().now()
    after = datetime.now().timestamp()
    assert before * 1000 - 1 <= now <= after * 1000 + 1


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_700_000_000_000, "2023-11-14T22:13:20Z"),
        (1_700_000_000_007, "2023-11-14T22:13:20.007Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (6_631_545_600_000, "2180-02-23T00:00:00Z"),  # where de-identified records live
    ],
)
def test_an_instant_is_written_in_utc_with_milliseconds_where_there_are_any(at: int, text: str) -> None:
    assert isoformat(at) == text


@given(st.integers(-2_000_000_000_000, 8_000_000_000_000))
def test_what_is_written_reads_back_as_the_same_instant(at: int) -> None:
    read = datetime.fromisoformat(isoformat(at))
    assert read.utcoffset() == timedelta(0)
    assert (read - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1) == at  # noqa: UP017
