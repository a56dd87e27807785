"""Beds at monitor rate: every bed sends eight vital signs of one instant together, 3.4 values a second and bed."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import NamedTuple

from bench import ground, observations
from bench.contestants import Contestant
from bench.feed import produce
from bench.holdings import topic_bytes
from bench.numbers import Quantiles, Sent
from bench.observations import resource
from bench.parts import FINISH_S, LEAD_S, WATCHED_PER_S, waits_of
from bench.watch import Watcher, watched
from streams.clock import HOUR, MINUTE, Instant, WallClock, isoformat
from streams.embedded.stack import Stack
from streams.settings import Settings
from streams.topics import STATE
from streams.transport.produce import Out, partition_of

VITALS = (*observations.VITALS, ("8478-0", "mm[Hg]", 60, 94), ("3151-8", "L/min", 1, 6))
SETS_PER_S = 3.4 / len(VITALS)
"""Of one bed at monitor rate."""
SPACINGS: dict[str, Instant] = {"dense": round(1000 / SETS_PER_S), "minute": MINUTE}
"""Clinical milliseconds between a bed's sets: as they come, or as of a gateway that lets one a minute through.

Both are sent at monitor rate; what differs is how many facts share a five-minute piece of the state.
"""
FILLED = {"dense": 60, "minute": 2}
"""Sets that every bed has before: dense pieces are half full then, as they are on average."""


class Monitors:
    """Beds whose clinical time goes on from set to set."""

    def __init__(self, settings: Settings, prefix: str, beds: int, topic: str, spacing: Instant) -> None:
        self._topic, self._spacing, self._made = topic, spacing, 0
        self._start = WallClock().now() // HOUR * HOUR - 24 * HOUR
        self.patients = [f"{prefix}-{n:05d}" for n in range(beds)]
        self._places = [
            (name, name.encode(), partition_of(name.encode(), settings.partitions)) for name in self.patients
        ]
        self._rng = random.Random(1)

    @property
    def as_of(self) -> Instant:
        """Clinical time of the newest set."""
        return self._start + (self._made - 1) * self._spacing

    def more(self, count: int) -> tuple[list[Out], list[tuple[str, Instant]]]:
        """Return the records of the next `count` sets of every bed, and whose set of which time each eight are."""
        outs: list[Out] = []
        sets: list[tuple[str, Instant]] = []
        for _ in range(count):
            self._made += 1
            at = isoformat(self.as_of)
            for name, key, partition in self._places:
                outs += [Out(self._topic, partition, key, value) for value in self._set(name, at)]
                sets.append((name, self.as_of))
        return outs, sets

    def _set(self, name: str, at: str) -> list[bytes]:
        return [
            resource(name, self._made * len(VITALS) + k, (code, unit, self._rng.randint(low, high)), at)
            for k, (code, unit, low, high) in enumerate(VITALS)
        ]


class Load(NamedTuple):
    """What beds at monitor rate cost and how long they wait."""

    beds: int
    sets_per_s: float
    results_per_set: float
    set_us: dict[str, float]
    """CPU microseconds per set by process."""
    to_redis: Quantiles | None
    """Milliseconds from a set's last value handed over to its score in Redis, without the first `LEAD_S` seconds."""
    behind_s: float
    """From the last set handed over until all were in Redis."""
    set_bytes: float
    """Written to the broker's log for a set, all topics together."""
    state_bytes: float
    """Of them to the changelog, before compaction."""


def measure(stack: Stack, contestant: Contestant, beds: int, kind: str, seconds: float) -> Load:
    """Fill the beds' newest pieces, let the pace settle, and measure."""
    settings = stack.settings
    ward = Monitors(settings, f"{kind}-{beds}", beds, contestant.source, SPACINGS[kind])
    produce(settings, ward.more(FILLED[kind])[0])
    ground.wait_visible(settings, ward.patients, ward.as_of, FINISH_S)
    rate = beds * SETS_PER_S
    names = watched(ward.patients, settings.partitions, max(1, int(WATCHED_PER_S / SETS_PER_S)))
    pids = {**ground.service_pids(stack), **contestant.pids()}
    watcher = Watcher(settings, contestant.results, names)
    try:
        _paced(settings, ward, LEAD_S)
        known, size = sum(ground.ends(settings, contestant.results)), topic_bytes(settings)
        before = ground.cpu_seconds(pids)
        sent = _paced(settings, ward, seconds)
        done = time.monotonic()
        ground.wait_visible(settings, ward.patients, ward.as_of, FINISH_S)
        behind_s = time.monotonic() - done
        after = ground.cpu_seconds(pids)
    finally:
        sights = watcher.stop()
    grown = {name: count - size.get(name, 0) for name, count in topic_bytes(settings).items()}
    results = sum(ground.ends(settings, contestant.results)) - known
    waits = waits_of(rate, [one for one in sent if one.patient_id in set(names)], sights, 0.0)
    cost = {name: 1e6 * (after[name] - before[name]) / len(sent) for name in pids}
    return Load(
        beds, rate, results / len(sent), cost, waits.to_redis, behind_s,
        sum(grown.values()) / len(sent), grown.get(STATE, 0) / len(sent),
    )  # fmt: skip


def _paced(settings: Settings, ward: Monitors, seconds: float) -> list[Sent]:
    outs, sets = ward.more(max(1, round(seconds * SETS_PER_S)))
    times = produce(settings, outs, len(ward.patients) * SETS_PER_S * len(VITALS), together=len(VITALS))
    return sent_of(sets, times)


def sent_of(sets: Sequence[tuple[str, Instant]], times: Sequence[float]) -> list[Sent]:
    """Return when the last value of every set was handed over."""
    last = times[len(VITALS) - 1 :: len(VITALS)]
    return [Sent(name, as_of, at) for (name, as_of), at in zip(sets, last, strict=True)]
