"""Reading partitions whole, outside any group: for restoring, rebuilding and verifying."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiokafka
from aiokafka import TopicPartition

from streams.settings import Settings


async def read_to_end(consumer: Any, topic: str, partition: int) -> list[Any]:
    """Read one partition from its beginning to what is its end now."""
    tp = TopicPartition(topic, partition)
    consumer.assign([tp])
    await consumer.seek_to_beginning(tp)
    end = (await consumer.end_offsets([tp]))[tp]
    records: list[Any] = []
    while await consumer.position(tp) < end:
        for batch in (await consumer.getmany(tp, timeout_ms=1000, max_records=10_000)).values():
            records += batch
    return records


def reader(settings: Settings, client_id: str) -> Any:
    """Return a consumer outside any group, for reading partitions whole."""
    return aiokafka.AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=client_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=settings.isolation_level,
        max_partition_fetch_bytes=8 * 1024 * 1024,
        fetch_max_wait_ms=50,
    )


@asynccontextmanager
async def reading(settings: Settings, client_id: str) -> AsyncIterator[Any]:
    """Return a `reader` that is connected for the time of the block."""
    consumer = reader(settings, client_id)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
