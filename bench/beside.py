"""Slow work queued beside a ward's vital signs: telling of it, waiting for its answers, one table of what it did."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from rich.console import Console

from bench import parts
from bench.contestants import MODES, CardioStream, probe
from bench.feed import Feed
from bench.markdown import table
from bench.numbers import Quantiles
from bench.show import NOTHING
from bench.warmth import warm_up
from streams.embedded.stack import Stack
from streams.embedded.worker import Worker
from streams.settings import Settings
from streams.transport.produce import Out, Producer
from streams.transport.reading import read_to_end, reading

_CLIENT = "bench-beside"
T = TypeVar("T")


class Ward(NamedTuple):
    """Vital signs at a rate, without and with the slow work."""

    rate: float
    alone: parts.Latency
    beside: parts.Latency


async def tell(settings: Settings, outs: Sequence[Out]) -> None:
    """Tell of all the work at once."""
    producer = Producer(settings, _CLIENT)
    await producer.start()
    await (await producer.send(outs))
    await producer.stop()


async def answered(settings: Settings, topic: str, wanted: int, longest_s: float, look_s: float) -> None:
    """Wait until so many predictions stand on the topic."""
    began = time.monotonic()
    while time.monotonic() - began < longest_s:
        async with reading(settings, _CLIENT) as consumer:
            found = [len(await read_to_end(consumer, topic, n)) for n in range(settings.partitions)]
        if sum(found) >= wanted:
            return
        await asyncio.sleep(look_s)
    raise TimeoutError(f"expected {wanted} answers within {longest_s:.0f} s")


def started(stack: Stack, slow: str, console: Console) -> tuple[CardioStream, Worker]:
    """Start a ward and the worker of the slow work, on a warmed broker."""
    console.print("warming up")
    warm_up(stack)
    ward = CardioStream(stack, MODES[0])
    ward.start()
    stack.start_worker("normalise").wait_ready(180)
    worker = stack.start_worker(slow)
    worker.wait_ready(180)
    probe(stack, ward, "probe")
    return ward, worker


def measured(
    stack: Stack, ward: CardioStream, rate: float, seconds: float, slow: Callable[[], T], console: Console
) -> tuple[Ward, T]:
    """Measure the ward alone, then beside the slow work; return that and what the slow work took."""
    feed = Feed(stack.settings, "bench", 400, ward.source)
    parts.latency(stack, ward, feed, rate, 5.0)
    console.print("vital signs alone")
    alone = parts.latency(stack, ward, feed, rate, seconds)
    console.print("and beside the slow work")
    found: list[T] = []
    thread = threading.Thread(target=lambda: found.append(slow()))
    thread.start()
    beside = parts.latency(stack, ward, feed, rate, seconds)
    figures = f"alone {_quartet(alone.to_redis)}, beside {_quartet(beside.to_redis)} ms"
    console.print(f"{figures}; waiting for the last answer", highlight=False)
    thread.join()
    return Ward(rate, alone, beside), found[0]


def show(console: Console, ward: Ward, work: str, rows: Sequence[tuple[str, str]]) -> None:
    """Print the table, as ``docs/benchmarks.md`` holds it."""
    waits = "ms to Redis, p50 / p95 / p99 / highest"
    vital = [
        (f"vital signs alone, {waits}", _quartet(ward.alone.to_redis)),
        (f"vital signs beside {work}, {waits}", _quartet(ward.beside.to_redis)),
    ]
    text = table(f"Beside vital signs at {ward.rate:.0f}/s", ("", "measured"), [*vital, *rows], words=True)
    console.print(text, soft_wrap=True, markup=False, highlight=False)


def _quartet(found: Quantiles | None) -> str:
    return " / ".join(f"{value:.1f}" for value in found) if found else NOTHING
