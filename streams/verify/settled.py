"""Waiting until the workers have read what is there: nothing can be verified while inputs are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import aiokafka
from aiokafka import TopicPartition

from streams import topics
from streams.errors import RetryableError
from streams.inference.repository import discover_imaging, discover_notes
from streams.provision.security import secured
from streams.settings import Settings
from streams.transport.reading import read_ends, read_on

POLL_S = 0.5
COUNTED_ONE_BY_ONE = 1000


async def lag(settings: Settings) -> dict[str, int]:
    """Return how many records each group has not yet committed, over all its inputs."""
    groups = {
        topics.GROUP_NORMALISE: tuple(dict.fromkeys(source.topic for source in settings.handed_on)),
        topics.GROUP_BEDSIDE: (*settings.bedside_inputs, topics.TICKS),
        topics.GROUP_CACHE: (topics.SCORES, topics.ALERTS),
    }
    if discover_imaging(settings.model_repository):
        # What waits for another try has been read; it may wait for days.
        groups[topics.GROUP_IMAGING] = (topics.EVENTS_IMAGING,)
    if discover_notes(settings.model_repository):
        groups[topics.GROUP_NOTES] = (topics.EVENTS_NOTES,)
    return {group: await _lag_of(settings, group, names) for group, names in groups.items() if names}


async def _lag_of(settings: Settings, group: str, names: Sequence[str]) -> int:
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, group_id=group, enable_auto_commit=False,
        isolation_level=settings.isolation_level, fetch_max_wait_ms=50, **secured(settings),
    )  # fmt: skip
    await consumer.start()
    try:
        tps = await places(consumer, names)
        consumer.assign(tps)
        committed = {tp: await consumer.committed(tp) or 0 for tp in tps}
        beginnings, ends = await consumer.beginning_offsets(tps), await read_ends(consumer, tps)
        behind = {tp: max(committed[tp], beginnings[tp]) for tp in tps}
        return sum([await _due(consumer, tp, behind[tp], ends[tp]) for tp in tps if behind[tp] < ends[tp]])
    finally:
        await consumer.stop()


async def _due(consumer: Any, tp: TopicPartition, behind: int, end: int) -> int:
    """Count records between two offsets; near the end one by one, as markers of transactions are no records."""
    if end - behind > COUNTED_ONE_BY_ONE:
        return end - behind
    consumer.assign([tp])
    consumer.seek(tp, behind)
    return len(await read_on(consumer, tp))


async def places(consumer: Any, names: Sequence[str]) -> list[TopicPartition]:
    """Return all partitions of these topics; a hospital's topics have as many as it likes."""
    found = []
    for name in names:
        numbers = await _partitions(consumer, name)
        found += [TopicPartition(name, number) for number in sorted(numbers)]
    return found


async def _partitions(consumer: Any, name: str) -> set[int]:
    await consumer._client._wait_on_metadata(name)
    numbers: set[int] = consumer.partitions_for_topic(name) or set()
    return numbers


async def wait_until_settled(settings: Settings, wait_s: float) -> None:
    """Return once no group lags.

    Raises
    ------
    RetryableError
        Where a group still lags after `wait_s`.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + wait_s
    while any((behind := await lag(settings)).values()):
        if loop.time() >= end:
            words = ", ".join(f"{group} {count} behind" for group, count in behind.items() if count)
            raise RetryableError(
                f"verify: expected all inputs to have been read within {wait_s:.0f} s, found {words}; "
                "see that the workers run, then try again"
            )
        await asyncio.sleep(POLL_S)
