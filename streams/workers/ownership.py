"""Taking ownership of partitions: read their changelog to the end, unite it, announce the next epoch."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterable
from typing import Any

from streams import topics
from streams.clock import Instant
from streams.settings import Settings
from streams.timeline.share import Piece, Share
from streams.timeline.timeline import Retention
from streams.transport.produce import Out, Producer
from streams.transport.reading import read_to_end, reading

log = logging.getLogger(__name__)


def retention_of(settings: Settings) -> Retention:
    """Return how long facts are remembered at this site."""
    return Retention(int(settings.retention_s * 1000), int(settings.slow_retention_s * 1000))


def outs_of(partition: int, pieces: Iterable[Piece]) -> list[Out]:
    """Return pieces as records of the changelog."""
    return [Out(topics.STATE, partition, key, value) for key, value in pieces]


class Owner:
    """Acquires shares of the patients under epochs of their own."""

    def __init__(self, settings: Settings, producer: Producer) -> None:
        self.settings, self.producer = settings, producer
        self.shares: dict[int, Share] = {}

    async def acquire(self, partitions: Iterable[int]) -> None:
        """Restore these partitions' state, and only these; nothing is written before the epochs are acknowledged."""
        self.shares = {}
        async with reading(self.settings, "cardiostream-restore") as consumer:
            self.shares = {p: await self._restore(consumer, p) for p in sorted(partitions)}

    async def _restore(self, consumer: Any, partition: int) -> Share:
        began = time.monotonic()
        records = await read_to_end(consumer, topics.STATE, partition)
        share = Share(secrets.token_bytes(4), retention_of(self.settings))
        announcement = share.restore((r.key, r.value) for r in records)
        await (await self.producer.send(outs_of(partition, announcement)))
        await (await self.producer.send(outs_of(partition, share.superseded(announcement))))
        log.info(
            "partition=%d epoch=%d restored patients=%d records=%d in %.2f s",
            partition, share.epoch, len(share.timelines), len(records), time.monotonic() - began,
        )  # fmt: skip
        return share


def stale_before(share: Share, settings: Settings) -> Instant | None:
    """Return the instant as of which and before which scores are stale; None before the first tick."""
    return None if share.tick is None else share.tick - int(settings.stale_after_s * 1000)
