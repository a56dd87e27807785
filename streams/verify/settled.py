"""Waiting until the workers have read what is there: nothing can be verified while inputs are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import aiokafka
from aiokafka import TopicPartition

from streams import topics
from streams.errors import RetryableError
from streams.settings import Settings
from streams.transport.reading import read_ends

POLL_S = 0.5

GROUPS: Mapping[str, tuple[str, ...]] = {
    "cardiostream-bedside": (topics.EVENTS_OBSERVATIONS, topics.EVENTS_PATIENTS, topics.TICKS),
    "cardiostream-cache": (topics.SCORES,),
}


async def lag(settings: Settings) -> dict[str, int]:
    """Return how many records each group has not yet committed, over all its inputs."""
    sources = tuple(dict.fromkeys(source.topic for source in settings.sources))
    groups = {"cardiostream-normalise": sources, **GROUPS}
    return {group: await _lag_of(settings, group, names) for group, names in groups.items()}


async def _lag_of(settings: Settings, group: str, names: Sequence[str]) -> int:
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, group_id=group, enable_auto_commit=False,
        isolation_level=settings.isolation_level,
    )  # fmt: skip
    await consumer.start()
    try:
        tps = [TopicPartition(name, number) for name in names for number in range(settings.partitions)]
        consumer.assign(tps)
        committed = {tp: await consumer.committed(tp) or 0 for tp in tps}
        beginnings, ends = await consumer.beginning_offsets(tps), await read_ends(consumer, tps)
        return sum(max(0, ends[tp] - max(committed[tp], beginnings[tp])) for tp in tps)
    finally:
        await consumer.stop()


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
