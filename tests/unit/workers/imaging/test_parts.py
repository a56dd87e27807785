"""The small parts of the imaging worker: what is known, how long is waited, how many bytes are held."""

from __future__ import annotations

import asyncio

import pytest

from streams import topics
from streams.gateways.dicomweb.changes import Json, Page
from streams.gateways.web.failures import ServerAway
from streams.records import ImagingStudyVersion, Overruling, Version
from streams.settings import Pacs, Settings
from streams.workers.imaging.budget import Budget
from streams.workers.imaging.feeds import TRIES, Telling
from streams.workers.imaging.lanes import Lane
from streams.workers.slow.known import Known
from streams.workers.slow.waiting import of_imaging

SHORT, MEDIUM, LONG = topics.IMAGING_RETRIES
MINUTE, HOUR = 60_000, 3_600_000


def study(version: int, resource: str = "ImagingStudy/s1", source: str = "hospital") -> ImagingStudyVersion:
    return ImagingStudyVersion(source, resource, "p1", Version(version_id=version), withdrawn=False, received_at=0)


def test_a_version_is_overtaken_once_a_higher_one_has_been_heard_of() -> None:
    known = Known()
    assert not known.is_overtaken(study(1))
    known.hear(study(2))
    assert [known.is_overtaken(study(number)) for number in (1, 2, 3)] == [True, False, False]


def test_an_older_version_that_comes_late_changes_nothing() -> None:
    known = Known()
    known.hear(study(2))
    known.hear(study(1))
    assert known.is_overtaken(study(1))


def test_word_that_a_study_is_another_patients_overtakes_it() -> None:
    known = Known()
    known.hear(Overruling("hospital", "ImagingStudy/s1", Version(version_id=5), "", 0))
    assert known.is_overtaken(study(4))


def test_studies_of_different_sources_have_nothing_to_do_with_each_other() -> None:
    known = Known()
    known.hear(study(2))
    assert not known.is_overtaken(study(1, source="other"))
    assert not known.is_overtaken(study(1, resource="ImagingStudy/s2"))


def test_what_was_heard_of_longest_ago_is_forgotten() -> None:
    known = Known(most=2)
    for name in ("a", "b", "c"):
        known.hear(study(2, name))
    assert [known.is_overtaken(study(1, name)) for name in ("a", "b", "c")] == [False, True, True]


WAITS = of_imaging(
    Settings(imaging_retry_delays_s=(10, 60, 600), imaging_arrival_deadline_s=3600, imaging_give_up_s=86400)
)


@pytest.mark.parametrize(
    ("age_ms", "topic"),
    [(0, SHORT), (59_999, SHORT), (MINUTE, MEDIUM), (6 * MINUTE - 1, MEDIUM), (6 * MINUTE, LONG), (30 * HOUR, LONG)],
)
def test_the_longer_a_study_has_waited_the_longer_until_its_next_try(age_ms: int, topic: str) -> None:
    assert WAITS.topic(1000, 1000 + age_ms) == topic


def test_what_lies_on_the_topic_of_events_does_not_wait() -> None:
    assert WAITS.delay_ms(topics.EVENTS_IMAGING) is None
    assert [WAITS.delay_ms(name) for name in topics.IMAGING_RETRIES] == [10_000, 60_000, 600_000]


def test_waiting_has_an_end() -> None:
    assert [WAITS.has_arrived(0, at) for at in (HOUR - 1, HOUR)] == [False, True]
    assert [WAITS.gives_up(0, at) for at in (24 * HOUR - 1, 24 * HOUR)] == [False, True]


async def hold(budget: Budget, count: int, order: list[int], done: asyncio.Event) -> None:
    async with budget.reserve(count):
        order.append(count)
        await done.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_bytes_are_held_than_there_are_and_first_come_is_first_served() -> None:
    budget, order, done = Budget(10), [], asyncio.Event()
    tasks = [asyncio.create_task(hold(budget, count, order, done)) for count in (6, 5, 1)]
    await settle()
    assert (order, budget.held) == ([6], 6)
    done.set()
    await asyncio.gather(*tasks)
    assert (order, budget.held) == ([6, 5, 1], 0)


async def test_who_asks_for_more_than_all_gets_all() -> None:
    budget = Budget(10)
    async with budget.reserve(1000):
        assert budget.held == 10


async def test_who_stops_waiting_is_not_waited_for() -> None:
    budget, order, done = Budget(10), [], asyncio.Event()
    first = asyncio.create_task(hold(budget, 10, order, done))
    waiting = asyncio.create_task(hold(budget, 7, order, done))
    last = asyncio.create_task(hold(budget, 8, order, done))
    await settle()
    waiting.cancel()
    await settle()
    done.set()
    await asyncio.gather(first, last)
    assert (order, budget.held) == ([10, 8], 0)


async def test_who_is_stopped_in_the_moment_of_getting_gives_back() -> None:
    budget, done = Budget(10), asyncio.Event()
    order: list[int] = []
    first = asyncio.create_task(hold(budget, 10, order, done))
    second = asyncio.create_task(hold(budget, 10, order, asyncio.Event()))
    await settle()
    done.set()
    await first
    second.cancel()
    await asyncio.wait([second])
    assert budget.held == 0


async def test_a_client_in_use_is_never_closed_however_many_addresses_there_are() -> None:
    pacs = Pacs(name="main", url="http://127.0.0.1:1/dicom-web")
    lane = Lane(pacs, Settings(pacs=(pacs,), imaging_studies_at_once=4))
    async with lane.slot(f"{pacs.url}/0") as first:
        for number in range(1, 40):
            async with lane.slot(f"{pacs.url}/{number}"):
                pass
        assert not first._threads._shutdown
        assert len(lane._clients) <= 17
    lane.close()


class Changes:
    """A change feed in which some studies cannot be described."""

    def __init__(self, *broken: str) -> None:
        self.broken, self.asked = set(broken), list[str]()

    async def study(self, found: str) -> Json:
        self.asked.append(found)
        if found in self.broken:
            raise ServerAway("status-500", "main")
        return {"id": found}


PAGE = Page(("a", "b", "c"), 9, True)


async def test_a_study_that_cannot_be_described_keeps_back_none_of_its_page_and_is_given_up_in_the_end() -> None:
    telling, feed = Telling(), Changes("b")
    assert await telling.read(feed, PAGE) == [{"id": "a"}, {"id": "c"}]  # type: ignore[arg-type]
    for _ in range(TRIES - 1):
        assert (telling.waits, telling.given_up()) == (True, [])
        assert await telling.read(feed, PAGE) == []  # type: ignore[arg-type]
    assert (telling.given_up(), telling.waits) == (["b"], False)
    assert (feed.asked.count("a"), feed.asked.count("b")) == (1, TRIES)


async def test_a_study_that_is_described_at_last_is_told_of_once() -> None:
    telling, feed = Telling(), Changes("b")
    await telling.read(feed, PAGE)  # type: ignore[arg-type]
    feed.broken.clear()
    assert await telling.read(feed, PAGE) == [{"id": "b"}]  # type: ignore[arg-type]
    assert (telling.waits, telling.given_up()) == (False, [])
    telling.turn()
    assert len(await telling.read(feed, PAGE)) == 3  # type: ignore[arg-type]
