"""Open alerts in a real Redis: any order of words ends the same, and lists follow the patients' own."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.crc import key_slot

from streams.publish import keys
from streams.publish.alert_lists import repair
from streams.publish.alerts_view import AlertRow, AlertsView, OpenAlert, alerts_of, open_alerts
from streams.publish.redis_client import client
from streams.settings import Settings
from tests.integration.redis_servers import redis_cluster

pytestmark = pytest.mark.embedded


@pytest.fixture
def view(redis: Any) -> AlertsView:
    return AlertsView(redis, "topic-1", ttl_s=1000)


def word(
    offset: int,
    alert_id: str = "a1",
    patient_id: str = "p1",
    *,
    is_open: bool = True,
    ward: str = "ICU",
    epoch: int = 1,
) -> AlertRow:
    return AlertRow(patient_id, alert_id, is_open, 1000 * offset, epoch, offset, b'{"n":%d}' % offset, ward)


async def listed(view: AlertsView, ward: str = "") -> list[tuple[str, str]]:
    return [(line.patient_id, line.alert_id) for line in await open_alerts(view._redis, ward)]


async def contents(redis: Any) -> dict[bytes, Any]:
    found: dict[bytes, Any] = {}
    async for key in redis.scan_iter("*"):
        kind = await redis.type(key)
        found[key] = await (redis.hgetall(key) if kind == b"hash" else redis.zrange(key, 0, -1, withscores=True))
    return found


async def test_an_open_alert_is_found_by_patient_by_ward_and_among_all(view: AlertsView) -> None:
    assert await view.write_many([word(3)]) == 1
    assert await alerts_of(view._redis, "p1") == {"a1": b'{"n":3}'}
    assert (
        await open_alerts(view._redis)
        == await open_alerts(view._redis, "ICU")
        == [OpenAlert("p1", "a1", 3000, b'{"n":3}')]
    )
    assert await open_alerts(view._redis, "North") == []


async def test_the_newest_change_stands_first(view: AlertsView) -> None:
    await view.write_many([word(1, "a1"), word(5, "a2", "p2"), word(3, "a3", "p3")])
    assert await listed(view) == [("p2", "a2"), ("p3", "a3"), ("p1", "a1")]


async def test_an_alert_that_has_ended_leaves_every_list_and_no_older_word_opens_it_again(view: AlertsView) -> None:
    await view.write_many([word(1), word(2, is_open=False)])
    assert await view.write_many([word(1), word(900, epoch=0)]) == 0
    assert await alerts_of(view._redis, "p1") == {}
    assert await listed(view) == await listed(view, "ICU") == []


async def test_lists_that_a_writer_did_not_come_to_are_mended_with_the_next_repeat(view: AlertsView) -> None:
    words = [word(1), word(2, "a2"), word(3, "a2", is_open=False)]
    await view.write_many(words)
    await view._redis.delete(keys.OPEN_ALERTS, keys.open_alerts("ICU"))
    await view._redis.zadd(keys.OPEN_ALERTS, {"p1 a2": 2000.0})
    assert await view.write_many(words) == 0
    assert await listed(view) == await listed(view, "ICU") == [("p1", "a1")]
    assert await view._redis.zrange(keys.OPEN_ALERTS, 0, -1) == [b"p1 a1"]


async def test_a_newer_epoch_speaks_last_whatever_its_offset(view: AlertsView) -> None:
    await view.write_many([word(900, epoch=1), word(5, epoch=2)])
    assert await alerts_of(view._redis, "p1") == {"a1": b'{"n":5}'}


async def test_an_alert_follows_its_patient_to_another_ward(view: AlertsView) -> None:
    await view.write_many([word(1), word(2, ward="North")])
    assert await listed(view, "ICU") == []
    assert await listed(view, "North") == [("p1", "a1")]
    await view.write_many([word(3, ward="", is_open=True)])
    assert await listed(view, "North") == []
    assert await listed(view) == [("p1", "a1")]


async def test_one_patient_may_have_several(view: AlertsView) -> None:
    await view.write_many([word(1, "a1"), word(2, "a2"), word(3, "a1", is_open=False)])
    assert await alerts_of(view._redis, "p1") == {"a2": b'{"n":2}'}


async def test_any_order_and_any_repeats_end_the_same(view: AlertsView, redis: Any) -> None:
    rows = [
        word(offset, f"a{offset % 3}", patient, is_open=offset % 5 != 0, ward=("ICU", "", "North")[offset % 3 - 1])
        for patient in ("p1", "p2")
        for offset in range(1, 20)
    ]
    await view.write_many(rows)
    expected = await contents(redis)
    for seed in range(10):
        await redis.flushall()
        shuffled = rows * 2
        random.Random(seed).shuffle(shuffled)
        for start in range(0, len(shuffled), 7):
            await view.write_many(shuffled[start : start + 7])
        assert await contents(redis) == expected


async def test_a_list_that_names_what_is_not_open_is_mended_by_reading(view: AlertsView, redis: Any) -> None:
    await view.write_many([word(1)])
    await redis.zadd(keys.OPEN_ALERTS, {"p9 ghost": 5.0})
    assert await listed(view) == [("p1", "a1")]
    assert await redis.zscore(keys.OPEN_ALERTS, "p9 ghost") is None


async def test_lists_that_lost_something_are_repaired_from_the_patients_own(view: AlertsView, redis: Any) -> None:
    await view.write_many([word(k, f"a{k}", f"p{k % 3}", ward=("ICU", "North", "")[k % 3]) for k in range(30)])
    await view.write_many([word(40, "a0", "p0", is_open=False)])
    whole = await contents(redis)
    await redis.delete(keys.OPEN_ALERTS)
    await redis.zadd(keys.open_alerts("ICU"), {"p0 a0": 1.0, "p0 a3": 1.0})
    await redis.zadd(keys.open_alerts("Closed"), {"p1 a1": 1.0})
    assert await repair(redis) == (29, 0)
    assert await contents(redis) == whole


async def test_a_topic_made_anew_starts_afresh(view: AlertsView, redis: Any) -> None:
    await view.write_many([word(900, epoch=7)])
    anew = AlertsView(redis, "topic-2", ttl_s=1000)
    assert await anew.write_many([word(0)]) == 1
    assert await alerts_of(anew._redis, "p1") == {"a1": b'{"n":0}'}


async def test_what_stands_open_stays_and_what_has_ended_is_forgotten_in_time(view: AlertsView, redis: Any) -> None:
    await view.write_many([word(1), word(2, "a2"), word(3, "a2", is_open=False)])
    assert [await redis.ttl(key) for key in (keys.alerts("p1"), keys.places("p1"))] == [-1, -1]
    await view.write_many([word(4, is_open=False)])
    assert not await redis.exists(keys.alerts("p1"))
    assert 0 < await redis.ttl(keys.places("p1")) <= 1000
    await view.write_many([word(5)])
    assert await redis.ttl(keys.places("p1")) == -1


class HeldUp:
    """A Redis on which something happens before the first command of a kind."""

    def __init__(self, redis: Any, command: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._redis, self._command, self._meanwhile = redis, command, meanwhile
        self._done = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._redis, name)

    async def _first(self, command: str) -> None:
        if command == self._command and not self._done:
            self._done = True
            await self._meanwhile()

    def pipeline(self, transaction: bool) -> Any:
        return HeldPipeline(self._redis.pipeline(transaction=transaction), self)

    async def zrange(self, *arguments: Any, **options: Any) -> Any:
        found = await self._redis.zrange(*arguments, **options)
        await self._first("zrange")
        return found


class HeldPipeline:
    """A pipeline of such a Redis."""

    def __init__(self, pipeline: Any, redis: HeldUp) -> None:
        self._pipeline, self._redis, self._commands = pipeline, redis, set[str]()

    def __getattr__(self, name: str) -> Any:
        self._commands.add(name)
        return getattr(self._pipeline, name)

    async def __aenter__(self) -> HeldPipeline:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pipeline.reset()

    async def execute(self, **options: Any) -> Any:
        for command in sorted(self._commands):
            await self._redis._first(command)
        return await self._pipeline.execute(**options)


@pytest.mark.parametrize(
    ("held", "others", "lists"),
    [
        (word(2, is_open=False), [word(3)], [("", "a1"), ("ICU", "a1")]),
        (word(2), [word(3, is_open=False)], []),
        (word(2), [word(3, ward="North")], [("", "a1"), ("North", "a1")]),
        (word(2), [word(3, ward="North"), word(4, ward="South")], [("", "a1"), ("South", "a1")]),
    ],
)
async def test_a_writer_that_is_overtaken_before_it_comes_to_the_lists_leaves_what_is_newer(
    view: AlertsView, redis: Any, held: AlertRow, others: list[AlertRow], lists: list[tuple[str, str]]
) -> None:
    await view.write_many([word(1, is_open=not held.is_open)])
    command = "zadd" if held.is_open else "zrem"
    slow = AlertsView(HeldUp(redis, command, lambda: view.write_many(others)), "topic-1", ttl_s=1000)
    await slow.write_many([held])
    places = [(ward, await redis.zrange(keys.open_alerts(ward), 0, -1)) for ward in ("", "ICU", "North", "South")]
    assert [(ward, name.decode().split()[1]) for ward, names in places for name in names] == lists


async def test_an_alert_that_is_raised_while_lists_are_repaired_stays_in_them(view: AlertsView, redis: Any) -> None:
    await view.write_many([word(1)])
    await redis.zrem(keys.OPEN_ALERTS, "p1 a1")
    await repair(HeldUp(redis, "zrange", lambda: view.write_many([word(2, "a2", "p2"), word(3, is_open=False)])))
    assert await listed(view) == await listed(view, "ICU") == [("p2", "a2")]


async def test_who_reads_a_ward_is_not_shown_an_alert_of_another(view: AlertsView, redis: Any) -> None:
    await view.write_many([word(1, ward="North")])
    await redis.zadd(keys.open_alerts("ICU"), {"p1 a1": 1000.0})
    assert await listed(view, "ICU") == []
    assert await redis.zrange(keys.open_alerts("ICU"), 0, -1) == []
    assert await listed(view, "North") == [("p1", "a1")]


async def test_alerts_of_which_redis_has_lost_every_word_are_counted(view: AlertsView, redis: Any) -> None:
    await view.write_many([word(1), word(2, "a2", "p2"), word(3, "a3", "p3"), word(4, "a3", "p3", is_open=False)])
    await redis.delete(keys.alerts("p1"), keys.places("p1"))
    await redis.zadd(keys.OPEN_ALERTS, {"p3 a3": 3000.0})
    assert await repair(redis) == (1, 1)
    assert await repair(redis) == (1, 0)


async def test_open_alerts_on_a_cluster(tmp_path: Any) -> None:
    with redis_cluster(tmp_path) as ports:
        redis = client(Settings(redis_url=f"redis://127.0.0.1:{ports[0]}/0", redis_cluster=True))
        view = AlertsView(redis, "topic-1", ttl_s=1000)
        assert await view.write_many([word(k, f"a{k}", f"p{k}") for k in range(100)]) == 100
        assert await listed(view, "ICU") == [(f"p{k}", f"a{k}") for k in reversed(range(100))]
        await redis.aclose()


@pytest.mark.parametrize("patient_id", ["pat-1", "x" * 64])
def test_the_keys_that_the_script_touches_share_a_slot(patient_id: str) -> None:
    assert key_slot(keys.alerts(patient_id).encode()) == key_slot(keys.places(patient_id).encode())
