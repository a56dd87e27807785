"""Throughput and latency of the whole way, everything on: ``python -m bench.run [--broker tansu] [--runs 3]``.

Throughput: all Observations are produced at once to the source topic while the workers idle; the time is from the first
arrival to the last result on the broker. Latency: a paced feed; from each score's oldest input to the result.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Literal, NamedTuple

import aiokafka
import psutil
from rich.console import Console
from rich.table import Table

from bench.observations import observations
from streams import topics
from streams.clock import MINUTE, WallClock
from streams.embedded.stack import Stack
from streams.embedded.worker import WORKERS
from streams.settings import Settings
from streams.transport.produce import Producer
from streams.transport.reading import read_to_end, reading
from streams.verify.settled import wait_until_settled
from streams.workers.assessment import RECEIVED_AT

Broker = Literal["kafka", "tansu"]


class Measured(NamedTuple):
    """One run on a fresh stack."""

    throughput: float
    """Observations per second, all of them at once."""
    scores: int
    cpu_us: dict[str, float]
    """CPU microseconds per observation by process, during the throughput part."""
    latency_ms: tuple[float, float, float]
    """p50, p95, p99 from arrival to result in the paced part."""


async def produce(settings: Settings, outs: list[Any]) -> None:
    """Produce everything as fast as the broker takes it."""
    producer = Producer(settings, "bench")
    await producer.start()
    for start in range(0, len(outs), 5000):
        await (await producer.send(outs[start : start + 5000]))
    await producer.stop()


async def produce_paced(settings: Settings, outs: list[Any], rate: float) -> None:
    """Produce one record after the other at `rate` a second, as a hospital's engine does."""
    producer = aiokafka.AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, linger_ms=1)
    await producer.start()
    began = time.monotonic()
    for count, out in enumerate(outs):
        if (ahead := began + count / rate - time.monotonic()) > 0.001:
            await asyncio.sleep(ahead)
        await producer.send(out.topic, out.value, out.key, out.partition)
    await producer.stop()


async def results(settings: Settings) -> list[Any]:
    """Return all records of the results topic."""
    async with reading(settings, "bench") as consumer:
        return [r for n in range(settings.partitions) for r in await read_to_end(consumer, topics.SCORES, n)]


def cpu_seconds(stack: Stack) -> dict[str, float]:
    """Return the CPU time that each part has used, its children included."""
    used = {}
    for name, part in {**stack.services, **stack.workers}.items():
        if part.child is not None:
            process = psutil.Process(part.child.pid)
            family = [process, *process.children(recursive=True)]
            used[name] = sum(sum(p.cpu_times()[:2]) for p in family)
    return used


async def throughput(stack: Stack, patients: int, each: int) -> tuple[float, int, dict[str, float]]:
    """Measure all at once."""
    settings = stack.settings
    start = WallClock().now() - each * MINUTE - 60 * MINUTE
    outs = observations(patients, each, start, topics.OBSERVATIONS, settings.partitions)
    before = cpu_seconds(stack)
    began = WallClock().now()
    await produce(settings, outs)
    await wait_until_settled(settings, 300)
    after = cpu_seconds(stack)
    scores = await results(settings)
    last = max(record.timestamp for record in scores)
    cost = {name: 1e6 * (after[name] - before[name]) / len(outs) for name in after}
    return 1000 * len(outs) / (last - began), len(scores), cost


async def latency(stack: Stack, patients: int, rate: float, seconds: float) -> tuple[float, float, float]:
    """Measure a paced feed."""
    settings = stack.settings
    known = len(await results(settings))
    each = max(1, int(rate * seconds / patients))
    outs = observations(patients, each, WallClock().now() - each * MINUTE, topics.OBSERVATIONS, settings.partitions, 2)
    await produce_paced(settings, outs, rate)
    await wait_until_settled(settings, 120)
    found = sorted(await results(settings), key=lambda record: record.timestamp)[known:]
    waits = sorted(r.timestamp - int(dict(r.headers)[RECEIVED_AT]) for r in found if RECEIVED_AT in dict(r.headers))
    cuts = statistics.quantiles(waits, n=100)
    return cuts[49], cuts[94], cuts[98]


def run_once(broker: Broker, patients: int, each: int, rate: float) -> Measured:
    """Measure on a fresh stack."""
    folder = Path(tempfile.mkdtemp(prefix="cardiostream-bench-"))
    with Stack(folder, broker=broker, workers=WORKERS) as stack:
        speed, scores, cost = asyncio.run(throughput(stack, patients, each))
        waits = asyncio.run(latency(stack, patients, rate, 10.0))
    return Measured(speed, scores, cost, waits)


def main() -> None:
    """Measure and print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=("kafka", "tansu"), default="kafka")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--each", type=int, default=120)
    parser.add_argument("--rate", type=float, default=1000.0)
    options = parser.parse_args()
    runs = [run_once(options.broker, options.patients, options.each, options.rate) for _ in range(options.runs)]
    Console().print(table(runs, options))


def table(runs: list[Measured], options: argparse.Namespace) -> Table:
    """Return the medians of the runs, with the lowest and the highest."""
    made = Table(
        title=f"{options.patients * options.each:,} observations of {options.patients} patients, {options.broker}, "
        f"{len(runs)} runs"
    )
    for name in ("", "median", "lowest", "highest"):
        made.add_column(name, justify="right")
    rows = {
        "throughput, observations/s": [m.throughput for m in runs],
        "scores per observation": [m.scores / (options.patients * options.each) for m in runs],
        **{f"CPU µs per observation, {n}": [m.cpu_us.get(n, 0.0) for m in runs] for n in runs[0].cpu_us},
        **{
            f"{label} at {options.rate:.0f}/s, ms": [m.latency_ms[i] for m in runs]
            for i, label in enumerate(("p50", "p95", "p99"))
        },
    }
    for name, values in rows.items():
        numbers = (statistics.median(values), min(values), max(values))
        made.add_row(name, *(f"{v:,.2f}" if v < 100 else f"{v:,.0f}" for v in numbers))
    return made


if __name__ == "__main__":
    main()
