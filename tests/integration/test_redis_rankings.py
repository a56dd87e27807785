"""Rankings of all patients and of each ward in a real redis-server: who stands where, and how they mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from streams.publish.board import Board, Ranked
from streams.publish.view import View, ViewRow, WriteCounts
from tests.integration.redis_views import LENGTH, TTL_S, contents, ranked, retired, row

pytestmark = pytest.mark.embedded


@pytest.fixture
def view(redis: Redis) -> View:
    return View(redis, "topic-1", latest_ttl_s=TTL_S, history_length=LENGTH)


@pytest.fixture
def board(redis: Redis) -> Board:
    return Board(redis)


async def test_a_score_has_its_ward_and_bed_and_stands_in_the_ranking_of_all_and_of_the_ward(
    view: View, board: Board
) -> None:
    await view.write_many([row(1, ward="Süd 2", bed="12"), row(2, index=60.0, patient_id="b", ward="Süd 2")])
    await view.write_many([row(3, index=90.0, patient_id="c", ward="ICU"), row(4, patient_id="d")])
    found = await board.latest("a")
    assert found is not None
    assert (found.ward, found.bed) == ("Süd 2", "12")
    assert await board.wards() == ["ICU", "Süd 2"]
    assert await ranked(board, "Süd 2") == ["b", "a"]
    assert await ranked(board) == ["c", "b", "a", "d"]
    assert await board.ranking(1, ward="Süd 2") == [Ranked("b", 60.0, "medium", 1000, "Süd 2")]
    assert await board.ranking(10, ward="nowhere") == []


async def test_a_transfer_moves_the_patient_from_the_old_wards_ranking_to_the_new_ones(
    view: View, board: Board, redis: Redis
) -> None:
    await view.write_many([row(1, ward="North"), row(2, ward="ICU", index=70.0)])
    assert await contents(redis) == {
        b"risk:ranking": [(b"a", 70.0)],
        b"risk:ward:{ICU}:ranking": [(b"a", 70.0)],
        b"risk:{a}:latest": await redis.hgetall("risk:{a}:latest"),
        b"risk:{a}:history": await redis.zrange("risk:{a}:history", 0, -1, withscores=True),
    }
    await view.write_many([row(3, ward="South")])
    assert await board.wards() == ["South"]


async def test_who_is_discharged_leaves_the_ward_and_stays_in_the_ranking_of_all(view: View, board: Board) -> None:
    await view.write_many([row(1, ward="North", bed="12"), row(2, patient_id="b", ward="North")])
    await view.write_many([row(3)])
    found = await board.latest("a")
    assert found is not None
    assert (found.ward, found.bed) == ("", "")
    assert await ranked(board, "North") == ["b"]
    assert await ranked(board) == ["a", "b"]


async def test_a_retired_id_leaves_every_ranking(view: View, board: Board) -> None:
    await view.write_many([row(1, ward="North")])
    await view.write_many([retired(2)])
    assert await board.wards() == []
    assert await board.ranking(10) == []


async def test_an_older_score_brings_nobody_back_to_the_ward_they_left(view: View, board: Board) -> None:
    await view.write_many([row(2, ward="ICU")])
    await view.write_many([row(1, ward="North"), row(2, ward="ICU")])
    assert await board.wards() == ["ICU"]


class Overtaken(View):
    """A writer that is held up between a score and its place, while others write."""

    meanwhile: list[ViewRow | None]

    async def _move(self, *arguments: Any) -> None:
        while self.meanwhile:
            other = View(self._redis, self.topic_id, latest_ttl_s=TTL_S, history_length=LENGTH)
            next_ = self.meanwhile.pop()
            await (other.write_many([next_]) if next_ else self._redis.flushall())
        await super()._move(*arguments)


@pytest.fixture
def overtaken(redis: Redis) -> Overtaken:
    return Overtaken(redis, "topic-1", latest_ttl_s=TTL_S, history_length=LENGTH)


async def test_a_writer_that_is_overtaken_between_score_and_place_leaves_the_newer_place(
    overtaken: Overtaken, board: Board
) -> None:
    overtaken.meanwhile = [row(2, index=90.0, ward="ICU")]
    await overtaken.write_many([row(1, index=10.0, ward="North"), row(1, index=20.0, patient_id="b", ward="North")])
    assert (await board.places(), await board.places("ICU")) == ({"a": 90.0, "b": 20.0}, {"a": 90.0})
    assert await board.places("North") == {"b": 20.0}


async def test_a_writer_that_is_overtaken_by_a_retirement_ranks_nobody(overtaken: Overtaken, board: Board) -> None:
    overtaken.meanwhile = [retired(2)]
    await overtaken.write_many([row(1, ward="North")])
    assert (await board.places(), await board.places("North")) == ({}, {})


async def test_a_redis_emptied_between_score_and_place_is_no_error(overtaken: Overtaken, board: Board) -> None:
    overtaken.meanwhile = [None]
    await overtaken.write_many([row(1, ward="North")])
    assert await board.latest("a") is None


async def test_a_place_that_a_writer_did_not_come_to_is_given_with_the_next_repeat(
    view: View, board: Board, redis: Redis
) -> None:
    await view.write_many([row(1, ward="North")])
    await redis.delete("risk:ranking", "risk:ward:{North}:ranking")
    assert await view.write_many([row(1, ward="North")]) == WriteCounts(applied=0, repeated=1, older=0)
    assert (await board.places(), await board.places("North")) == ({"a": 40.0}, {"a": 40.0})


async def test_who_has_no_index_stands_at_the_end_of_the_wards_ranking(view: View, board: Board) -> None:
    await view.write_many([row(1, index=None, ward="North"), row(2, index=0.0, patient_id="b", ward="North")])
    assert await ranked(board, "North") == ["b", "a"]
    assert await board.places("North") == {"a": -1.0, "b": 0.0}


async def test_reading_a_wards_ranking_mends_who_left_and_who_moved_within_it(
    view: View, redis: Redis, board: Board
) -> None:
    await view.write_many([row(1, ward="ICU"), row(2, index=20.0, patient_id="b", ward="North")])
    await redis.zadd("risk:ward:{North}:ranking", {"a": 90.0, "b": 5.0, "ghost": 50.0})
    assert [(line.patient_id, line.index) for line in await board.ranking(10, ward="North")] == [("b", 20.0)]
    assert await board.places("North") == {"b": 20.0}


async def test_lost_and_wrong_rankings_of_wards_are_repaired_from_the_latest_scores(
    view: View, redis: Redis, board: Board
) -> None:
    rows = [row(k, index=float(k), patient_id=f"p{k}", ward=("North", "ICU", "")[k % 3]) for k in range(1200)]
    await view.write_many(rows)
    whole = await contents(redis)
    await redis.delete("risk:ward:{North}:ranking")
    await redis.zadd("risk:ward:{ICU}:ranking", {"p0": 1.0, "ghost": 7.0})
    await redis.zadd("risk:ward:{Closed}:ranking", {"p1": 1.0, "p2": 2.0})
    assert await board.repair() == 1201
    assert await contents(redis) == whole


async def test_an_expired_patient_leaves_the_ranking_of_the_ward(view: View, redis: Redis, board: Board) -> None:
    await view.write_many([row(1, ward="North"), row(2, patient_id="b", ward="North")])
    await redis.pexpireat("risk:{a}:latest", 1)
    assert await ranked(board, "North") == ["b"]


async def test_a_topic_made_anew_takes_the_patient_out_of_the_old_ward(view: View, redis: Redis, board: Board) -> None:
    await view.write_many([row(900, epoch=7, ward="North")])
    anew = View(redis, "topic-2", latest_ttl_s=TTL_S, history_length=LENGTH)
    await anew.write_many([row(0, epoch=1, ward="ICU")])
    assert await board.wards() == ["ICU"]


async def test_a_view_written_before_there_were_wards_is_read_and_written_on(
    view: View, redis: Redis, board: Board
) -> None:
    await view.write_many([row(1)])
    await redis.hdel("risk:{a}:latest", "ward", "bed")
    assert await ranked(board) == ["a"]
    found = await board.latest("a")
    assert found is not None
    assert (found.ward, found.bed) == ("", "")
    await view.write_many([row(2, ward="North")])
    assert await board.wards() == ["North"]


async def test_an_indeterminate_patient_stays_in_the_ranking_at_its_end(view: View, board: Board) -> None:
    await view.write_many([row(1, index=0.0), row(2, index=None, patient_id="b"), row(3, index=99.0, patient_id="c")])
    assert [(line.patient_id, line.index) for line in await board.ranking(10)] == [("c", 99.0), ("a", 0.0), ("b", None)]


async def test_an_expired_patient_leaves_the_ranking(view: View, redis: Redis, board: Board) -> None:
    await view.write_many([row(1), row(2, patient_id="b")])
    for key in ("risk:{a}:latest", "risk:{a}:history"):
        await redis.pexpireat(key, 1)
    assert [line.patient_id for line in await board.ranking(10)] == ["b"]
    assert await redis.zscore("risk:ranking", "a") is None


async def test_a_lagging_ranking_is_mended_by_reading(view: View, redis: Redis, board: Board) -> None:
    await view.write_many([row(1, index=10.0), row(2, index=20.0, patient_id="b")])
    await redis.zadd("risk:ranking", {"a": 90.0})
    assert [(line.patient_id, line.index) for line in await board.ranking(10)] == [("b", 20.0), ("a", 10.0)]
    assert await redis.zscore("risk:ranking", "a") == 10.0


async def test_a_lost_ranking_is_repaired_from_the_latest_scores(view: View, redis: Redis, board: Board) -> None:
    await view.write_many([row(k, index=float(k), patient_id=f"p{k}") for k in range(1200)])
    await redis.delete("risk:ranking")
    await redis.zadd("risk:ranking", {"ghost": 100.0})
    assert await board.repair() == 1201
    assert [line.patient_id for line in await board.ranking(2)] == ["p1199", "p1198"]
    assert await redis.zcard("risk:ranking") == 1200


class Crossed(Board):
    """A board that is overtaken by scores as soon as it has read the latest ones."""

    meanwhile: list[list[ViewRow]]

    async def _lines(self, names: Sequence[str]) -> dict[str, Ranked | None]:
        found = await super()._lines(names)
        if self.meanwhile:
            view = View(self._redis, "topic-1", latest_ttl_s=TTL_S, history_length=LENGTH)
            await view.write_many(self.meanwhile.pop())
        return found


@pytest.mark.parametrize("mend", ["repair", "ranking"])
@pytest.mark.parametrize(
    ("newer", "places", "north", "icu"),
    [
        ([row(2, index=90.0, ward="North")], {"a": 90.0}, {"a": 90.0}, {}),
        ([row(2, index=90.0, ward="ICU")], {"a": 90.0}, {}, {"a": 90.0}),
        ([retired(2)], {}, {}, {}),
    ],
)
async def test_who_mends_and_is_overtaken_leaves_the_newer_place(
    view: View, redis: Redis, mend: str, newer: list[ViewRow], places: dict[str, float], north: dict[str, float],
    icu: dict[str, float],
) -> None:  # fmt: skip
    await view.write_many([row(1, index=10.0, ward="North")])
    for key in ("risk:ranking", "risk:ward:{North}:ranking"):
        await redis.zadd(key, {"a": 50.0})
    board = Crossed(redis)
    board.meanwhile = [newer]
    if mend == "repair":
        await board.repair()
    else:
        await board.ranking(10)
        await board.ranking(10, "North")
    assert (await board.places(), await board.places("North"), await board.places("ICU")) == (places, north, icu)


async def test_a_retired_id_leaves_the_ranking_and_says_so(view: View, board: Board) -> None:
    await view.write_many([row(1), row(2, patient_id="b"), retired(3)])
    assert [line.patient_id for line in await board.ranking(10)] == ["b"]
    assert await board.places() == {"b": 40.0}
    found = await board.latest("a")
    assert found is not None
    assert (found.level, found.index, found.json) == ("retired", None, b'{"n":3}')
    assert [point.level for point in await board.history("a")] == ["retired"]


async def test_an_older_score_does_not_bring_a_retired_id_back(view: View, board: Board) -> None:
    await view.write_many([retired(3, epoch=2)])
    assert await view.write_many([row(2, epoch=2), row(900, epoch=1)]) == WriteCounts(0, 0, 2)
    await board.repair()
    assert await board.places() == {}


async def test_an_unmerge_brings_an_id_back_into_the_ranking(view: View, board: Board) -> None:
    await view.write_many([row(1), retired(2), row(3, index=55.0)])
    assert await board.ranking(10) == [Ranked("a", 55.0, "medium", 1000)]


async def test_a_retired_id_that_is_ranked_still_is_mended_by_reading_and_by_repair(
    view: View, redis: Redis, board: Board
) -> None:
    for mend in (lambda: board.ranking(10), board.repair):
        await view.write_many([retired(3), row(4, patient_id="b")])
        await redis.zadd("risk:ranking", {"a": 90.0})
        await mend()
        assert await board.places() == {"b": 40.0}


async def test_an_emptied_redis_is_filled_again_without_the_retired_in_the_ranking(
    view: View, redis: Redis, board: Board
) -> None:
    rows = [row(1), row(2, patient_id="b"), retired(3)]
    await view.write_many(rows)
    full = await contents(redis)
    await redis.flushall()
    await view.write_many([retired(3), row(2, patient_id="b")])
    await view.write_many(rows)
    assert await contents(redis) == full
    assert await board.places() == {"b": 40.0}
