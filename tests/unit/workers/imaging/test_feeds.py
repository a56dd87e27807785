"""Following change feeds: a PACS that answers nonsense costs nobody else, and is followed again once it is well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest

from streams import topics
from streams.clock import FixedClock
from streams.gateways.dicomweb.changes import FeedPosition
from streams.settings import Pacs, Settings
from streams.transport.produce import Out
from streams.workers.imaging.feeds import Feeds
from tests.integration.odd_pacs import OddPacs, running


class Producer:
    """Keeps what it is given, and says when something came."""

    def __init__(self) -> None:
        self.sent: list[Out] = []
        self.came = asyncio.Event()

    async def send(self, outs: list[Out]) -> Any:
        self.sent += outs
        self.came.set()
        return asyncio.sleep(0)


class FromTheBeginning(Feeds):
    """Feeds without a topic on which their place is remembered."""

    async def _read_position(self, name: str) -> int:
        return 0


@pytest.fixture
def odd() -> Iterator[OddPacs]:
    with running() as server:
        yield server


@pytest.fixture
async def followed(odd: OddPacs) -> AsyncIterator[tuple[Feeds, Producer]]:
    pacs = Pacs(name="odd", url=f"{odd.url}/dicom-web", changes_url=f"{odd.url}/feed")
    producer = Producer()
    feeds = FromTheBeginning(Settings(pacs=(pacs,), pacs_poll_s=0.01), producer, FixedClock(0))  # type: ignore[arg-type]
    odd.status = 400
    await feeds.follow(True)
    yield feeds, producer
    await feeds.follow(False)


async def test_a_feed_that_is_refused_stops_nobody_and_is_followed_again_once_it_is_answered(
    odd: OddPacs, followed: tuple[Feeds, Producer]
) -> None:
    feeds, producer = followed
    async with asyncio.timeout(30):
        while len(odd.asked) < 3:
            await asyncio.sleep(0.01)
            feeds.check()
        assert producer.sent == []
        odd.status = 200
        await producer.came.wait()
    feeds.check()
    [out] = producer.sent
    assert (out.topic, out.key, out.value) == (topics.PACS, b"odd", msgspec.json.encode(FeedPosition("odd", 3)))
