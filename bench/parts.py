"""What is measured of one contestant: throughput and its cost, latency at a rate, catching up after an outage."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from bench import ground
from bench.contestants import Contestant, Peer
from bench.feed import Feed, produce
from bench.numbers import Quantiles, Sent, quantiles, waits_ms
from bench.watch import Sights, Watcher, watched
from streams.clock import WallClock
from streams.embedded.stack import Stack

FINISH_S = 240.0
WATCHED_PER_S = 300.0
"""Writes to Redis a second that the watcher looks at; more patients are watched at lower rates."""
AT_ONCE_MS = 100
LEAD_S = 3.0
"""First seconds of a paced feed, reported apart: processes that have just been idle or in a burst settle in them."""
COMMITTED_S = 1.5
"""After this long with nothing to do, every contestant has committed what it did."""


class Throughput(NamedTuple):
    """All observations at once."""

    per_s: float
    """From the first handed to the broker to the last result's timestamp on the topic."""
    results: int
    """Records on the results topic."""
    share: float
    """Results per observation."""
    cpu_us: dict[str, float]
    """CPU microseconds per observation by process, the same as CPU-seconds per million."""
    memory_mib: dict[str, float]


class Latency(NamedTuple):
    """Observations at a rate, from produce to visible."""

    rate: float
    to_redis: Quantiles | None
    to_topic: Quantiles | None
    lost: int
    """Watched observations that never became visible in Redis."""
    lead: Quantiles | None = None
    """To Redis, of the first `LEAD_S` seconds, which the others leave out."""


class CatchUp(NamedTuple):
    """A backlog met by a started contestant."""

    per_s: float | None
    """Observations a second from its first new result to its last; None where they all came at once."""
    seconds: float
    """From its start to its last result."""
    ready_s: float = 0.0
    """From its start until it says that it has its partitions and their state; peers say nothing."""


def throughput(stack: Stack, contestant: Contestant, feed: Feed, each: int) -> Throughput:
    """Measure all at once."""
    settings, pids = stack.settings, {**ground.service_pids(stack), **contestant.pids()}
    outs = feed.more(each)
    known = ground.ends(settings, contestant.results)
    before, began = ground.cpu_seconds(pids), WallClock().now()
    produce(settings, outs)
    ground.wait_visible(settings, feed.patients, feed.as_of, FINISH_S)
    time.sleep(0.3)
    after = ground.cpu_seconds(pids)
    memory = ground.memory_mib(contestant.pids())
    ends = ground.ends(settings, contestant.results)
    last = max(ground.stamps(settings, contestant.results, [end - 1 for end in ends]))
    count = sum(ends) - sum(known)
    cost = {name: 1e6 * (after[name] - before[name]) / len(outs) for name in pids}
    return Throughput(1000 * len(outs) / (last - began), count, count / len(outs), cost, memory)


def latency(stack: Stack, contestant: Contestant, feed: Feed, rate: float, seconds: float) -> Latency:
    """Measure a paced feed."""
    settings, count = stack.settings, len(feed.patients)
    each = max(1, round(rate * (LEAD_S + seconds) / count))
    names = watched(feed.patients, settings.partitions, max(1, int(WATCHED_PER_S * count / rate)))
    outs = feed.more(each)
    watcher = Watcher(settings, contestant.results, names)
    try:
        times = produce(settings, outs, rate)
        ground.wait_visible(settings, feed.patients, feed.as_of, FINISH_S)
        time.sleep(0.5)
    finally:
        sights = watcher.stop()
    chosen = set(names)
    sent = [one for one in feed.sent(outs, times) if one.patient_id in chosen]
    return waits_of(rate, sent, sights, times[0] + LEAD_S)


def waits_of(rate: float, sent: Sequence[Sent], sights: Sights, settled_at: float) -> Latency:
    """Tell the waits of what was sent, those from before `settled_at` apart."""
    lead = [one for one in sent if one.at < settled_at]
    rest = [one for one in sent if one.at >= settled_at]
    in_redis = waits_ms(rest, sights.in_redis)
    found = [_finite(waits_ms(rest, sights.on_topic)), _finite(waits_ms(lead, sights.in_redis))]
    return Latency(rate, _finite(in_redis), found[0], in_redis.count(math.inf), found[1])


def _finite(waits: Sequence[float]) -> Quantiles | None:
    return quantiles(filter(math.isfinite, waits))


def catch_up(stack: Stack, contestant: Contestant, feed: Feed, each: int) -> CatchUp:
    """Stop it, let a backlog come, start it again.

    A peer that keeps no place in its source reads all of it again; what it reads is what counts, so its results do.
    """
    settings = stack.settings
    time.sleep(COMMITTED_S)
    contestant.stop()
    outs = feed.more(each)
    produce(settings, outs)
    known = ground.ends(settings, contestant.results)
    began, started = WallClock().now(), time.monotonic()
    contestant.start()
    ready_s = time.monotonic() - started
    ground.wait_visible(settings, feed.patients, feed.as_of, FINISH_S)
    ends = ground.ends(settings, contestant.results)
    first = min(ground.stamps(settings, contestant.results, known))
    last = max(ground.stamps(settings, contestant.results, [end - 1 for end in ends]))
    done = sum(ends) - sum(known) if isinstance(contestant, Peer) else len(outs)
    rate = 1000 * done / (last - first) if last - first > AT_ONCE_MS else None
    return CatchUp(rate, (last - began) / 1000, ready_s)


def asdict(value: Any) -> Any:
    """Return named tuples as dictionaries, for JSON."""
    if hasattr(value, "_asdict"):
        return {name: asdict(one) for name, one in value._asdict().items()}
    if isinstance(value, dict):
        return {name: asdict(one) for name, one in value.items()}
    return [asdict(one) for one in value] if isinstance(value, list) else value
