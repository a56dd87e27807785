"""How far topics reach and how far a consumer group has come."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.errors import RetryableError
from streams.provision.security import secured
from streams.settings import Settings
from streams.topics import GROUP_NORMALISE

FETCH_WAIT_MS = 20
WATERMARK_TRIES = 100
"""Fetches to wait for a watermark before the reported offset must do: 2 s."""


class Positions:
    """Reads end offsets and committed offsets; an asynchronous context manager."""

    def __init__(self, settings: Settings) -> None:
        shared: dict[str, Any] = {"bootstrap_servers": settings.bootstrap_servers, **secured(settings)}
        self._consumer = AIOKafkaConsumer(fetch_max_wait_ms=FETCH_WAIT_MS, **shared)
        self._admin = AIOKafkaAdminClient(**shared)

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
            await self._admin.start()
        except KafkaError as error:
            await self.__aexit__()
            raise _unreachable(error) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()
        await self._consumer.stop()

    async def partitions(self, topic: str) -> list[int]:
        """Return a topic's partitions; raises RetryableError where there is no such topic."""
        # The list first: asking the wheel's broker about a topic makes it.
        if topic not in await self._admin.list_topics():
            raise RetryableError(f"no topic {topic} on the broker; create it with: cardiostream topics create")
        found = (await self._admin.describe_topics([topic]))[0]["partitions"]
        return sorted(int(partition["partition"]) for partition in found)

    async def ends(self, topic: str) -> dict[int, int]:
        """Return the end offset of each partition of a topic.

        The high watermark that comes with a fetch is used, as the wheel's broker answers a question for the latest
        offset with the beginning of the last batch.
        """
        places = [TopicPartition(topic, number) for number in await self.partitions(topic)]
        try:
            reported: dict[TopicPartition, int] = await self._consumer.end_offsets(places)
            self._consumer.assign(places)
            for place, end in reported.items():
                self._consumer.seek(place, end)
            return {place.partition: await self._watermark(place, end) for place, end in reported.items()}
        except KafkaError as error:
            raise _unreachable(error) from error
        finally:
            self._consumer.unsubscribe()

    async def _watermark(self, place: TopicPartition, reported: int) -> int:
        for _ in range(WATERMARK_TRIES):
            if (found := self._consumer.highwater(place)) is not None:
                return max(int(found), reported)
            await self._consumer.getmany(timeout_ms=FETCH_WAIT_MS)
        return reported

    async def behind(self, group: str, topic: str, targets: Mapping[int, int]) -> int:
        """Return how many records the group still has to commit up to `targets` (partition to end offset)."""
        places = [TopicPartition(topic, number) for number in targets]
        if not places:
            return 0
        try:
            committed = await self._admin.list_consumer_group_offsets(group, partitions=places)
        except KafkaError as error:
            raise _unreachable(error) from error
        reached = {place.partition: max(0, meta.offset) for place, meta in committed.items()}
        return sum(max(0, end - reached.get(number, 0)) for number, end in targets.items())


async def passed(
    positions: Positions, topic: str, targets: Mapping[int, int], patience_s: float, group: str = GROUP_NORMALISE
) -> bool:
    """Wait until a group has committed `targets`; False once nothing has moved for `patience_s`."""
    loop = asyncio.get_running_loop()
    behind, moved = -1, loop.time()
    while (now_behind := await positions.behind(group, topic, targets)) > 0:
        if now_behind != behind:
            behind, moved = now_behind, loop.time()
        elif loop.time() - moved > patience_s:
            return False
        await asyncio.sleep(0.2)
    return True


def _unreachable(error: KafkaError) -> RetryableError:
    return RetryableError(f"cannot read positions from the broker ({type(error).__name__}); is the stack up?")
