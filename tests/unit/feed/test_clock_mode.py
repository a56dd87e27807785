"""The lease by which a replay holds the clock."""

import pytest

from streams.clock import FixedClock
from streams.feed.clock_mode import KEY, LIVE, ClockMode, decode, replay_clock


class Topic:
    def __init__(self) -> None:
        self.records: list[tuple[bytes, ClockMode]] = []

    async def publish(self, key: bytes, value: bytes) -> None:
        self.records.append((key, decode(value)))


def test_live_ticks_are_suspended_until_the_lease_ends() -> None:
    mode = ClockMode("replay", 1000)
    assert mode.replaying(999)
    assert not mode.replaying(1000)
    assert not LIVE.replaying(0)
    assert not ClockMode("live", 9999).replaying(0)


async def test_the_clock_is_held_for_a_minute_and_given_back() -> None:
    topic, clock = Topic(), FixedClock(5000)
    async with replay_clock(topic.publish, clock):
        clock.at = 9000
    assert topic.records == [(KEY, ClockMode("replay", 65_000)), (KEY, ClockMode("live", 9000))]


async def test_the_clock_is_given_back_after_a_failure_too() -> None:
    topic = Topic()
    with pytest.raises(ZeroDivisionError):
        async with replay_clock(topic.publish, FixedClock(0)):
            raise ZeroDivisionError
    assert topic.records[-1][1].mode == "live"
