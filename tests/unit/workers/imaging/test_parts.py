"""The small parts of the imaging worker: how many bytes are held, which clients are kept, what is told of."""

from __future__ import annotations

import asyncio

from streams.gateways.dicomweb.changes import Json, Page
from streams.gateways.web.failures import ServerAway
from streams.settings import Pacs, Settings
from streams.workers.imaging.budget import Budget
from streams.workers.imaging.feeds import TRIES, Telling
from streams.workers.imaging.lanes import Lane


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


async def test_who_is_stopped_together_with_who_holds_is_stopped_and_nothing_else() -> None:
    budget, order, never = Budget(10), list[int](), asyncio.Event()
    holds = asyncio.create_task(hold(budget, 10, order, never))
    waits = asyncio.create_task(hold(budget, 7, order, never))
    await settle()
    holds.cancel()
    waits.cancel()
    ended = await asyncio.gather(holds, waits, return_exceptions=True)
    assert [type(one) for one in ended] == [asyncio.CancelledError, asyncio.CancelledError]
    assert (order, budget.held, len(budget._asking)) == ([10], 0, 0)


async def test_a_client_in_use_is_never_closed_however_many_addresses_there_are() -> None:
    pacs = Pacs(name="main", url="http://127.0.0.1:1/dicom-web")
    lane = Lane(pacs, Settings(pacs=(pacs,), imaging_studies_at_once=4), lambda: None)
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
