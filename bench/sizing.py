"""What a site needs, from measured figures and the simulation; pure."""

from __future__ import annotations

from math import ceil, inf
from typing import NamedTuple

from bench import simulation
from bench.measured import Figures
from bench.simulation import Crew, Failover

LOADED = 0.6
"""Part of a core, an instance or a Redis thread that the busiest time may take; the rest is for the unforeseen."""
WORKER_MIB = 4096
"""State that one bedside worker may hold; more makes a restart too long before it makes the machine too small."""
RESTORE_S = 120.0
"""Longest that a worker may take to read its state back: nobody is judged meanwhile."""
NOTICED_S = 10.0
"""`session_timeout_s`."""
MOST_PARTITIONS = 1024
"""Of one installation: the setting's limit."""
EACH = 4
"""Partitions for each worker at least, so that what a dead one leaves can be shared out."""
MOST_WORKERS = MOST_PARTITIONS // EACH
PARTITIONS = (6, 12, 24, 48, 96, 192, 384, 768, 1024)
RETENTION_S = 72 * 3600.0
WEEK_S = 7 * 86_400.0
REPLICAS = 3
GIB, MIB = 2**30, 2**20


class Feed(NamedTuple):
    """What comes of a mean bed."""

    name: str
    per_bed: float
    """Sets of eight vital signs a second."""
    kind: str
    """Which measured costs of a set are its own."""

    @property
    def facts(self) -> float:
        """Facts of a bed that are remembered."""
        return 8 * self.per_bed * RETENTION_S


FEEDS = (
    Feed("monitor", 3.4 / 8, "dense"),
    Feed("minute", 1 / 60, "minute"),
    Feed("mixed", 0.1 / 60 + 0.9 / 14_400, "minute"),
)
"""Every value of every monitor; a set a minute of each bed; a tenth of the beds so, the others charted every 4 h."""
SITES = (1000, 140_000, 900_000)


class Plan(NamedTuple):
    """What a site needs; of processes, all cells together."""

    beds: int
    feed: Feed
    skew: float
    """Busiest worker in its busiest quarter of an hour, over the mean of all workers and the day."""
    cells: int
    """Installations beside each other, each with a broker, Redis and Triton of its own and whole hospitals in it."""
    workers: int
    """Bedside workers, one spare in each cell."""
    partitions: int
    """Of each cell."""
    caches: int
    triton: int
    """Instances of one thread."""
    broker_cores: float
    broker_mb_s: float
    """Written, all replicas."""
    broker_tib: float
    """Kept for a week, all replicas, before compaction."""
    redis_gib: float
    redis_threads: int
    state_gib: float
    """Resident memory of the bedside workers' state."""
    sized_by: str
    """What asks for most bedside workers: cpu, memory or restore."""
    failover: Failover
    """One worker of one cell dies at the busiest time."""


def needs(beds: float, feed: Feed, figures: Figures, skew: float) -> dict[str, int]:
    """Return how many bedside workers each of cpu, memory and restoring asks for."""
    facts = beds * feed.facts
    cpu = beds * feed.per_bed * figures.set_us[feed.kind]["bedside"] / 1e6 * skew / LOADED
    memory = facts * figures.fact_bytes / MIB / (WORKER_MIB - figures.worker_mib)
    return {"cpu": ceil(cpu), "memory": ceil(memory), "restore": ceil(facts / figures.restore_per_s / RESTORE_S)}


def plan(beds: int, feed: Feed, figures: Figures) -> Plan:
    """Size one site."""
    skew, wanted = _settled(beds, feed, figures)
    bound = max(wanted, key=lambda name: wanted[name])
    cells = ceil((wanted[bound] + 1) / MOST_WORKERS)
    each = max(ceil(wanted[bound] / cells) + 1, 2)
    partitions = next(number for number in PARTITIONS if number >= min(EACH * each, MOST_PARTITIONS))
    sets, cost = beds * feed.per_bed, figures.set_us[feed.kind]
    busy = simulation.day(beds // cells, partitions)
    top = float(busy.peak.sum()) / (beds // cells) / LOADED
    patient_bytes = figures.redis_patient_bytes + figures.redis_trend_bytes
    written = sets * figures.set_log_bytes[feed.kind] * REPLICAS
    return Plan(
        beds=beds, feed=feed, skew=skew, cells=cells, workers=cells * each, partitions=partitions,
        caches=cells * ceil(sets / cells * cost["cache"] / 1e6 * top),
        triton=cells * ceil(sets / cells * cost["triton"] / 1e6 * top),
        broker_cores=sets * cost["broker"] * REPLICAS / 1e6 * top,
        broker_mb_s=written / 1e6,
        broker_tib=written * WEEK_S / 2**40,
        redis_gib=beds * patient_bytes / GIB,
        redis_threads=cells * ceil(sets / cells * cost["redis"] / 1e6 * top),
        state_gib=beds * feed.facts * figures.fact_bytes / GIB,
        sized_by=bound,
        failover=simulation.failover(busy, each, crew(feed, figures)),
    )  # fmt: skip


def _settled(beds: int, feed: Feed, figures: Figures) -> tuple[float, dict[str, int]]:
    """Return skew and needs that fit each other: the more workers, the more the busiest stands out."""
    workers, skew = 1, 1.0
    for _ in range(4):
        cells = ceil(workers / MOST_WORKERS)
        each = ceil(workers / cells)
        skew = simulation.skew(simulation.day(beds // cells, min(EACH * each, MOST_PARTITIONS)), each)
        wanted = needs(beds, feed, figures, skew)
        if max(wanted.values()) == workers:
            break
        workers = max(wanted.values())
    return skew, wanted


def crew(feed: Feed, figures: Figures) -> Crew:
    """Return what one worker can do with this feed."""
    able = min(figures.catch_up_share, 1.0) * 1e6 / figures.set_us[feed.kind]["bedside"]
    return Crew(feed.per_bed, able, feed.facts, figures.restore_per_s, NOTICED_S)


class Ceiling(NamedTuple):
    """How many beds one of something carries."""

    of: str
    beds: float


def ceilings(feed: Feed, figures: Figures) -> list[Ceiling]:
    """Return how far one of each goes with evenly spread load, the first to be full first."""
    cost = figures.set_us[feed.kind]
    cores = {
        "bedside worker, its core": cost["bedside"],
        "cache worker, its core": cost["cache"],
        "Triton instance, its core": cost["triton"],
        "Redis, its thread": cost["redis"],
        "broker, a core": cost["broker"],
    }
    found = [Ceiling(name, LOADED * 1e6 / us / feed.per_bed if us else inf) for name, us in cores.items()]
    memory = (WORKER_MIB - figures.worker_mib) * MIB / figures.fact_bytes / feed.facts
    found.append(Ceiling(f"bedside worker, {WORKER_MIB // 1024} GiB of state", memory))
    found.append(
        Ceiling(f"bedside worker, state back in {RESTORE_S:.0f} s", figures.restore_per_s * RESTORE_S / feed.facts)
    )
    return sorted(found, key=lambda one: one.beds)
