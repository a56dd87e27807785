"""Taking ownership of partitions: read their changelog to the end, unite it, announce the next epoch."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from aiokafka import TopicPartition

from streams import topics
from streams.errors import ContractError
from streams.fusion import stage
from streams.publish.headers import epoch_of
from streams.settings import Settings
from streams.timeline.pieces import Piece
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.transport.produce import Out, Producer
from streams.transport.reading import batches_to_end, read_ends, read_on, reading

_TAIL = 100
"""Results looked at for their epochs; records of several owners may stand mixed for a moment."""

log = logging.getLogger(__name__)


def retention_of(settings: Settings) -> Retention:
    """Return how long facts are remembered at this site."""
    return Retention(int(settings.retention_s * 1000), int(settings.slow_retention_s * 1000))


def outs_of(partition: int, pieces: Iterable[Piece]) -> list[Out]:
    """Return pieces as records of the changelog."""
    return [Out(topics.STATE, partition, key, value) for key, value in pieces]


class Owner:
    """Acquires shares of the patients under epochs of their own.

    Parameters
    ----------
    alive
        Called whenever restoring has got on; a large state takes longer than a worker may stand still.
    """

    def __init__(self, settings: Settings, producer: Producer, alive: Callable[[], None] = lambda: None) -> None:
        self.settings, self.producer, self.alive = settings, producer, alive

    async def acquire(self, partitions: Iterable[int]) -> dict[int, Share]:
        """Restore these partitions' state; nothing is written before the epochs are acknowledged."""
        numbers = sorted(partitions)
        if not numbers:
            return {}
        async with reading(self.settings, "cardiostream-restore") as consumer:
            shares = {number: await self._restore(consumer, number) for number in numbers}
        for share in shares.values():
            share.timelines.open_bytes = int(self.settings.open_state_mb * 2**20) // len(shares)
        return shares

    async def _restore(self, consumer: Any, partition: int) -> Share:
        began = time.monotonic()
        share = Share(secrets.token_bytes(4), retention_of(self.settings))
        published = await _last_epoch(consumer, partition)
        latest, count = await self._read(consumer, partition)
        read_s = time.monotonic() - began
        # Beside the loop: heartbeats and signals are answered meanwhile.
        announcement = await asyncio.to_thread(share.restore, _drained(latest), published)
        while announcement:
            await (await self.producer.send(outs_of(partition, announcement)))
            await (await self.producer.send(outs_of(partition, share.superseded(announcement))))
            # Another owner may have announced the same epoch, or a former one may have written, since the reading.
            late = await read_on(consumer, TopicPartition(topics.STATE, partition))
            announcement = share.absorb((r.key, r.value) for r in late)
        log.info(
            "partition=%d epoch=%d restored patients=%d records=%d in %.2f s, of which reading %.2f s",
            partition, share.epoch, len(share.timelines), count, time.monotonic() - began, read_s,
        )  # fmt: skip
        return share

    async def _read(self, consumer: Any, partition: int) -> tuple[dict[bytes, bytes | None], int]:
        """Return the last value of every key, and the count of all records."""
        latest: dict[bytes, bytes | None] = {}
        count = 0
        async for batch in batches_to_end(consumer, topics.STATE, partition):
            latest.update((record.key, record.value) for record in batch)
            count += len(batch)
            self.alive()
        return latest, count


def _drained(latest: dict[bytes, bytes | None]) -> Iterator[Piece]:
    """Yield everything and keep nothing: a changelog is larger than the state that comes of it."""
    while latest:
        yield latest.popitem()


async def _last_epoch(consumer: Any, partition: int) -> int:
    """Return the epoch of the newest results, so that a changelog made anew does not let the epochs begin anew."""
    tp = TopicPartition(topics.SCORES, partition)
    end = (await read_ends(consumer, [tp]))[tp]
    consumer.assign([tp])
    consumer.seek(tp, max(0, end - _TAIL))
    return max((epoch_of(r) for r in await read_on(consumer, tp)), default=0)


def due_after_ms(settings: Settings) -> tuple[int, int]:
    """Return the milliseconds after which a score is stale, and silent, at this site."""
    return int(settings.stale_after_s * 1000), int(settings.silent_after_s * 1000)


def cutoffs(share: Share, settings: Settings) -> stage.Cutoffs:
    """Return what the highest tick that a share has acted on makes of its scores."""
    return stage.cutoffs(share.tick, *due_after_ms(settings))


def check_copartition(partitions: set[Any], numbers: set[int], names: tuple[str, ...]) -> None:
    """Raise `ContractError` unless the same partition numbers of all these topics are assigned."""
    if {(tp.topic, tp.partition) for tp in partitions} != {(name, n) for name in names for n in numbers}:
        raise ContractError(
            "bedside: expected the same partition numbers of all its topics, received different ones; "
            "run `cardiostream topics check` and give all patient-keyed topics the same count"
        )


async def committed_offsets(consumer: Any, names: Iterable[str], numbers: set[int]) -> dict[tuple[str, int], int]:
    """Return where the group goes on reading in these partitions of these topics."""
    thread = consumer._thread
    inner = thread._ensure_consumer()
    tps = [TopicPartition(topic, number) for topic in names for number in numbers]
    beginnings = await thread.call_thread(inner.beginning_offsets, tps)
    known = {tp: await thread.call_thread(inner.committed, tp) for tp in tps}
    return {(tp.topic, tp.partition): max(known[tp] or 0, beginnings[tp]) for tp in tps}
