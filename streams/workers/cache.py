"""The cache worker: published scores and alerts to the Redis view, scores to `risk.latest`; it also makes the ticks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec

from streams import metrics, topics
from streams.clock import SECOND, Clock, WallClock
from streams.errors import ContractError, RetryableError
from streams.publish import headers
from streams.publish.alerts_view import AlertRow
from streams.publish.board import Board
from streams.publish.redis_client import client
from streams.publish.view import View, ViewRow
from streams.records import Standing
from streams.settings import Settings
from streams.transport.pipeline import Pipeline
from streams.transport.produce import Out
from streams.transport.reading import read_to_end, reading
from streams.transport.runs import Item, Record, Run
from streams.workers.alerts_shown import AlertsShown, rows_of
from streams.workers.lifecycle import Host
from streams.workers.modes_view import ModesView
from streams.workers.timekeeping import Timekeeper
from streams.workers.topic_id import topic_id

log = logging.getLogger(__name__)

GROUP = topics.GROUP_CACHE
OFFSET = "cs_offset"
"""Header of `risk.latest`: the record's offset on `risk.scores`; with the epoch, its place in the order."""
LOOK_EVERY_S = 5.0
REPAIR_EVERY_S = 60.0
REBUILD_ROWS = 2000

Place = tuple[int, int]
"""Epoch and offset of a score on `risk.scores`: the order of a patient's scores."""


class Flush(msgspec.Struct):
    """Scores on their way to the view."""

    generation: int
    items: list[Item]
    rows: list[ViewRow]
    outs: list[Out]
    began: float
    alerts: list[AlertRow] = []


class CacheWork:
    """Keeps the latest score of each patient on `risk.latest` and in Redis."""

    name = "cache"
    topics: tuple[str, ...] = (topics.SCORES, topics.ALERTS)

    def __init__(self, settings: Settings, host: Host) -> None:
        self.settings, self.host = settings, host
        self.clock: Clock = WallClock()
        self.timekeeper = Timekeeper(settings, self.clock)
        self.redis = client(settings)
        self.modes = ModesView(settings, self.redis)
        self.alerts = AlertsShown(settings, self.redis)
        self.view: View | None = None
        self._places: dict[str, Place] = {}
        self._partitions: set[int] = set()
        self._behind = False
        self._looked = 0.0
        self._repair_at = 0.0
        self._rebuilding: asyncio.Task[None] | None = None
        self.pipeline: Pipeline[Flush] = Pipeline(
            self.begin, self.judge, self.publish, self.settle, max_records=settings.max_flush_records, in_flight=2
        )

    async def start(self) -> None:
        """Connect; Redis may be away, the view follows when it comes."""
        await self.timekeeper.start()
        await self.modes.start()
        await self.alerts.start()
        self.view = await opened_view(self.redis, self.settings)

    async def stop(self) -> None:
        """Disconnect."""
        if self._rebuilding is not None:
            self._rebuilding.cancel()
        await self.timekeeper.stop()
        await self.modes.stop()
        await self.redis.aclose()

    async def assigned(self, partitions: set[Any]) -> None:
        """Learn which score of each patient is the latest so far, and put right where an older one has the last word.

        Whether the owner before us had written all of it to Redis is not known, so the view is rebuilt.
        """
        numbers = {tp.partition for tp in partitions}
        places: dict[str, Place] = {}
        again: list[Out] = []
        if numbers:
            async with reading(self.settings, "cardiostream-latest") as consumer:
                for number in sorted(numbers):
                    again += _last_words(await read_to_end(consumer, topics.LATEST, number), number, places)
        if again:
            await (await self.host.producer.send(again))
        self._partitions, self._places = numbers, places
        self._behind, self._looked = bool(numbers), 0.0

    async def idle(self) -> None:
        """Make ticks, and rebuild a view that was emptied or missed something."""
        ticks = await self.timekeeper.due(self._partitions)
        if ticks:
            await (await self.host.producer.send(ticks))
        running = self._rebuilding is not None and not self._rebuilding.done()
        if not running and time.monotonic() - self._looked >= LOOK_EVERY_S:
            self._looked = time.monotonic()
            self._rebuilding = asyncio.create_task(self._rebuild_if_needed())

    async def _rebuild_if_needed(self) -> None:
        assert self.view is not None
        numbers = frozenset(self._partitions)
        try:
            await self.modes.show()
            if not self._behind and await self.view.is_rebuilt(numbers):
                await self._repair()
                return
            self._behind = False
            count = await self._rebuild(numbers)
            await Board(self.redis).repair()
            await self.alerts.repair()
            if numbers == self._partitions:
                await self.view.mark(numbers)
                log.info("view rebuilt rows=%d partitions=%d", count, len(numbers))
        except ContractError as error:
            if not self.pipeline.failed.done():
                self.pipeline.failed.set_exception(error)
        except Exception as error:
            self._behind = True
            reason = str(error) if isinstance(error, RetryableError) else type(error).__name__
            log.warning("view not rebuilt: %s", reason)

    async def _repair(self) -> None:
        """Mend the ranking now and then: it is derived, and a key of it may be lost."""
        if time.monotonic() >= self._repair_at:
            self._repair_at = time.monotonic() + REPAIR_EVERY_S
            await Board(self.redis).repair()
            if await self.alerts.repair():
                log.warning("Redis has lost words on alerts; the view is rebuilt")
                self._behind = True

    async def _rebuild(self, numbers: frozenset[int]) -> int:
        """Write the latest scores first, so that the ward sees them, then the trends.

        Patients whom the view would have forgotten by now stay forgotten.
        """
        count = 0
        if not numbers:
            return count
        newest: dict[bytes | None, int] = {}
        since = self.clock.now() - self.settings.latest_ttl_s * SECOND
        async with reading(self.settings, "cardiostream-rebuild") as consumer:
            for topic in (topics.LATEST, topics.SCORES):
                for number in sorted(numbers):
                    records = await read_to_end(consumer, topic, number)
                    count += len(records)
                    if topic == topics.LATEST:
                        newest |= {record.key: record.timestamp for record in records}
                    kept = [record for record in records if newest.get(record.key, record.timestamp) >= since]
                    for start in range(0, len(kept), REBUILD_ROWS):
                        await self._write([row_of(r) for r in kept[start : start + REBUILD_ROWS]])
            for number in sorted(numbers):
                count += await self.alerts.rebuild(consumer, number)
        return count

    async def _write(self, rows: Sequence[ViewRow]) -> None:
        assert self.view is not None
        counts = await self.view.write_many(rows)
        for outcome in ("applied", "repeated", "older"):
            metrics.VIEW.labels(outcome).inc(getattr(counts, outcome))

    def begin(self, items: list[Item]) -> Flush:
        """Pick the latest score of each patient among those that came."""
        flush = Flush(self.host.generation, items, [], [], time.monotonic())
        latest: dict[str, Out] = {}
        for item in items:
            if isinstance(item, Run) and item.generation == flush.generation:
                metrics.INPUTS.labels(self.name, item.topic).inc(item.size)
                if item.topic == topics.ALERTS:
                    flush.alerts += rows_of(item.records)
                    continue
                for record in item.records:
                    row = row_of(record)
                    flush.rows.append(row)
                    if (row.epoch, row.offset) >= self._places.get(row.patient_id, (0, -1)):
                        self._places[row.patient_id] = row.epoch, row.offset
                        latest[row.patient_id] = _latest(record, item.partition)
        flush.outs = list(latest.values())
        return flush

    async def judge(self, flush: Flush) -> None:
        """Write the view; an absent Redis delays nothing but the view."""
        try:
            await self._write(flush.rows)
            await self.alerts.write(flush.alerts)
        except RetryableError as error:
            if not self._behind:
                log.warning("view falls behind: %s", error)
            self._behind = True

    async def publish(self, flush: Flush) -> Awaitable[object]:
        """Keep the latest scores on the compacted topic; nothing for partitions that were taken away."""
        current = flush.generation == self.host.generation
        return await self.host.producer.send(flush.outs if current else [])

    async def settle(self, flush: Flush) -> None:
        """Acknowledge the scores."""
        self.host.acknowledge(flush.items)
        metrics.FLUSH_SECONDS.labels(self.name).observe(time.monotonic() - flush.began)


