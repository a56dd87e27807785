"""Change feeds of PACS to ImagingStudy messages on the hospital's topic, read by one worker of the group."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from streams import metrics, topics
from streams.errors import RetryableError
from streams.gateways.dicomweb.changes import FeedPosition
from streams.gateways.dicomweb.feed import ChangeFeed
from streams.settings import Settings
from streams.transport.produce import Out, Producer, partition_of
from streams.transport.reading import read_to_end, reading

log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_position = msgspec.json.Decoder(FeedPosition).decode


class Feeds:
    """Follows the feeds of all PACS that have one; messages first, then the place in the feed, so that none is lost."""

    def __init__(self, settings: Settings, producer: Producer) -> None:
        self._settings, self._producer = settings, producer
        self._tasks: list[asyncio.Task[None]] = []

    async def follow(self, mine: bool) -> None:
        """Begin or end following; whoever has the first partition of the studies follows."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        followed = [pacs for pacs in self._settings.pacs if mine and pacs.changes_url]
        self._tasks = [
            asyncio.create_task(self._follow(ChangeFeed(pacs, self._settings.imaging_request_timeout_s)))
            for pacs in followed
        ]

    def check(self) -> None:
        """Raise what ended a feed: nothing ends one but a defect or a setting of ours."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _follow(self, feed: ChangeFeed) -> None:
        try:
            since = await self._read_position(feed.pacs.name)
            while True:
                since = await self._read_on(feed, since)
        finally:
            feed.close()

    async def _read_on(self, feed: ChangeFeed, since: int) -> int:
        """Hand on what came after a place, and return the place behind it."""
        try:
            page = await feed.page(since)
            studies = [await feed.study(one) for one in page.studies]
        except RetryableError as error:
            log.info("worker=imaging change feed not read: %s", error)
            await asyncio.sleep(self._settings.pacs_poll_s)
            return since
        outs = [self._message(_encode(one), str(one["id"])) for one in studies if one is not None]
        if outs:
            await (await self._producer.send(outs))
            metrics.EVENTS.labels(feed.pacs.name, "change").inc(len(outs))
        if page.last != since:
            key = feed.pacs.name.encode()
            await (
                await self._producer.send([Out(topics.PACS, 0, key, _encode(FeedPosition(feed.pacs.name, page.last)))])
            )
        if page.done:
            await asyncio.sleep(self._settings.pacs_poll_s)
        return page.last

    def _message(self, value: bytes, study: str) -> Out:
        key = study.encode()
        return Out(topics.IMAGING, partition_of(key, self._settings.partitions), key, value)

    async def _read_position(self, name: str) -> int:
        async with reading(self._settings, "cardiostream-feeds") as consumer:
            records = await read_to_end(consumer, topics.PACS, 0)
        found = [_position(r.value) for r in records if r.value]
        return next((one.seq for one in reversed(found) if one.pacs == name), 0)
