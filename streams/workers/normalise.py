"""The normalise worker: raw records of the hospital's topics become clinical events keyed by patient."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

import msgspec

from streams import metrics, topics
from streams.errors import ContractError
from streams.normalise import warm_up
from streams.settings import Settings
from streams.transport.pipeline import Pipeline
from streams.transport.produce import Out
from streams.transport.runs import Item, Run
from streams.workers.intake import Intake, route
from streams.workers.lifecycle import Host

GROUP = topics.GROUP_NORMALISE


class Flush(msgspec.Struct):
    """Runs on their way and what came of them."""

    items: list[Item]
    outs: list[Out]
    began: float


class NormaliseWork:
    """Normalises runs and produces what comes of them, keyed by patient."""

    name = "normalise"

    def __init__(self, settings: Settings, host: Host) -> None:
        self.settings, self.host = settings, host
        self.intake = Intake(settings, settings.handed_on)
        self.topics = tuple(self.intake.sources)
        if not self.topics:
            raise ContractError(
                "normalise: expected a source that is not keyed by patient, received none; `bedside` reads them all, "
                "so this worker is not needed"
            )
        self.pipeline: Pipeline[Flush] = Pipeline(
            self.begin, self.judge, self.publish, self.settle, max_records=settings.max_flush_records, in_flight=2
        )

    async def start(self) -> None:
        """Load the unit library now, not with the first record."""
        await asyncio.to_thread(warm_up)

    async def assigned(self, partitions: set[Any]) -> None:
        """No state is kept."""

    async def idle(self) -> None:
        """Keep stopped sources stopped, also after a rebalance."""
        consumer = self.host.app.run_consumer
        consumer.pause_partitions([tp for tp in consumer.assignment() if tp.topic in self.intake.stopped])

    async def stop(self) -> None:
        """Nothing to disconnect."""

    def begin(self, items: list[Item]) -> Flush:
        """Normalise what has come."""
        flush = Flush(items, [], time.monotonic())
        for item in items:
            if isinstance(item, Run) and item.generation == self.host.generation:
                self._normalise_run(item, flush)
        return flush

    def _normalise_run(self, run: Run, flush: Flush) -> None:
        if run.topic in self.intake.stopped:
            return
        metrics.INPUTS.labels(self.name, run.topic).inc(run.size)
        for record in run.records:
            result = self.intake.read(run, record)
            flush.outs += [out for event in result.events for out in route(event, self.settings.partitions)]
            flush.outs += self.intake.letters(result)
            if run.topic in self.intake.stopped:
                return

    async def judge(self, flush: Flush) -> None:
        """Nothing to ask anyone."""

    async def publish(self, flush: Flush) -> Awaitable[object]:
        """Hand events and dead letters to the producer."""
        return await self.host.producer.send(flush.outs)

    async def settle(self, flush: Flush) -> None:
        """Acknowledge the inputs; a stopped source's stay uncommitted."""
        self.host.acknowledge(
            [item for item in flush.items if isinstance(item, Run) and item.topic not in self.intake.stopped]
        )
        metrics.FLUSH_SECONDS.labels(self.name).observe(time.monotonic() - flush.began)


async def run(settings: Settings) -> int:
    """Run the worker until it is told to stop."""
    host = Host(GROUP, settings)
    return await host.run(NormaliseWork(settings, host))