async def opened_view(redis: Any, settings: Settings) -> View:
    """Return the view of the results topic as it is on this broker."""
    identity = await asyncio.to_thread(topic_id, settings, topics.SCORES)
    return View(redis, identity, latest_ttl_s=settings.latest_ttl_s, history_length=settings.history_length)


def row_of(record: Record) -> ViewRow:
    """Return a score of `risk.scores` or `risk.latest` as a row of the view, its place read from its headers."""
    found = dict(record.headers)
    try:
        level: Standing = msgspec.convert(found[headers.LEVEL].decode(), Standing)
        return ViewRow(
            patient_id=_patient(record),
            as_of=int(found[headers.AS_OF]),
            level=level,
            index=float(found[headers.INDEX]) if found[headers.INDEX] else None,
            version=found["ce_id"].decode(),
            epoch=headers.epoch_of(record),
            offset=int(found.get(OFFSET, b"%d" % record.offset)),
            json=record.value or b"",
            ward=found.get(headers.WARD, b"").decode(),
            bed=found.get(headers.BED, b"").decode(),
        )
    except (KeyError, ValueError) as error:
        raise ContractError(
            f"{topics.SCORES}@{record.offset}: expected a score with our headers, received a record without; "
            "only the bedside worker may write there"
        ) from error


def _last_words(records: Sequence[Any], partition: int, places: dict[str, Place]) -> list[Out]:
    """Note each patient's highest place; return the records to repeat because a lower one stands behind them."""
    highest: dict[str, Any] = {}
    last: dict[str, Any] = {}
    for record in records:
        patient_id = _patient(record)
        place = headers.epoch_of(record), _number(record, OFFSET)
        last[patient_id] = record
        if place >= places.get(patient_id, (0, -1)):
            places[patient_id], highest[patient_id] = place, record
    return [
        Out(topics.LATEST, partition, best.key, best.value, best.headers)
        for patient_id, best in highest.items()
        if last[patient_id] is not best
    ]


def _latest(record: Record, partition: int) -> Out:
    head = [*record.headers, (OFFSET, b"%d" % record.offset)]
    return Out(topics.LATEST, partition, record.key, record.value, head)


def _patient(record: Record) -> str:
    return (record.key or b"").decode()


def _number(record: Record, name: str) -> int:
    return int(dict(record.headers).get(name, b"0"))


async def run(settings: Settings) -> int:
    """Run the worker until it is told to stop."""
    pace = settings.view_gather_ms if settings.early_view else settings.gather_ms
    host = Host(GROUP, settings.model_copy(update={"gather_ms": pace}))
    return await host.run(CacheWork(settings, host))
