"""How CardioStream grows: with patients, partitions, workers and length of history; each point on a fresh stack."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import parts
from bench.contestants import MODES, CardioStream, probe
from bench.feed import Feed, produce
from bench.ground import RECORDED, wait_visible, warm_up
from bench.numbers import total
from bench.show import SERVICES
from streams.embedded.services import BrokerChoice
from streams.embedded.stack import Stack

FILL_S = 900.0


class Size(NamedTuple):
    """One point of a curve."""

    patients: int = 500
    partitions: int = 6
    workers: int = 1
    """Bedside workers."""
    history: int = 0
    """Observations that each patient has before the measured ones."""
    each: int = 60


POINTS: dict[str, tuple[int, ...]] = {
    "patients": (500, 2000, 10_000, 50_000),
    "partitions": (1, 3, 6, 12, 24),
    "workers": (1, 2, 3),
    "history": (0, 120, 480, 1200),
}


def sized(curve: str, number: int) -> Size:
    """Return one point of a curve, all else as usual."""
    if curve == "patients":
        return Size(patients=number, each=max(2, 60_000 // number))
    return Size()._replace(**{curve: number})


def run(curve: str, broker: BrokerChoice, numbers: Sequence[int], say: Callable[[str], None]) -> list[dict[str, float]]:
    """Measure every point of a curve."""
    found = []
    for number in numbers:
        say(f"{curve}: {number:,}")
        found.append({curve: number} | point(sized(curve, number), broker))
    return found


def point(size: Size, broker: BrokerChoice) -> dict[str, float]:
    """Measure throughput, cost and memory at one size."""
    folder = Path(tempfile.mkdtemp(prefix="cardiostream-bench-"))
    with Stack(folder, broker=broker, settings_overrides=RECORDED | {"partitions": size.partitions}) as stack:
        warm_up(stack.settings)
        ours = CardioStream(stack, MODES[0], bedsides=size.workers)
        ours.start()
        try:
            probe(stack, ours, "probe")
            feed = Feed(stack.settings, "bench", size.patients, ours.source)
            _fill(stack, feed, size.history)
            done = parts.throughput(stack, ours, feed, size.each)
        finally:
            ours.stop()
    return {
        "observations/s": done.per_s,
        "own CPU µs per observation": total(done.cpu_us, done.cpu_us.keys() - set(SERVICES)),
        "broker CPU µs per observation": done.cpu_us.get("broker", 0.0),
        "own MiB": sum(done.memory_mib.values()),
    }


def _fill(stack: Stack, feed: Feed, history: int) -> None:
    """Give every patient a past, in portions that the memory of this process holds."""
    while history > 0:
        each = min(history, max(1, 200_000 // len(feed.patients)))
        produce(stack.settings, feed.more(each))
        history -= each
    if feed.begun:
        wait_visible(stack.settings, feed.patients, feed.as_of, FILL_S)
