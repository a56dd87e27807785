"""Producing whole record batches: one builder per topic and partition and flush, a few microseconds a record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple

import aiokafka
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from streams.errors import RetryableError
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
        )
        await self._producer.start()

    async def stop(self) -> None:
        """Send what is buffered and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def send(self, records: Sequence[Out]) -> Awaitable[None]:
        """Hand records to the producer, in order per partition, and return what waits for the broker to have them.

        Raises
        ------
        RetryableError
            On awaiting the result, where the broker did not take a batch within the request time-out.
        """
        futures: list[asyncio.Future[Any]] = []
        try:
            await self._submit_all(records, futures)
        except KafkaError as error:
            raise _not_taken(error) from error
        return _all_taken(futures)

    async def _submit_all(self, records: Sequence[Out], futures: list[asyncio.Future[Any]]) -> None:
        now = int(time.time() * 1000)
        builders: dict[tuple[str, int], Any] = {}
        for record in records:
            target = record.topic, record.partition
            builder = builders.get(target)
            if builder is None:
                builder = builders[target] = self._producer.create_batch()
            if not self._append(builder, record, now):
                futures.append(await self._submit(builder, target))
                builder = builders[target] = self._producer.create_batch()
                self._append(builder, record, now)
        for target, builder in builders.items():
            futures.append(await self._submit(builder, target))

    def _append(self, builder: Any, record: Out, now: int) -> bool:
        return (
            builder.append(timestamp=now, key=record.key, value=record.value, headers=list(record.headers)) is not None
        )

    async def _submit(self, builder: Any, target: tuple[str, int]) -> asyncio.Future[Any]:
        topic, partition = target
        builder.close()
        future: asyncio.Future[Any] = await self._producer.send_batch(builder, topic, partition=partition)
        return future


async def _all_taken(futures: Sequence[asyncio.Future[Any]]) -> None:
    try:
        for future in futures:
            await future
    except KafkaError as error:
        raise _not_taken(error) from error


def _not_taken(error: KafkaError) -> RetryableError:
    return RetryableError(
        f"broker: expected an acknowledgement of a batch, received {type(error).__name__}; "
        "the inputs stay uncommitted and come again; check the brokers' health"
    )
