"""Simulated load and failover of one installation: pure, seeded, no broker and no clock.

Load: patients are unequally heavy, wards are busy at their rounds, and keys fall on partitions by hash. Failover: a
worker dies; the group notices after the session time-out, gives its partitions to others, and everybody restores what
it has now from the changelog (each assignment does, also of partitions that a worker had before); then all work off
their backlog. Work is a fluid here: sets of values in steps of a second or more, first come first served in a worker.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WARD_BEDS = 30
HEAVINESS = 0.5
"""Standard deviation of the logarithm of how much more or less than the mean comes of a patient (assumed)."""
ROUND_FACTOR = 3.0
"""How much more comes of a ward while its round is charted (assumed)."""
ROUND_MIN = 30
ROUNDS_AT = (8 * 60, 17 * 60)
"""Minutes of the day around which wards begin their rounds, each up to `SPREAD_MIN` later."""
SPREAD_MIN = 90
STEP_MIN = 15
DAY_MIN = 1440
LONGEST_S = 48 * 3600


class Day(NamedTuple):
    """A day's load of every partition, in multiples of what a mean bed gives."""

    beds: NDArray[np.int64]
    """Beds in each partition."""
    load: Floats
    """(partitions, steps)."""

    @property
    def busiest(self) -> int:
        """The step in which all together have most."""
        return int(self.load.sum(axis=0).argmax())

    @property
    def peak(self) -> Floats:
        """Load of each partition in that step."""
        found: Floats = self.load[:, self.busiest]
        return found


def day(beds: int, partitions: int, seed: int = 1) -> Day:
    """Return a day of a site whose mean load is one per bed."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, partitions, beds)
    weight = rng.lognormal(-(HEAVINESS**2) / 2, HEAVINESS, beds)
    weight *= beds / weight.sum()
    ward = np.arange(beds) // WARD_BEDS
    busy = _rounds(int(ward[-1]) + 1, rng)
    load = np.stack([np.bincount(place, weight * busy[ward, t], partitions) for t in range(busy.shape[1])], axis=1)
    return Day(np.bincount(place, minlength=partitions), load * beds * load.shape[1] / load.sum())


def _rounds(wards: int, rng: np.random.Generator) -> Floats:
    """Return how busy each ward is in each step, 1 outside its rounds."""
    steps = np.arange(0, DAY_MIN, STEP_MIN)
    busy = np.ones((wards, len(steps)))
    for begin in ROUNDS_AT:
        begins = begin + rng.integers(0, SPREAD_MIN + 1, wards)[:, None]
        busy[(steps >= begins) & (steps < begins + ROUND_MIN)] = ROUND_FACTOR
    return busy


def owners(partitions: int, workers: int) -> NDArray[np.int64]:
    """Return the worker of every partition, as the range assignor deals them out."""
    each, more = divmod(partitions, workers)
    counts = np.full(workers, each) + (np.arange(workers) < more)
    return np.repeat(np.arange(workers), counts)


def by_worker(values: NDArray[Any], workers: int) -> Floats:
    """Add up what partitions have for each worker."""
    return np.bincount(owners(len(values), workers), values.astype(np.float64), workers).astype(np.float64)


def skew(of: Day, workers: int) -> float:
    """Return the load of the busiest worker in its busiest step, over the mean load of a worker."""
    worst = max(float(by_worker(of.load[:, t], workers).max()) for t in range(of.load.shape[1]))
    return worst / (float(of.load.sum(axis=0).mean()) / workers)


@lru_cache
def rush(beds: int) -> float:
    """Return the load of a whole site in its busiest step, over its mean."""
    found = day(min(beds, 100_000), 1)
    return float(found.peak.sum() / found.load.sum(axis=0).mean())


class Failover(NamedTuple):
    """What became of one worker's death at the busiest time of the day."""

    stalled_s: float
    """Longest that a partition was served by nobody."""
    worst_stale_s: float
    """Longest that a set waited."""
    backlog: float
    """Most sets that waited at once, of all workers."""
    caught_up_s: float
    """From the death until nothing waited any more; infinite where that takes longer than `LONGEST_S`."""
    came: float
    """Sets that came to be taken over or came later, until then."""
    served: float
    left: float
    """Sets that still waited at the end."""


class Crew(NamedTuple):
    """What the workers of a site can do."""

    per_bed: float
    """Sets a second of a mean bed."""
    capacity: float
    """Sets a second that one worker can do."""
    facts_per_bed: float
    """State that each bed has."""
    restore_per_s: float
    """Facts of it that a worker reads back a second."""
    noticed_s: float
    """Until the group knows that a worker is dead."""


def failover(of: Day, workers: int, crew: Crew) -> Failover:
    """Let the busiest worker die in the busiest step and the others take over."""
    left = workers - 1
    if left < 1:
        raise ValueError(f"expected at least 2 workers, received {workers}: nobody could take over")
    rates = _rates(of, left, crew)
    orphans = _orphans(of, workers) * crew.per_bed
    open_at = crew.noticed_s + by_worker(of.beds * crew.facts_per_bed, left) / crew.restore_per_s
    times, came, served = [0.0], [np.zeros(left)], [np.zeros(left)]
    while times[-1] < LONGEST_S:
        now = times[-1]
        # A second at first, then longer: what takes hours need not be known to the second.
        step_s = max(1.0, now / 500)
        more = step_s * (
            by_worker(orphans, left) if now < crew.noticed_s else rates[int(now // (60 * STEP_MIN)) % len(rates)]
        )
        came.append(came[-1] + more)
        able = crew.capacity * np.clip(now + step_s - open_at, 0, step_s)
        served.append(np.minimum(served[-1] + able, came[-1]))
        times.append(now + step_s)
        if now > open_at.max() and (came[-1] - served[-1]).sum() < 1e-6 * came[-1].sum():
            break
    return _told(np.array(times), np.array(came), np.array(served), open_at)


def _rates(of: Day, workers: int, crew: Crew) -> Floats:
    """Return sets a second of each worker, step after step from the busiest on."""
    steps = [by_worker(of.load[:, t] * crew.per_bed, workers) for t in range(of.load.shape[1])]
    return np.roll(np.array(steps), -of.busiest, axis=0)


def _orphans(of: Day, workers: int) -> Floats:
    """Return the load of the partitions of the busiest worker, and none of the others'."""
    dead = int(by_worker(of.peak, workers).argmax())
    return np.where(owners(len(of.peak), workers) == dead, of.peak, 0.0)


def _told(times: Floats, came: Floats, served: Floats, open_at: Floats) -> Failover:
    """Sum up the curves (times, workers) of what came and what was served in order."""
    waiting = (came - served).sum(axis=1)
    stale = max(_staleness(times, came[:, k], served[:, k]) for k in range(came.shape[1]))
    done = waiting[-1] < 1e-6 * max(came[-1].sum(), 1.0)
    return Failover(
        float(open_at.max()), stale, float(waiting.max()), float(times[-1]) if done else np.inf,
        float(came[-1].sum()), float(served[-1].sum()), float(waiting[-1]),
    )  # fmt: skip


def _staleness(times: Floats, came: Floats, served: Floats) -> float:
    """Return the longest time between coming and being served, first come first served."""
    waits = np.where(came - served > 1e-9, times - np.interp(served, came, times), 0.0)
    return float(waits.max())
