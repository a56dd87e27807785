"""The change feed of a PACS that behaves badly: real sockets, no mock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.gateways.dicomweb.changes import Page
from streams.gateways.dicomweb.feed import ChangeFeed
from streams.gateways.web.failures import NotThere, ServerAway
from streams.settings import Pacs
from tests.integration.odd_pacs import OddPacs, running

STUDY = "6c4e3f3b-5ba5d2d1-2b7c1f0e-55d0b0b5-8ac5e8a1"


@pytest.fixture
def odd() -> Iterator[OddPacs]:
    with running() as server:
        yield server


def feed_of(server: OddPacs, way: str) -> ChangeFeed:
    return ChangeFeed(Pacs(name="odd", url=f"{server.url}/dicom-web", changes_url=f"{server.url}/{way}"), 5.0)


@pytest.mark.parametrize("status", [400, 405, 406])
async def test_a_status_that_refuses_the_question_is_waited_out(odd: OddPacs, status: int) -> None:
    odd.status = status
    feed = feed_of(odd, "feed")
    for question in (feed.page(0), feed.study(STUDY)):
        with pytest.raises(ServerAway) as caught:
            await question  # type: ignore[misc]
        assert (caught.value.reason, caught.value.__cause__) == ("refused", None)
    odd.status = 200
    assert await feed.page(0) == Page((), 3, True)


@pytest.mark.parametrize("way", ["circle", "away"])
async def test_redirects_without_end_and_to_elsewhere_are_waited_out(odd: OddPacs, way: str) -> None:
    feed = feed_of(odd, way)
    for question in (feed.page(0), feed.study(STUDY)):
        with pytest.raises(ServerAway, match="refused"):
            await question  # type: ignore[misc]


async def test_a_feed_that_is_not_there_yet_is_waited_for_and_a_study_that_is_gone_is_none(odd: OddPacs) -> None:
    with pytest.raises(NotThere):
        await feed_of(odd, "unknown").page(0)
    assert await feed_of(odd, "unknown").study(STUDY) is None


@pytest.mark.parametrize(("way", "reason"), [("prose", "answer"), ("broken", "status-500"), ("list", "answer")])
async def test_nonsense_is_waited_out(odd: OddPacs, way: str, reason: str) -> None:
    with pytest.raises(ServerAway) as caught:
        await feed_of(odd, way).page(0)
    assert caught.value.reason == reason
