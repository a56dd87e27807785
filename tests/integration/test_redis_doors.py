"""Redis as sites run it: a cluster, an access control list, TLS; and live updates for whoever listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.crc import key_slot
from redis.exceptions import NoPermissionError

from streams.errors import ContractError, RetryableError
from streams.publish import keys
from streams.publish.alert_lists import repair
from streams.publish.alerts_view import AlertRow, AlertsView, open_alerts
from streams.publish.board import Board
from streams.publish.live import Update, updates
from streams.publish.modes_view import read_modes, write_modes
from streams.publish.redis_client import client
from streams.publish.view import View, ViewRow, WriteCounts
from streams.records import ModelModes
from streams.settings import Settings
from tests.integration.redis_servers import behind_tls, certificates, redis_cluster, redis_server

pytestmark = pytest.mark.embedded
WARDS = ("North", "ICU", "")


def row(offset: int, patient_id: str = "a", index: float = 40.0, ward: str = "", epoch: int = 1) -> ViewRow:
    return ViewRow(patient_id, 1000 + offset, "medium", index, f"v{offset}", epoch, offset, b"{}", ward)


def view_of(redis: Any) -> View:
    return View(redis, "topic-1", latest_ttl_s=1000, history_length=5)


def change(offset: int, **modes: Any) -> dict[str, tuple[int, ModelModes]]:
    versions = {name[1:]: mode for name, mode in modes.items()}
    return {"gru": (offset, ModelModes("gru", versions, {}, f"c-{offset}", 5, "ward lead", "agrees"))}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as ports:
        yield ports


@pytest.fixture
async def clustered(cluster: list[int]) -> AsyncIterator[Any]:
    made = client(Settings(redis_url=f"redis://127.0.0.1:{cluster[0]}/0", redis_cluster=True))
    await made.flushall(target_nodes=made.PRIMARIES)
    yield made
    await made.aclose()


async def test_the_view_is_written_and_read_on_a_cluster_of_three(clustered: Any) -> None:
    view, board = view_of(clustered), Board(clustered)
    rows = [row(k, f"p{k}", float(k), WARDS[k % 3]) for k in range(300)]
    assert await view.write_many(rows) == WriteCounts(300, 0, 0)
    assert await view.write_many(rows) == WriteCounts(0, 300, 0)
    assert len({key_slot(keys.latest(f"p{k}").encode()) // 5462 for k in range(300)}) == 3
    assert [line.patient_id for line in await board.ranking(3)] == ["p299", "p298", "p297"]
    assert [line.patient_id for line in await board.ranking(2, "ICU")] == ["p298", "p295"]
    assert await board.wards() == ["ICU", "North"]
    await view.mark(range(6))
    assert await view.is_rebuilt(range(6))


async def test_lost_rankings_are_repaired_on_a_cluster(clustered: Any) -> None:
    view, board = view_of(clustered), Board(clustered)
    await view.write_many([row(k, f"p{k}", float(k), WARDS[k % 3]) for k in range(60)])
    before = await board.places(), await board.places("ICU")
    await clustered.delete(keys.RANKING)
    await clustered.delete(keys.ranking("ICU"))
    assert await board.repair() == 60
    assert (await board.places(), await board.places("ICU")) == before


async def test_a_node_that_forgot_the_script_is_told_it_again(clustered: Any) -> None:
    view = view_of(clustered)
    await view.write_many([row(1)])
    await clustered.script_flush()
    assert await view.write_many([row(k, f"p{k}") for k in range(50)]) == WriteCounts(50, 0, 0)


async def test_modes_are_shown_on_a_cluster(clustered: Any) -> None:
    assert await write_modes(clustered, "t", change(3, v4="live")) == 1
    assert (await read_modes(clustered))["gru"].modes == {"4": "live"}


async def test_older_modes_never_overwrite_newer_ones_unless_the_topic_was_made_anew(redis: Any) -> None:
    assert await write_modes(redis, "t", change(7, v4="live")) == 1
    assert await write_modes(redis, "t", change(7, v4="live")) == 0
    assert await write_modes(redis, "t", change(2, v3="live")) == 0
    found = (await read_modes(redis))["gru"]
    assert (found.modes, found.offset, found.by, found.why) == ({"4": "live"}, 7, "ward lead", "agrees")
    assert await write_modes(redis, "another", change(0, v3="live")) == 1
    assert (await read_modes(redis))["gru"].modes == {"3": "live"}


@pytest.mark.parametrize("patient_id", ["pat-1", "a.b-c", "x" * 64])
def test_the_keys_of_each_script_share_a_slot(patient_id: str) -> None:
    latest_script = (keys.latest(patient_id), keys.history(patient_id))
    modes_script = (keys.MODELS,)
    for touched in (latest_script, modes_script):
        assert len({key_slot(key.encode()) for key in touched}) == 1


async def heard(redis: Any, ward: str, count: int, then: Any) -> list[Update]:
    """Subscribe, do something, and return what is told by it."""
    told = updates(redis, ward)
    first = asyncio.ensure_future(anext(told))
    channel = keys.ward_updates(ward) if ward else keys.UPDATES
    for _ in range(10_000):
        if dict(await redis.pubsub_numsub(channel)).get(channel.encode()):
            break
        await asyncio.sleep(0)
    await then
    found = [await asyncio.wait_for(first, 10)]
    found += [await asyncio.wait_for(anext(told), 10) for _ in range(count - 1)]
    await told.aclose()
    return found


async def test_whoever_listens_hears_of_each_score_that_became_the_latest_and_of_no_other(redis: Any) -> None:
    view = view_of(redis)
    await view.write_many([row(5, index=50.0)])
    wanted = [row(4), row(5, index=50.0), row(6, index=60.0, ward="ICU"), row(1, "b", 10.0)]
    told = await heard(redis, "", 2, view.write_many(wanted))
    assert told == [
        Update("a", "medium", 60.0, 1006, "v6", "ICU", ""),
        Update("b", "medium", 10.0, 1001, "v1", "", ""),
    ]


async def test_a_ward_hears_of_its_own_patients_and_of_those_who_leave_it(redis: Any) -> None:
    view = view_of(redis)
    rows = [row(1, ward="ICU"), row(1, "b", ward="North"), row(2, ward="North"), row(3, "c", ward="ICU")]
    told = await heard(redis, "ICU", 3, view.write_many(rows))
    assert [(one.patient_id, one.ward) for one in told] == [("a", "ICU"), ("a", "North"), ("c", "ICU")]


ACL = (
    "~risk:*", "resetchannels", "&risk:*", "-@all", "+@connection", "+eval", "+evalsha", "+script|load",
    "+hset", "+hdel", "+hget", "+hgetall", "+hmget", "+zadd", "+zrem", "+zrange", "+zrevrange",
    "+zrangebyscore", "+zscan", "+zremrangebyrank", "+del", "+expire", "+persist", "+ttl", "+scan",
    "+publish", "+subscribe", "+pubsub",
)  # fmt: skip
"""What docs/redis.md tells a site to allow."""


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Settings]:
    with redis_server(tmp_path / "redis", "--requirepass", "of-the-operator") as number:
        operator = client(Settings(redis_url=f"redis://:of-the-operator@127.0.0.1:{number}/0"))
        await operator.execute_command("ACL", "SETUSER", "cardiostream", "on", ">of-the-view", *ACL)
        await operator.aclose()
        (tmp_path / "password").write_text("of-the-view\n")
        yield Settings(
            redis_url=f"redis://127.0.0.1:{number}/0",
            redis_user="cardiostream",
            redis_password_file=tmp_path / "password",
        )


async def test_the_view_needs_no_more_than_the_documented_commands_and_keys(guarded: Settings) -> None:
    redis = client(guarded)
    view, board = view_of(redis), Board(redis)
    assert await view.write_many([row(1, ward="ICU"), row(2, ward="North")]) == WriteCounts(2, 0, 0)
    await view.mark()
    assert await view.is_rebuilt()
    assert await board.wards() == ["North"]
    assert await board.repair() == 1
    assert [line.patient_id for line in await board.ranking(5, "North")] == ["a"]
    assert len(await board.history("a")) == 2
    await write_modes(redis, "t", change(0, v4="live"))
    alerts = AlertsView(redis, "topic-2", ttl_s=1000)
    words = [AlertRow("a", "a1", is_open, k, 1, k, b"{}", "ICU") for k, is_open in enumerate((True, False, True))]
    assert await alerts.write_many(words) == 3
    assert len(await open_alerts(redis, "ICU")) == 1
    assert await repair(redis) == (1, 0)
    with pytest.raises(NoPermissionError):
        await redis.set("another", "key")
    with pytest.raises(NoPermissionError):
        await redis.flushall()
    await redis.aclose()


async def test_without_the_password_nothing_is_written_and_the_message_names_no_secret(guarded: Settings) -> None:
    redis = client(guarded.model_copy(update={"redis_password_file": None, "redis_user": ""}))
    with pytest.raises(RetryableError) as caught:
        await view_of(redis).write_many([row(1)])
    assert "of-the" not in str(caught.value)
    await redis.aclose()


async def test_over_tls_the_servers_certificate_is_checked(port: int, tmp_path: Path) -> None:
    certificate, key = certificates(tmp_path)
    with behind_tls(port, certificate, key) as front:
        address = f"rediss://127.0.0.1:{front}/0"
        known = client(Settings(redis_url=address, redis_ca_file=certificate))
        assert await view_of(known).write_many([row(900)]) == WriteCounts(1, 0, 0)
        await known.aclose()
        stranger = client(Settings(redis_url=address))
        with pytest.raises(RetryableError):
            await view_of(stranger).write_many([row(901)])
        await stranger.aclose()


async def test_over_mutual_tls_the_client_shows_its_certificate(port: int, tmp_path: Path) -> None:
    certificate, key = certificates(tmp_path)
    with behind_tls(port, certificate, key, client_ca=certificate) as front:
        address = f"rediss://127.0.0.1:{front}/0"
        both = {"redis_client_certificate": certificate, "redis_client_key": key}
        known = client(Settings(redis_url=address, redis_ca_file=certificate, **both))
        assert await view_of(known).write_many([row(910)]) == WriteCounts(1, 0, 0)
        await known.aclose()
        unnamed = client(Settings(redis_url=address, redis_ca_file=certificate))
        with pytest.raises(RetryableError):
            await view_of(unnamed).write_many([row(911)])
        await unnamed.aclose()


def test_certificates_for_an_address_without_tls_are_a_mistake_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="rediss://"):
        client(Settings(redis_url="redis://127.0.0.1:1/0", redis_ca_file=tmp_path / "ca.pem"))


def test_a_password_file_that_is_not_there_is_told_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="redis_password_file"):
        client(Settings(redis_password_file=tmp_path / "nowhere"))
