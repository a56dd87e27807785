"""Ticks as records: one per partition, each naming that partition's ends."""

import msgspec

from streams.feed.ticking import ticks
from streams.records import Tick


def test_every_partition_gets_a_tick_with_its_own_ends() -> None:
    ends = {"events.observations": {0: 7, 1: 9}, "events.patients": {0: 2, 1: 3}}
    made = [(number, key, msgspec.json.decode(value, type=Tick)) for number, key, value in ticks(5000, ends, [0, 1])]
    assert made == [
        (0, b"0", Tick(5000, {"events.observations": 7, "events.patients": 2})),
        (1, b"1", Tick(5000, {"events.observations": 9, "events.patients": 3})),
    ]
