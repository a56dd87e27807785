"""How CardioStream grows: with patients, partitions, workers, length of history, and beds at monitor rate.

Every curve has a stack of its own (that of partitions one for each point) and begins where the others begin, so the
curves' first points are the same measurement again and show how far single ones differ on this machine (only that of
partitions is taken from the patients' where both are measured).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from bench import ground, holdings, monitor, parts
from bench.contestants import MODES, CardioStream, probe
from bench.feed import Feed, produce
from bench.monitor import Load
from bench.numbers import total
from bench.show import SERVICES
from bench.warmth import warm_up
from streams.embedded.services import BrokerChoice
from streams.embedded.stack import Stack
from streams.errors import CardioStreamError

FILL_S = 900.0
MONITOR_S = 10.0
SAMPLED = 100
"""Patients whose bytes in Redis are counted."""
Row = dict[str, float]
Say = Callable[[str], None]


class Size(NamedTuple):
    """One point of a curve."""

    patients: int = 500
    partitions: int = 6
    workers: int = 1
    """Bedside workers."""
    history: int = 0
    """Observations that each patient has before the measured ones."""
    each: int = 80


POINTS: dict[str, tuple[int, ...]] = {
    "patients": (500, 5000, 50_000),
    "partitions": (6, 24, 96),
    "workers": (1, 2, 3),
    "history": (0, 500, 1500),
    "beds": (50, 200, 600),
}


def sized(curve: str, number: int) -> Size:
    """Return one point of a curve, all else as usual."""
    if curve == "patients":
        return Size(patients=number, each=max(2, 40_000 // number))
    return Size()._replace(**{curve: number})


class Where(NamedTuple):
    """What the points are measured on."""

    broker: BrokerChoice
    triton: str = ""
    """``host:port`` of one that runs elsewhere; else the stack's own."""


def run(curve: str, where: Where, numbers: Sequence[int], say: Say) -> list[Row]:
    """Measure every point of a curve."""
    if curve == "beds":
        return _beds(where, numbers, say)
    if curve == "partitions":
        return [row for number in numbers for row in _points(curve, where, [number], say)]
    return _points(curve, where, numbers, say)


def known(curve: str, found: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Return the first point of partitions where the curve of patients has it: it would need a whole stack."""
    if curve != "partitions" or not found.get("patients"):
        return []
    first = dict(found["patients"][0])
    return [{curve: Size().partitions} | first] if first.pop("patients") == Size().patients else []


@contextmanager
def _warm_stack(where: Where, partitions: int, say: Say) -> Iterator[Stack]:
    with ground.open_stack(where.broker, where.triton, partitions=partitions) as stack:
        say(f"  {warm_up(stack)}")
        yield stack


def _points(curve: str, where: Where, numbers: Sequence[int], say: Say) -> list[Row]:
    """Measure points one after the other on one stack; what earlier ones left in the state stays there."""
    sizes = [sized(curve, number) for number in numbers]
    found: list[Row] = []
    with _warm_stack(where, sizes[0].partitions, say) as stack:
        feeds: dict[int, Feed] = {}
        for number, size in zip(numbers, sizes, strict=True):
            say(f"  {curve}: {number:,}")
            ours = CardioStream(stack, MODES[0], bedsides=size.workers)
            new = Feed(stack.settings, f"{size.patients}-{size.workers}", size.patients, ours.source)
            # A history goes on from point to point; other points have patients of their own.
            feed = feeds.setdefault(0 if curve == "history" else number, new)
            earlier = sum(one.facts for one in feeds.values()) - feed.facts
            try:
                row = {curve: number} | _point(stack, ours, feed, size)
            except (ground.TooSlow, CardioStreamError) as error:
                # The other points are worth having all the same.
                say(f"  left out: {error}")
                continue
            found.append(row | {"facts held": earlier + row["facts held"]})
    return found


def _point(stack: Stack, ours: CardioStream, feed: Feed, size: Size) -> Row:
    """Measure throughput, cost and memory at one size, then stop, let a backlog come, and catch up."""
    ours.start()
    try:
        probe(stack, ours, f"probe-{feed.patients[0]}-{feed.facts}")
        _fill(stack, feed, size.history - feed.facts // len(feed.patients))
        done, facts = parts.throughput(stack, ours, feed, size.each), feed.facts
        outage = parts.catch_up(stack, ours, feed, size.each)
        again = ground.memory_mib(ours.pids())
    finally:
        ours.stop()
    return {
        "obs/s": done.per_s,
        "results per obs": done.share,
        "own CPU µs/obs": total(done.cpu_us, done.cpu_us.keys() - set(SERVICES)),
        **{f"{name} µs/obs": done.cpu_us.get(name, 0.0) for name in SERVICES},
        "bedside MiB": _mean(done.memory_mib, "bedside"),
        "cache MiB": _mean(done.memory_mib, "cache"),
        "MiB after restart": _mean(again, "bedside"),
        "restart s": outage.ready_s,
        "catch-up obs/s": outage.per_s or 0.0,
        "catch-up share": (outage.per_s or 0.0) / done.per_s,
        "facts held": facts,
    }


def _mean(values: dict[str, float], kind: str) -> float:
    found = [value for name, value in values.items() if name.partition("-")[0] == kind]
    return sum(found) / len(found)


def _fill(stack: Stack, feed: Feed, history: int) -> None:
    """Give every patient a past, in portions that the memory of this process holds."""
    while history > 0:
        each = min(history, max(1, 100_000 // len(feed.patients)))
        produce(stack.settings, feed.more(each))
        history -= each
    if feed.begun:
        ground.wait_visible(stack.settings, feed.patients, feed.as_of, FILL_S)


def _beds(where: Where, numbers: Sequence[int], say: Say) -> list[Row]:
    """Measure beds at monitor rate, with a fresh piece of state every few sets, and once with pieces full of them."""
    found: list[Row] = []
    kinds = [*(("minute", beds) for beds in numbers), ("dense", numbers[len(numbers) // 2])]
    with _warm_stack(where, Size().partitions, say) as stack:
        ours = CardioStream(stack, MODES[0])
        ours.start()
        try:
            probe(stack, ours, "probe")
            for kind, beds in kinds:
                say(f"  beds at monitor rate: {beds:,}, {kind}")
                found.append(_load_row(kind, monitor.measure(stack, ours, beds, kind, MONITOR_S)))
            held = holdings.redis_held(
                stack.settings, [f"minute-{numbers[0]}-{n:05d}" for n in range(SAMPLED)][: numbers[0]]
            )
            found[0] |= {"Redis bytes per patient": held.patient, "Redis bytes per trend": held.trend}
            services = ground.memory_mib(ground.service_pids(stack))
            found[-1] |= {f"{name} MiB": size for name, size in services.items()}
        finally:
            ours.stop()
    return found


def _load_row(kind: str, load: Load) -> Row:
    waits = load.to_redis
    return {
        "beds": load.beds,
        "dense": float(kind == "dense"),
        "sets/s": load.sets_per_s,
        "results per set": load.results_per_set,
        "p50 ms": waits.p50 if waits else 0.0,
        "p99 ms": waits.p99 if waits else 0.0,
        "behind s": load.behind_s,
        **{f"{name} µs/set": cost for name, cost in load.set_us.items()},
        "log bytes/set": load.set_bytes,
        "state bytes/set": load.state_bytes,
    }
