"""Simulated load and failover: nothing is lost, nothing waits without cause, more room never hurts."""

from __future__ import annotations

from math import isinf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.simulation import ROUND_FACTOR, Crew, Day, by_worker, day, failover, owners, skew
from streams.transport.produce import partition_of

CREW = Crew(per_bed=0.4, capacity=1000.0, facts_per_bed=1000.0, restore_per_s=200_000.0, noticed_s=10.0)


def even(partitions: int, beds_each: int = 10, steps: int = 96) -> Day:
    return Day(np.full(partitions, beds_each), np.full((partitions, steps), float(beds_each)))


@given(beds=st.integers(1, 3000), partitions=st.integers(1, 200), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_every_bed_lies_in_one_partition_and_the_mean_load_is_one_a_bed(beds: int, partitions: int, seed: int) -> None:
    made = day(beds, partitions, seed)
    assert made.beds.sum() == beds
    assert made.load.shape == (partitions, 96)
    assert made.load.sum(axis=0).mean() == pytest.approx(beds)
    assert (made.load[made.beds == 0] == 0).all()


@given(partitions=st.integers(1, 300), workers=st.integers(1, 60))
def test_every_partition_has_one_worker_and_shares_differ_by_at_most_one(partitions: int, workers: int) -> None:
    counts = np.bincount(owners(partitions, workers), minlength=workers)
    assert counts.sum() == partitions
    assert counts.max() - counts.min() <= 1


def test_ranges_are_dealt_as_kafka_deals_them() -> None:
    assert owners(7, 3).tolist() == [0, 0, 0, 1, 1, 2, 2]


@given(seed=st.integers(0, 50), workers=st.integers(1, 20))
@settings(max_examples=20, deadline=None)
def test_what_partitions_carry_workers_carry(seed: int, workers: int) -> None:
    peak = day(500, 48, seed).peak
    assert by_worker(peak, workers).sum() == pytest.approx(peak.sum())
    assert skew(day(500, 48, seed), workers) >= 1.0


def test_rounds_make_a_peak_that_is_at_most_their_factor() -> None:
    total = day(30_000, 24).load.sum(axis=0)
    assert 1.2 < total.max() / total.min() <= ROUND_FACTOR


def test_hashes_of_patients_spread_as_the_simulation_spreads_them() -> None:
    real = np.bincount([partition_of(b"patient-%05d" % n, 24) for n in range(10_000)], minlength=24)
    simulated = day(10_000, 24).beds
    assert real.std() == pytest.approx(simulated.std(), rel=0.7)


@given(
    seed=st.integers(0, 20), workers=st.integers(2, 12), capacity=st.floats(5, 3000), facts=st.floats(0, 1e5),
    noticed=st.floats(1, 60),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_what_came_was_served_or_still_waits(
    seed: int, workers: int, capacity: float, facts: float, noticed: float
) -> None:
    crew = CREW._replace(capacity=capacity, facts_per_bed=facts, noticed_s=noticed)
    found = failover(day(600, 48, seed), workers, crew)
    assert found.came == pytest.approx(found.served + found.left)
    assert 0 <= found.left <= found.backlog * (1 + 1e-9)
    assert found.worst_stale_s >= 0
    assert isinf(found.caught_up_s) or found.left <= 1e-6 * max(found.came, 1)


def test_a_worker_with_room_is_back_when_it_has_restored() -> None:
    # 6 partitions of 10 beds; 3 workers, then 2 with 30 beds each: 30,000 facts at 3,000/s are 10 s, after 10 s.
    found = failover(even(6), 3, CREW._replace(restore_per_s=3000.0))
    assert found.stalled_s == pytest.approx(20.0)
    assert found.worst_stale_s == pytest.approx(20.0, abs=1.0)
    # 20 beds wait for 10 s, then 60 for 10 s, at 0.4 sets a second.
    assert found.backlog == pytest.approx(0.4 * (20 * 10 + 60 * 10), rel=0.05)


def test_nobody_catches_up_where_the_others_cannot_carry_the_load() -> None:
    found = failover(even(6), 3, CREW._replace(capacity=11.0))
    assert isinf(found.caught_up_s)
    assert found.left > 0


def test_a_longer_restore_makes_longer_waits() -> None:
    waits = [failover(even(12), 4, CREW._replace(restore_per_s=rate)).worst_stale_s for rate in (1e6, 1e4, 1e3)]
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]


def test_one_worker_has_nobody_to_take_over() -> None:
    with pytest.raises(ValueError, match="at least 2 workers, received 1"):
        failover(even(6), 1, CREW)
