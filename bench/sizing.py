"""What a site needs, from measured figures and the simulation; pure."""

from __future__ import annotations

from math import ceil, inf
from typing import NamedTuple

from bench import simulation
from bench.measured import Figures
from bench.simulation import Crew, Failover

LOADED = 0.6
"""Part of a core, an instance or a Redis thread that the busiest time may take; the rest is for the unforeseen."""
WORKER_MIB = 3072
"""Memory of a bedside worker, on the mean of all; the chart's limit leaves a third more to the one that has most. More
state makes a restart too long before it makes the machine too small."""
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
CACHED_S = 600.0
"""What is written in this time should be in the brokers' page cache: whoever catches up then reads no disk."""
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
    cells_by: str
    """What asks for so many: partitions or redis; empty where one is enough."""
    workers: int
    """Bedside workers, one spare in each cell."""
    sized_by: str
    """What asks for so many: cpu, memory or restore."""
    partitions: int
    """Of each cell."""
    caches: int
    triton: int
    """Instances of one thread."""
    broker_cores: float
    broker_mb_s: float
    """Written, all replicas."""
    broker_gib: float
    """Page cache that holds what is written in `CACHED_S`, all replicas."""
    broker_tib: float
    """Written in a week, all replicas, before compaction."""
    redis_gib: float
    state_gib: float
    """Resident memory of the bedside workers' state."""
    failover: Failover
    """One worker of one cell dies at the busiest time."""


def needs(beds: float, feed: Feed, figures: Figures, skew: float) -> dict[str, int]:
    """Return how many bedside workers each of cpu, memory and restoring asks for."""
    facts = beds * feed.facts
    cpu = beds * feed.per_bed * figures.set_us[feed.kind]["bedside"] / 1e6 * skew / LOADED
    memory = facts * figures.fact_bytes / MIB / (WORKER_MIB - figures.worker_mib)
    return {"cpu": ceil(cpu), "memory": ceil(memory), "restore": ceil(facts / figures.restore_per_s / RESTORE_S)}


def cores(beds: float, feed: Feed, figures: Figures, process: str) -> float:
    """Return the cores that a process needs at the busiest time of the whole site, with room."""
    sets = beds * feed.per_bed
    return sets * figures.set_us[feed.kind][process] / 1e6 * simulation.rush(int(beds)) / LOADED


def cells_of(beds: int, feed: Feed, figures: Figures, workers: int) -> dict[str, int]:
    """Return how many cells each limit of one cell asks for: its partitions, and its Redis, which is one thread."""
    redis = cores(beds, feed, figures, "redis")
    return {"partitions": max(ceil(workers / (MOST_WORKERS - 1)), 1), "redis": max(ceil(redis), 1)}


def plan(beds: int, feed: Feed, figures: Figures) -> Plan:
    """Size one site."""
    skew, wanted, split = _settled(beds, feed, figures)
    bound, cells_by = _most(wanted), _most(split)
    cells, written = split[cells_by], beds * feed.per_bed * figures.set_log_bytes[feed.kind] * REPLICAS
    each = max(ceil(wanted[bound] / cells) + 1, 2)
    partitions = _partitions(each)
    return Plan(
        beds=beds, feed=feed, skew=skew, cells=cells, cells_by=cells_by if cells > 1 else "",
        workers=cells * each, sized_by=bound, partitions=partitions,
        caches=cells * ceil(cores(beds, feed, figures, "cache") / cells),
        triton=cells * ceil(cores(beds, feed, figures, "triton") / cells),
        broker_cores=cores(beds, feed, figures, "broker") * REPLICAS,
        broker_mb_s=written / 1e6,
        broker_gib=written * CACHED_S / GIB,
        broker_tib=written * WEEK_S / 2**40,
        redis_gib=beds * (figures.redis_patient_bytes + figures.redis_trend_bytes) / GIB,
        state_gib=beds * feed.facts * figures.fact_bytes / GIB,
        failover=simulation.failover(simulation.day(ceil(beds / cells), partitions), each, crew(feed, figures)),
    )  # fmt: skip


def _settled(beds: int, feed: Feed, figures: Figures) -> tuple[float, dict[str, int], dict[str, int]]:
    """Return skew, workers and cells that fit each other: the more workers, the more the busiest stands out."""
    workers, skew = 1, 1.0
    for _ in range(5):
        split = cells_of(beds, feed, figures, workers)
        each = ceil(workers / max(split.values()))
        skew = simulation.skew(simulation.day(ceil(beds / max(split.values())), _partitions(each)), each)
        wanted = needs(beds, feed, figures, skew)
        if max(wanted.values()) == workers:
            break
        workers = max(wanted.values())
    return skew, wanted, cells_of(beds, feed, figures, max(wanted.values()))


def _partitions(workers: int) -> int:
    return next((number for number in PARTITIONS if number >= EACH * workers), MOST_PARTITIONS)


def _most(asked: dict[str, int]) -> str:
    return max(asked, key=lambda name: asked[name])


def crew(feed: Feed, figures: Figures) -> Crew:
    """Return what one worker can do with this feed."""
    able = min(figures.catch_up_share, 1.0) * 1e6 / figures.set_us[feed.kind]["bedside"]
    return Crew(feed.per_bed, able, feed.facts, figures.restore_per_s, NOTICED_S)


class Ceiling(NamedTuple):
    """How many beds one of something carries, and what to do when they are more."""

    of: str
    beds: float
    remedy: str


REMEDIES = {
    "bedside": "more bedside workers, up to the partitions",
    "cache": "more cache workers, up to the partitions",
    "triton": "more instances, or replicas behind `dns:///`",
    "redis": "another cell: the ranking of all patients is one key",
    "broker": "more broker nodes",
    "memory": "more bedside workers, or a shorter `CARDIOSTREAM_RETENTION_S`",
    "restore": "more bedside workers; `CARDIOSTREAM_GROUP_INSTANCE_ID`, so that a quick restart moves nothing",
}


def ceilings(feed: Feed, figures: Figures) -> list[Ceiling]:
    """Return how far one of each goes with evenly spread load, the first to be full first."""
    names = {
        "bedside": "a bedside worker's core",
        "cache": "a cache worker's core",
        "triton": "a Triton instance's core",
        "redis": "Redis' one thread",
        "broker": "one core of a broker",
    }
    cost = figures.set_us[feed.kind]
    thinned = "a set a minute at the gateway; else " if feed.kind == "dense" else ""
    found = [
        Ceiling(name, LOADED * 1e6 / cost[of] / feed.per_bed if cost[of] else inf, REMEDIES[of])
        for of, name in names.items()
    ]
    memory = (WORKER_MIB - figures.worker_mib) * MIB / figures.fact_bytes / feed.facts
    back = figures.restore_per_s * RESTORE_S / feed.facts
    found.append(
        Ceiling(f"{WORKER_MIB // 1024} GiB of state in a bedside worker", memory, thinned + REMEDIES["memory"])
    )
    found.append(Ceiling(f"state read back within {RESTORE_S:.0f} s", back, thinned + REMEDIES["restore"]))
    return sorted(found, key=lambda one: one.beds)
