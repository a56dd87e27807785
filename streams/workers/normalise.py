"""The normalise worker: raw records of the hospital's topics become clinical events keyed by patient."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable
from typing import Any

import msgspec

from streams import metrics, topics
from streams.errors import ContractError
from streams.normalise import Normalised, Raw, normalise, warm_up
from streams.records import ClinicalEvent, DeadLetter, Event, ObservationVersion, Overruling
from streams.settings import Settings, Source
from streams.transport.pipeline import Pipeline
from streams.transport.produce import Out, partition_of
from streams.transport.runs import Item, Record, Run
from streams.workers.lifecycle import Host

log = logging.getLogger(__name__)

GROUP = topics.GROUP_NORMALISE
GUARD_WINDOW = 1000


class SourceGuard:
    """Stops a source most of whose messages are refused: something is wrong with it, not with them.

    Parameters
    ----------
    window
        How many messages in a row are looked at; more than half of them refused trips the guard.
    """

    def __init__(self, window: int = GUARD_WINDOW) -> None:
        self._last: deque[bool] = deque(maxlen=window)
        self._refused = 0

    def tripped(self, refused: bool) -> bool:
        """Note one message and tell whether the source must stop."""
        if len(self._last) == self._last.maxlen:
            self._refused -= self._last[0]
        self._last.append(refused)
        self._refused += refused
        return len(self._last) == self._last.maxlen and 2 * self._refused > len(self._last)


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
        self.sources: dict[str, Source] = {source.topic: source for source in settings.sources}
        self.topics = tuple(self.sources)
        self._guards = {topic: SourceGuard() for topic in self.topics}
        self._stopped: set[str] = set()
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
        consumer.pause_partitions([tp for tp in consumer.assignment() if tp.topic in self._stopped])

    async def stop(self) -> None:
        """Nothing to disconnect."""

    def begin(self, items: list[Item]) -> Flush:
        """Normalise what has come."""
        flush = Flush(items, [], time.monotonic())
        for item in items:
            if isinstance(item, Run) and item.generation == self.host.generation and item.topic not in self._stopped:
                self._normalise_run(item, flush)
        return flush

    def _normalise_run(self, run: Run, flush: Flush) -> None:
        source, guard = self.sources[run.topic], self._guards[run.topic]
        metrics.INPUTS.labels(self.name, run.topic).inc(run.size)
        tolerance = self.settings.future_tolerance_s
        for record in run.records:
            result = normalise(_raw(run, record), source, future_tolerance_s=tolerance)
            flush.outs += self._outs(result, source)
            if guard.tripped(_refused(result)):
                self._stop_source(run.topic, source)
                break

    def _outs(self, result: Normalised, source: Source) -> list[Out]:
        for skip in result.skips:
            metrics.SKIPS.labels(source.name, skip.reason).inc()
        for letter in result.dead_letters:
            metrics.DEAD_LETTERS.labels(source.name, letter.reason).inc()
        count = self.settings.partitions
        outs = [out for event in result.events for out in route(event, count)]
        return outs + [dead_letter_out(letter, count) for letter in result.dead_letters]

    def _stop_source(self, topic: str, source: Source) -> None:
        self._stopped.add(topic)
        log.error(
            "source=%s topic=%s stopped: more than half of %d messages in a row were refused; expected usable FHIR; "
            "look at `cardiostream dlq list --source %s`, mend the source or its settings, then restart normalise",
            source.name, topic, GUARD_WINDOW, source.name,
        )  # fmt: skip

    async def judge(self, flush: Flush) -> None:
        """Nothing to ask anyone."""

    async def publish(self, flush: Flush) -> Awaitable[None]:
        """Hand events and dead letters to the producer."""
        return await self.host.producer.send(flush.outs)

    async def settle(self, flush: Flush) -> None:
        """Acknowledge the inputs; a stopped source's stay uncommitted."""
        self.host.acknowledge(
            [item for item in flush.items if isinstance(item, Run) and item.topic not in self._stopped]
        )
        metrics.FLUSH_SECONDS.labels(self.name).observe(time.monotonic() - flush.began)


def _refused(result: Normalised) -> bool:
    """Tell whether nothing of a message could be used; that it voids something does not make it usable."""
    return bool(result.dead_letters) and all(isinstance(event, Overruling) for event in result.events)


def _raw(run: Run, record: Record) -> Raw:
    return Raw(
        value=record.value,
        key=record.key,
        topic=run.topic,
        partition=run.partition,
        offset=record.offset,
        received_at=record.timestamp,
    )


_encode = msgspec.json.Encoder().encode


OVERRULING_KEY = b"overruling"
"""Of a record that goes to every partition, so that its key says nothing of where it belongs."""


def route(event: Event, partitions: int) -> list[Out]:
    """Return the records that carry an event: one to the partition of its patient, an overruling to every partition."""
    metrics.EVENTS.labels(event.source, str(event.__struct_config__.tag)).inc()
    if not isinstance(event, Overruling):
        return [event_out(event, partitions)]
    value = _encode(event)
    return [Out(topics.EVENTS_PATIENTS, partition, OVERRULING_KEY, value) for partition in range(partitions)]


def event_out(event: ClinicalEvent, partitions: int) -> Out:
    """Return the record that carries a clinical event to the partition of its patient."""
    key = event.patient_id.encode()
    topic = topics.EVENTS_OBSERVATIONS if isinstance(event, ObservationVersion) else topics.EVENTS_PATIENTS
    return Out(topic, partition_of(key, partitions), key, _encode(event))


def dead_letter_out(letter: DeadLetter, partitions: int) -> Out:
    """Return the record that keeps a refused input, without its payload where that would not fit."""
    value = _encode(letter)
    if len(value) > topics.BY_NAME[topics.DEAD_LETTERS].max_message_bytes - 4096:
        value = _encode(msgspec.structs.replace(letter, payload=None))
    if len(value) > topics.BY_NAME[topics.DEAD_LETTERS].max_message_bytes:
        raise ContractError("dead letter: expected its fields to be short, received more than the topic takes")
    key = letter.source.encode()
    return Out(topics.DEAD_LETTERS, partition_of(key, partitions), key, value)


async def run(settings: Settings) -> int:
    """Run the worker until it is told to stop."""
    host = Host(GROUP, settings)
    return await host.run(NormaliseWork(settings, host))
