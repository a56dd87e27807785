"""The bedside worker's own writes to the view: at once, the newest of each patient, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from streams import topics
from streams.errors import RetryableError
from streams.publish.headers import AS_OF, EPOCH, INDEX, LEVEL
from streams.publish.view import ViewRow, WriteCounts
from streams.settings import Settings
from streams.transport.produce import Out
from streams.workers.early_view import EarlyView

HEADERS = {"ce_id": b"abc", LEVEL: b"medium", INDEX: b"41.5", AS_OF: b"1700000000000", EPOCH: b"3"}


class Redis:
    """A view that can be slow or away."""

    def __init__(self) -> None:
        self.written: list[list[tuple[str, int, int]]] = []
        self.away = False
        self.slow = asyncio.Event()
        self.slow.set()

    async def write_many(self, rows: Sequence[ViewRow]) -> WriteCounts:
        await self.slow.wait()
        if self.away:
            raise RetryableError("Redis: expected an answer, received none")
        self.written.append([(row.patient_id, row.epoch, row.offset) for row in rows])
        return WriteCounts(len(rows), 0, 0)


def score(patient_id: str) -> Out:
    return Out(topics.SCORES, 0, patient_id.encode(), b"{}", list(HEADERS.items()))


async def writing(redis: Redis) -> tuple[EarlyView, asyncio.Task[None]]:
    early = EarlyView(Settings())
    view: Any = redis
    early._view = view
    return early, asyncio.create_task(early._write())


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_acknowledged_score_is_written_with_its_place_on_the_topic() -> None:
    redis = Redis()
    early, task = await writing(redis)
    early.put([(score("p1"), 41)])
    await settle()
    assert redis.written == [[("p1", 3, 41)]]
    task.cancel()


async def test_a_place_that_the_broker_did_not_tell_is_left_to_the_cache_worker() -> None:
    redis = Redis()
    early, task = await writing(redis)
    early.put([(score("p1"), -1)])
    await settle()
    assert redis.written == []
    task.cancel()


async def test_while_redis_is_slow_only_the_newest_score_of_a_patient_waits() -> None:
    redis = Redis()
    early, task = await writing(redis)
    redis.slow.clear()
    early.put([(score("p1"), 1)])
    await settle()
    for offset in range(2, 100):
        early.put([(score("p1"), offset)])
    redis.slow.set()
    await settle()
    assert redis.written == [[("p1", 3, 1)], [("p1", 3, 99)]]
    task.cancel()


async def test_a_redis_that_is_away_is_not_waited_for_and_serves_again_when_it_is_back() -> None:
    redis = Redis()
    early, task = await writing(redis)
    redis.away = True
    early.put([(score("p1"), 1)])
    await settle()
    redis.away = False
    early.put([(score("p2"), 2)])
    await settle()
    assert redis.written == [[("p2", 3, 2)]]
    assert not task.done()
    task.cancel()
