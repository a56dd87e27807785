"""Scores in Redis as soon as the broker has them; the cache worker writes them again and repairs what is missed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from streams import metrics
from streams.errors import RetryableError
from streams.publish.redis_client import client
from streams.publish.view import View, ViewRow
from streams.settings import Settings
from streams.transport.produce import Out
from streams.workers.cache import opened_view, row_of

log = logging.getLogger(__name__)


class Acknowledged(NamedTuple):
    """A record with its place on the topic."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class EarlyView:
    """Writes each patient's newest acknowledged score to the view, beside the work and never in its way.

    Only the newest score of a patient waits, so that a Redis that is slow or away costs memory per patient and no more.
    What is not written is not tried again: the `cache` worker reads the same records and writes them all.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._redis = client(settings)
        self._view: View | None = None
        self._waiting: dict[bytes | None, tuple[Out, int]] = {}
        self._arrived = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Learn which topic the scores are on, and begin to write."""
        self._view = await opened_view(self._redis, self.settings)
        self._writing = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Stop writing and disconnect."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        await self._redis.aclose()

    def put(self, scores: Iterable[tuple[Out, int]]) -> None:
        """Take scores that the broker has acknowledged, with their offsets; one that it did not tell is left out."""
        for out, offset in scores:
            # Flushes are acknowledged in any order.
            if offset >= 0 and offset > self._waiting.get(out.key, (out, -1))[1]:
                self._waiting[out.key] = out, offset
        if self._waiting:
            self._arrived.set()

    async def _write(self) -> None:
        assert self._view is not None
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            rows, self._waiting = [_row(*one) for one in self._waiting.values()], {}
            try:
                counts = await self._view.write_many(rows)
            except RetryableError:
                metrics.VIEW.labels("early-missed").inc(len(rows))
            except Exception as error:
                # The cache worker shows them, and stops where something is wrong with what it reads.
                log.warning("scores not shown early: %s", type(error).__name__)
                metrics.VIEW.labels("early-missed").inc(len(rows))
            else:
                metrics.VIEW.labels("early").inc(counts.applied)


def _row(out: Out, offset: int) -> ViewRow:
    return row_of(Acknowledged(offset, 0, out.key, out.value, out.headers))
