"""Reading partitions whole, outside any group: for restoring, rebuilding and verifying."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiokafka
from aiokafka import TopicPartition

from streams.errors import RetryableError
from streams.provision.security import secured
from streams.settings import Settings

_WAIT_MS = 100
_TRIES = 600
"""Fetches of at most `_WAIT_MS` in a row that bring nothing before a broker is taken at its last word: a minute."""


async def read_to_end(consumer: Any, topic: str, partition: int) -> list[Any]:
    """Read one partition from its beginning to what is its end now."""
    return [record async for batch in batches_to_end(consumer, topic, partition) for record in batch]


async def batches_to_end(consumer: Any, topic: str, partition: int) -> AsyncIterator[list[Any]]:
    """Yield one partition from its beginning to what is its end now, a batch of records at a time."""
    tp = TopicPartition(topic, partition)
    consumer.assign([tp])
    await consumer.seek_to_beginning(tp)
    async for batch in _batches_on(consumer, tp):
        yield batch


async def read_on(consumer: Any, tp: TopicPartition) -> list[Any]:
    """Read an assigned partition from where the consumer is to what is its end now."""
    return [record async for batch in _batches_on(consumer, tp) for record in batch]


async def _batches_on(consumer: Any, tp: TopicPartition) -> AsyncIterator[list[Any]]:
    reported = (await consumer.end_offsets([tp]))[tp]
    if await consumer.position(tp) >= reported:
        return
    tries = _TRIES
    while tries:
        tries -= 1
        for batch in (await consumer.getmany(tp, timeout_ms=_WAIT_MS, max_records=10_000)).values():
            yield batch
            tries = _TRIES
        end = _end(consumer, tp)
        if end is not None and await consumer.position(tp) >= end:
            return
    if _end(consumer, tp) is not None:
        # A part must never be taken for the whole.
        raise _stopped(tp)


async def read_between(consumer: Any, tp: TopicPartition, first: int, past: int) -> list[Any]:
    """Read what stands in one partition from offset `first` to before `past`; offsets may be missing there."""
    consumer.assign([tp])
    consumer.seek(tp, first)
    records: list[Any] = []
    for _ in range(_TRIES):
        for batch in (await consumer.getmany(tp, timeout_ms=_WAIT_MS)).values():
            records += batch
        if await consumer.position(tp) >= past:
            return [record for record in records if record.offset < past]
    raise _stopped(tp)


def _stopped(tp: TopicPartition) -> RetryableError:
    return RetryableError(
        f"{tp.topic}/{tp.partition}: expected its records to the end, received none for a minute; "
        "see whether the partition has a leader"
    )


def _end(consumer: Any, tp: TopicPartition) -> int | None:
    """Return where the last fetch said that the partition ends for this reader; None before the first fetch.

    Under read_committed that is the last stable offset: an open transaction of a hospital's producer would be waited
    for without end. The watermarks of a fetch are used because the wheel's broker answers a question for the latest
    offset with the beginning of the last batch.
    """
    stable, high = consumer.last_stable_offset(tp), consumer.highwater(tp)
    if stable is not None and stable >= 0:
        return int(stable)
    return None if high is None else int(high)


async def read_ends(consumer: Any, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Return where partitions end now for this reader; see `read_to_end`."""
    reported: dict[TopicPartition, int] = await consumer.end_offsets(places)
    consumer.assign(list(places))
    for place, end in reported.items():
        consumer.seek(place, end)
    for _ in range(_TRIES):
        if all(_end(consumer, place) is not None for place in places):
            break
        await consumer.getmany(timeout_ms=_WAIT_MS)
    ends = {place: _end(consumer, place) for place in places}
    return {place: reported[place] if end is None else end for place, end in ends.items()}


def reader(settings: Settings, client_id: str, wait_ms: int = 50) -> Any:
    """Return a consumer outside any group, for reading partitions whole.

    Parameters
    ----------
    wait_ms
        How long the broker holds back an empty fetch; long where records are rare, for each fetch costs something.
    """
    return aiokafka.AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=client_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=settings.isolation_level,
        max_partition_fetch_bytes=8 * 1024 * 1024,
        fetch_max_wait_ms=wait_ms,
        **secured(settings),
    )


@asynccontextmanager
async def reading(settings: Settings, client_id: str) -> AsyncIterator[Any]:
    """Return a `reader` that is connected for the time of the block, for going through partition after partition."""
    # A broker is asked for one fetch at a time: held back at the end of a partition, it would delay the next one.
    consumer = reader(settings, client_id, wait_ms=1)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
