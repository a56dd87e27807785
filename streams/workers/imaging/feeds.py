"""Change feeds of PACS to ImagingStudy messages on the hospital's topic, read by one worker of the group."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from hashlib import sha256

import msgspec

from streams import metrics, topics
from streams.clock import Clock
from streams.errors import RetryableError
from streams.gateways.dicomweb.changes import FeedPosition, Json, Page
from streams.gateways.dicomweb.feed import ChangeFeed
from streams.records import DeadLetter
from streams.settings import Settings
from streams.transport.produce import Out, Producer, partition_of
from streams.transport.reading import read_to_end, reading
from streams.workers.intake import dead_letter_out

TRIES = 12
"""How often a study that the PACS names and does not describe is asked for, a poll apart."""
log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_position = msgspec.json.Decoder(FeedPosition).decode


class Telling:
    """What of one page of a change feed has been told; one study that cannot be had holds up the others for a while."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._failures: Counter[str] = Counter()

    async def read(self, feed: ChangeFeed, page: Page) -> list[Json]:
        """Return the studies of a page that have not been told of, as far as the PACS describes them."""
        found: list[Json] = []
        for one in page.studies:
            if one in self._told:
                continue
            try:
                study = await feed.study(one)
            except RetryableError as error:
                self._failures[one] += 1
                log.info("worker=imaging a changed study not read: %s", error)
                continue
            self._told.add(one)
            self._failures.pop(one, None)
            found += [] if study is None else [study]
        return found

    def given_up(self) -> list[str]:
        """Return the studies that have failed so often that they are tried no more, and forget them."""
        gone = [one for one, count in self._failures.items() if count >= TRIES]
        self._told.update(gone)
        for one in gone:
            del self._failures[one]
        return gone

    @property
    def waits(self) -> bool:
        """Whether some study is to be tried again."""
        return bool(self._failures)

    def turn(self) -> None:
        """Go on to the next page."""
        self._told.clear()


class Feeds:
    """Follows the feeds of all PACS that have one; messages first, then the place in the feed, so that none is lost."""

    def __init__(self, settings: Settings, producer: Producer, clock: Clock) -> None:
        self._settings, self._producer, self._clock = settings, producer, clock
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
            since, page = await self._read_position(feed.pacs.name), Telling()
            while True:
                since = await self._read_on(feed, since, page)
        finally:
            feed.close()

    async def _read_on(self, feed: ChangeFeed, since: int, telling: Telling) -> int:
        """Hand on what came after a place; return the place behind it, the same where some of it is tried again."""
        try:
            page = await feed.page(since)
        except RetryableError as error:
            log.info("worker=imaging change feed not read: %s", error)
            await asyncio.sleep(self._settings.pacs_poll_s)
            return since
        studies = await telling.read(feed, page)
        outs = [self._message(_encode(one), str(one["id"])) for one in studies]
        letters = [self._letter(feed.pacs.name, since, one) for one in telling.given_up()]
        if outs or letters:
            await (await self._producer.send(outs + letters))
            metrics.EVENTS.labels(feed.pacs.name, "change").inc(len(outs))
        if telling.waits:
            await asyncio.sleep(self._settings.pacs_poll_s)
            return since
        telling.turn()
        if page.last != since:
            key = feed.pacs.name.encode()
            await (
                await self._producer.send([Out(topics.PACS, 0, key, _encode(FeedPosition(feed.pacs.name, page.last)))])
            )
        if page.done:
            await asyncio.sleep(self._settings.pacs_poll_s)
        return page.last

    def _letter(self, pacs: str, since: int, found: str) -> Out:
        """Return the dead letter of a study that the PACS does not describe; its payload is the PACS's own id."""
        metrics.DEAD_LETTERS.labels(pacs, "change-feed").inc()
        letter = DeadLetter(
            "change-feed", "study", "a description of the changed study", f"none in {TRIES} tries; tell of it by hand",
            pacs, topics.PACS, 0, since, -1, sha256(found.encode()).hexdigest(), self._clock.now(), found.encode(),
        )  # fmt: skip
        return dead_letter_out(letter, self._settings.partitions)

    def _message(self, value: bytes, study: str) -> Out:
        key = study.encode()
        return Out(topics.IMAGING, partition_of(key, self._settings.partitions), key, value)

    async def _read_position(self, name: str) -> int:
        async with reading(self._settings, "cardiostream-feeds") as consumer:
            records = await read_to_end(consumer, topics.PACS, 0)
        found = [_position(r.value) for r in records if r.value]
        return next((one.seq for one in reversed(found) if one.pacs == name), 0)
