"""Producing whole record batches: one builder per topic and partition and flush, a few microseconds a record."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple

import aiokafka
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from streams.errors import RetryableError
from streams.provision.security import secured
from streams.settings import Settings

BATCH_BYTES = 512 * 1024

Headers = Sequence[tuple[str, bytes]]


class Out(NamedTuple):
    """One record to produce."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's default partitioner (murmur2) gives a key, as the hospital's clients do."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


class Producer:
    """A producer that takes the records of one flush together and tells when the broker has them all."""

    def __init__(self, settings: Settings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._producer: Any = None
        self._turns: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self) -> None:
        """Connect."""
        self._producer = aiokafka.AIOKafkaProducer(
            bootstrap_servers=self._settings.bootstrap_servers,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=self._settings.producer_idempotence,
            linger_ms=self._settings.linger_ms,
            max_batch_size=BATCH_BYTES,
            max_request_size=4 * 1024 * 1024,
            request_timeout_ms=30_000,
            **secured(self._settings),
        )
        await self._producer.start()

    async def stop(self) -> None:
        """Send what is buffered and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def send(self, records: Sequence[Out]) -> Awaitable[list[int]]:
        """Hand records to the producer, in order per partition, and return what waits for the broker to have them.

        Returns
        -------
        awaitable
            Gives the offset of every record, in the order of `records`.

        Raises
        ------
        RetryableError
            On awaiting the result, where the broker did not take a batch within the request time-out.
        """
        batches: list[_Batch] = []
        try:
            await self._submit_all(records, batches)
        except KafkaError as error:
            raise _not_taken(error) from error
        return _all_taken(batches, len(records))

    async def _submit_all(self, records: Sequence[Out], batches: list[_Batch]) -> None:
        now = int(time.time() * 1000)
        open_: dict[tuple[str, int], tuple[Any, list[int]]] = {}
        for number, record in enumerate(records):
            target = record.topic, record.partition
            found = open_.get(target)
            if found is None:
                found = open_[target] = self._producer.create_batch(), []
            if not self._append(found[0], record, now):
                batches.append(await self._submit(*found, target))
                found = open_[target] = self._producer.create_batch(), []
                self._append(found[0], record, now)
            found[1].append(number)
        for target, found in open_.items():
            batches.append(await self._submit(*found, target))

    def _append(self, builder: Any, record: Out, now: int) -> bool:
        return (
            builder.append(timestamp=now, key=record.key, value=record.value, headers=list(record.headers)) is not None
        )

    async def _submit(self, builder: Any, numbers: list[int], target: tuple[str, int]) -> _Batch:
        topic, partition = target
        builder.close()
        # aiokafka takes one batch of a partition at a time; from those that wait their turn it takes the whole wait off
        # the time-out again at every batch that leaves: fifty notes at once had used up half a minute in two seconds.
        async with self._turns[target]:
            taken = await self._producer.send_batch(builder, topic, partition=partition)
        return _Batch(taken, numbers)


class _Batch(NamedTuple):
    """Records of one partition on their way to the broker."""

    taken: asyncio.Future[Any]
    numbers: list[int]
    """Places of its records among all that were handed in."""


async def _all_taken(batches: Sequence[_Batch], count: int) -> list[int]:
    offsets = [-1] * count
    try:
        for batch in batches:
            first = (await batch.taken).offset
            # Below 0 where the broker had the batch before and does not say where.
            for place, number in enumerate(batch.numbers if first >= 0 else ()):
                offsets[number] = first + place
    except KafkaError as error:
        raise _not_taken(error) from error
    return offsets


def _not_taken(error: KafkaError) -> RetryableError:
    return RetryableError(
        f"broker: expected an acknowledgement of a batch, received {type(error).__name__}; "
        "the inputs stay uncommitted and come again; check the brokers' health"
    )
