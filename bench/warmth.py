"""Warms the broker with what it will be asked for, until its cost per record no longer falls.

Kafka's JVM compiles for eight to ten CPU-seconds under its first load of many small requests, so whoever is measured
first would pay for all. What it compiles depends on the requests: large batches of one topic leave the small ones cold.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple

import aiokafka

from bench.ground import cpu_seconds, service_pids
from streams.embedded.apache_kafka import ApacheKafka
from streams.embedded.stack import Stack
from streams.provision.broker import admin
from streams.settings import Settings
from streams.topics import TOPICS
from streams.transport.produce import Out, Producer

ROUND_S = 1.5
SPAN = 3
"""Rounds whose median is compared with that of as many before them; single ones may be stalled by a rebalance."""
LEAST_ROUNDS = 9
LEAST = 0.9
"""Settled: the last rounds cost at least this part of those before them."""
MOST_S = 45.0
_PARTITIONS = 6
_SIZES = (500, 80, 1500)
"""Bytes of an observation, a piece of state and a RiskAssessment."""
_COMMIT_EVERY = 20


class Warmth(NamedTuple):
    """How warm a broker was made."""

    costs_us: tuple[float, ...] = ()
    """Its CPU microseconds per record, round after round."""
    seconds: float = 0.0
    settled: bool = True

    def __str__(self) -> str:
        if not self.costs_us:
            return "broker not warmed: nothing in it is compiled while it runs"
        first, last = self.costs_us[0], median(self.costs_us[-SPAN:])
        end = "settled" if self.settled else "still falling"
        return f"broker warmed for {self.seconds:.0f} s: {first:.0f} to {last:.0f} µs of CPU per small record, {end}"


def is_settled(costs_us: Sequence[float]) -> bool:
    """Tell whether the cost has stopped falling."""
    if len(costs_us) < LEAST_ROUNDS:
        return False
    return median(costs_us[-SPAN:]) >= LEAST * median(costs_us[-2 * SPAN : -SPAN])


def warm_up(stack: Stack) -> Warmth:
    """Produce and fetch small records over twins of all the project's topics, and remove the twins again."""
    if not isinstance(stack.services.get("broker"), ApacheKafka):
        return Warmth()
    broker = {"broker": service_pids(stack)["broker"]}
    names = [f"warm.{topic.name}" for topic in TOPICS]
    with admin(stack.settings.bootstrap_servers) as client:
        client.create_topics(
            {
                twin: {"num_partitions": _PARTITIONS, "replication_factor": 1, "configs": topic.config()}
                for twin, topic in zip(names, TOPICS, strict=True)
            },
            raise_errors=False,
        )
        client.wait_for_topics(names)
        try:
            return asyncio.run(_warm(stack.settings, names, lambda: cpu_seconds(broker)["broker"]))
        finally:
            client.delete_topics(names, raise_errors=False)


async def _warm(settings: Settings, names: Sequence[str], spent: Callable[[], float]) -> Warmth:
    costs: list[float] = []
    began = time.monotonic()
    producer, consumer = Producer(settings, "bench-warm"), _member(settings, names)
    await producer.start()
    await consumer.start()
    reading = asyncio.create_task(_read(consumer))
    try:
        while not (done := is_settled(costs)) and time.monotonic() - began < MOST_S:
            before, end, count = spent(), time.monotonic() + ROUND_S, 0
            while time.monotonic() < end:
                count += await _step(producer, names)
            costs.append(1e6 * (spent() - before) / count)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await consumer.stop()
        await producer.stop()
    return Warmth(tuple(costs), time.monotonic() - began, done)


async def _step(producer: Producer, names: Sequence[str]) -> int:
    """Send one record to every partition of three topics, as a small flush does, and wait for the broker."""
    count = 0
    for start in range(0, len(names), len(_SIZES)):
        outs = [
            Out(name, partition, b"warm", bytes(size))
            for name, size in zip(names[start:], _SIZES, strict=False)
            for partition in range(_PARTITIONS)
        ]
        await (await producer.send(outs))
        count += len(outs)
    return count


def _member(settings: Settings, names: Sequence[str]) -> Any:
    return aiokafka.AIOKafkaConsumer(
        *names,
        bootstrap_servers=settings.bootstrap_servers,
        group_id="bench-warm",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=settings.isolation_level,
        fetch_max_wait_ms=settings.fetch_max_wait_ms,
    )


async def _read(consumer: Any) -> None:
    """Read and commit as the workers do."""
    fetches = 0
    while True:
        await consumer.getmany(timeout_ms=20)
        fetches += 1
        if fetches % _COMMIT_EVERY == 0:
            await consumer.commit()
