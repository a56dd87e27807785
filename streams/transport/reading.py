"""Reading partitions whole, outside any group: for restoring, rebuilding and verifying."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiokafka
from aiokafka import TopicPartition

from streams.settings import Settings

_WATERMARK_TRIES = 100
"""Fetches to wait for all watermarks before the reported offsets must do: 2 s."""


async def read_to_end(consumer: Any, topic: str, partition: int) -> list[Any]:
    """Read one partition from its beginning to what is its end now.

    The high watermark that comes with the fetches counts too, as the wheel's broker answers a question for the latest
    offset with the beginning of the last batch.
    """
    tp = TopicPartition(topic, partition)
    consumer.assign([tp])
    await consumer.seek_to_beginning(tp)
    end = (await consumer.end_offsets([tp]))[tp]
    if end == 0:
        return []
    records: list[Any] = []
    while await consumer.position(tp) < max(end, consumer.highwater(tp) or 0):
        for batch in (await consumer.getmany(tp, timeout_ms=1000, max_records=10_000)).values():
            records += batch
            end = max(end, batch[-1].offset + 1)
    return records


async def read_ends(consumer: Any, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Return where partitions end now, by the high watermark; see `read_to_end` for why."""
    reported: dict[TopicPartition, int] = await consumer.end_offsets(places)
    consumer.assign(list(places))
    for place, end in reported.items():
        consumer.seek(place, end)
    for _ in range(_WATERMARK_TRIES):
        if all(consumer.highwater(place) is not None for place in places):
            break
        await consumer.getmany(timeout_ms=20)
    return {place: max(end, consumer.highwater(place) or 0) for place, end in reported.items()}


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
