"""The bedside worker on partitions in memory: one process of it, its model and broker, and its successor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from faust.types import TP

from streams import topics
from streams.inference.batches import Batches
from streams.inference.fake import FakeClient
from streams.inference.manifest import load
from streams.publish.summary import Summary, read
from streams.records import (
    Event,
    Measure,
    Tick,
)
from streams.settings import Settings
from streams.timeline.encoding import decode_key
from streams.transport.runs import Run
from streams.workers.bedside import BedsideWork
from tests.unit.workers.fakes import MODEL_REPOSITORY, Broker, Host, encode, through

OBS, PAT, TICKS, SCORES, STATE = (
    topics.EVENTS_OBSERVATIONS,
    topics.EVENTS_PATIENTS,
    topics.TICKS,
    topics.SCORES,
    topics.STATE,
)
SPEC = load(MODEL_REPOSITORY, "deterioration_gru")
PULSE = (Measure("8867-4", "8867-4", 80.0),)


class Bedside:
    """One process of the worker with its host, model and broker."""

    def __init__(self, broker: Broker, **settings: Any) -> None:
        self.broker, self.host, self.triton = broker, Host(broker), FakeClient(SPEC.output.name)
        worker: Any = BedsideWork
        self.work: BedsideWork = worker(
            Settings(**{"model_repository": MODEL_REPOSITORY, "partitions": 1} | settings),
            self.host,
            Batches(self.triton, max_batch=8, calls_in_flight=1, breaker_pause_s=5.0),
        )

    async def own(self, *partitions: int) -> None:
        """Get an assignment, as after a rebalance."""
        self.host.offsets.assigned()
        await self.work.assigned({TP(topic, n) for topic in self.work.topics for n in partitions})

    def run_of(self, *events: Event) -> Run:
        """Produce events and fetch them."""
        kept = [self.broker.append(OBS, 0, e.patient_id.encode(), encode(e)) for e in events]
        return self.host.run(OBS, kept)

    async def take(self, *events: Event) -> None:
        await through(self.work, self.run_of(*events))

    async def tick(self, at: int, **ends: int) -> None:
        record = self.broker.append(TICKS, 0, b"0", encode(Tick(at, {OBS: ends.get("obs", 0), PAT: 0})))
        await through(self.work, self.host.run(TICKS, [record]))

    @property
    def scores(self) -> list[Summary]:
        return [read(out.value or b"") for out in self.host.producer.on(SCORES)]

    @property
    def heads(self) -> list[dict[str, bytes]]:
        return [dict(out.headers) for out in self.host.producer.on(SCORES)]

    def pieces(self, number: int) -> list[tuple[str, bool]]:
        """Patients of the state's pieces of one kind, and whether each was written or removed."""
        keys = [(decode_key(out.key or b""), out.value is not None) for out in self.host.producer.on(STATE)]
        return [(key.patient_id, written) for key, written in keys if key.piece == number]


@asynccontextmanager
async def successor(of: Bedside) -> AsyncIterator[Bedside]:
    """Another process that acquires the partition next."""
    made = Bedside(of.broker)
    await made.own(0)
    yield made
    await made.work.stop()
