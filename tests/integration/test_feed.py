"""A feed on real brokers: records in order, ticks behind normalise, the clock held and given back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kafka.partitioner import murmur2

from streams import topics
from streams.clock import HOUR, WallClock
from streams.commands.simulate import delivery
from streams.embedded.stack import Stack
from streams.errors import RetryableError
from streams.feed.clock_mode import decode
from streams.feed.outbox import new_producer
from streams.feed.pacing import Pace
from streams.feed.positions import GROUP_NORMALISE, Positions
from streams.feed.sequence import Delivery
from streams.feed.session import FeedOptions, feed
from streams.records import DeadLetter, Tick
from streams.settings import Settings
from streams.simulate.ward import arrivals

pytestmark = pytest.mark.embedded

ROOT = Path(__file__).parents[2]
START = 1_767_225_600_000
MAX = Pace(None)


@pytest.fixture(scope="module", params=["tansu", pytest.param("kafka", marks=pytest.mark.kafka)])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    nothing_else = {"redis", "triton"}
    with Stack(tmp_path_factory.mktemp("feed"), broker=request.param, external=nothing_else) as made:
        yield made


@asynccontextmanager
async def normalise(settings: Settings) -> AsyncIterator[None]:
    """Stand in for the normalise worker: one event per record, and the commit after the event."""
    consumer = AIOKafkaConsumer(
        topics.REPLAY,
        bootstrap_servers=settings.bootstrap_servers,
        group_id=GROUP_NORMALISE,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
    )
    async with consumer, new_producer(settings) as producer:
        passing = asyncio.create_task(pass_on(consumer, producer))
        try:
            yield
        finally:
            passing.cancel()
            await asyncio.gather(passing, return_exceptions=True)


async def pass_on(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
    while True:
        batches = await consumer.getmany(timeout_ms=200)
        sent = [
            await producer.send(topics.EVENTS_OBSERVATIONS, key=record.key, value=b"{}")
            for batch in batches.values()
            for record in batch
        ]
        await asyncio.gather(*sent)
        if batches:
            await consumer.commit()


async def read(settings: Settings, topic: str, after: dict[int, int]) -> dict[int, list[Any]]:
    """Read a topic from `after` to its end, by reading on until nothing has come for a while."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers)
    found: dict[int, list[Any]] = {number: [] for number in after}
    async with consumer:
        consumer.assign([TopicPartition(topic, number) for number in after])
        for number, offset in after.items():
            consumer.seek(TopicPartition(topic, number), offset)
        while batches := await consumer.getmany(timeout_ms=1500):
            for place, batch in batches.items():
                found[place.partition] += batch
    return found


async def ends(settings: Settings, *names: str) -> list[dict[int, int]]:
    async with Positions(settings) as positions:
        return [await positions.ends(name) for name in names]


async def test_a_ward_lands_in_order_is_ticked_behind_normalise_and_the_clock_is_given_back(
    stack: Stack,
) -> None:
    ward = [delivery(arrival) for arrival in arrivals(12, 6, 1, START)]
    clock_before, ticks_before = await ends(stack.settings, topics.CLOCK, topics.TICKS)
    told: list[int] = []
    async with normalise(stack.settings):
        options = FeedOptions(MAX, final_tick_after_s=3600)
        summary = await feed(ward, stack.settings, options, WallClock(), told.append)

    assert summary.records == sum(told) == len(ward)
    assert (summary.patients, summary.unsent) == (12, {})
    assert (summary.first, summary.last) == (START, ward[-1].at)
    assert sum(summary.after.values()) - sum(summary.before.values()) == len(ward)

    fed = await read(stack.settings, topics.REPLAY, summary.before)
    for number, records in fed.items():
        share = [one for one in ward if one.key and (murmur2(one.key) & 0x7FFFFFFF) % len(fed) == number]
        assert [(record.key, record.value) for record in records] == [(one.key, one.value) for one in share]

    now = dict(zip(topics.BEDSIDE_INPUTS, await ends(stack.settings, *topics.BEDSIDE_INPUTS), strict=True))
    ticked = await read(stack.settings, topics.TICKS, ticks_before)
    for number, records in ticked.items():
        named = {topic: ends_of[number] for topic, ends_of in now.items()}
        assert [msgspec.json.decode(record.value, type=Tick) for record in records] == [
            Tick(ward[-1].at, named),
            Tick(ward[-1].at + HOUR, named),
        ]
    modes = [decode(record.value).mode for record in (await read(stack.settings, topics.CLOCK, clock_before))[0]]
    assert modes == ["replay", "live"]


async def test_end_offsets_are_what_can_be_read(stack: Stack) -> None:
    many = [Delivery(str(place).encode(), b"{}", START) for place in range(500)]
    [before] = await ends(stack.settings, topics.REPLAY)
    await feed(many, stack.settings, FeedOptions(MAX, ticks=False), WallClock())
    [after] = await ends(stack.settings, topics.REPLAY)
    found = await read(stack.settings, topics.REPLAY, before)
    assert {number: before[number] + len(records) for number, records in found.items()} == after
    assert sum(after.values()) == sum(before.values()) + 500


async def test_arrival_is_now_whatever_the_clinical_time(stack: Stack) -> None:
    began = WallClock().now()
    future = [Delivery(b"Patient/p", b"{}", START + 200 * 365 * 24 * HOUR)]
    summary = await feed(future, stack.settings, FeedOptions(MAX, ticks=False), WallClock())
    [record] = [one for share in (await read(stack.settings, topics.REPLAY, summary.before)).values() for one in share]
    assert began <= record.timestamp <= WallClock().now()


async def test_without_normalise_nobody_is_called_late(stack: Stack) -> None:
    [clock_before, ticks_before] = await ends(stack.settings, topics.CLOCK, topics.TICKS)
    one = [Delivery(b"Patient/p", b"{}", START)]
    summary = await feed(one, stack.settings, FeedOptions(MAX, patience_s=1), WallClock())
    assert (summary.records, summary.ticks, summary.ticks_given_up) == (1, 0, 1)
    assert not any((await read(stack.settings, topics.TICKS, ticks_before)).values())
    modes = [decode(record.value).mode for record in (await read(stack.settings, topics.CLOCK, clock_before))[0]]
    assert modes == ["replay", "live"]


async def test_at_a_pace_every_quarter_of_an_hour_is_ticked_in_order(stack: Stack) -> None:
    [ticks_before] = await ends(stack.settings, topics.TICKS)
    quarter = HOUR // 4
    paced = [Delivery(b"Patient/p", b"{}", START + place * quarter // 3) for place in range(7)]
    async with normalise(stack.settings):
        summary = await feed(paced, stack.settings, FeedOptions(Pace(3600.0)), WallClock())
    assert (summary.records, summary.ticks) == (7, 3)
    for records in (await read(stack.settings, topics.TICKS, ticks_before)).values():
        ats = [msgspec.json.decode(record.value, type=Tick).at for record in records]
        assert ats == [START + quarter, START + 2 * quarter, START + 2 * quarter]


async def test_a_failure_in_the_feed_gives_the_clock_back(stack: Stack) -> None:
    def broken() -> Iterator[Delivery]:
        yield Delivery(b"Patient/p", b"{}", START)
        raise ZeroDivisionError

    [clock_before] = await ends(stack.settings, topics.CLOCK)
    with pytest.raises(ZeroDivisionError):
        await feed(broken(), stack.settings, FeedOptions(MAX), WallClock())
    records = (await read(stack.settings, topics.CLOCK, clock_before))[0]
    assert [decode(record.value).mode for record in records] == ["replay", "live"]


async def test_a_record_that_no_topic_takes_is_counted_and_the_rest_goes_on(stack: Stack) -> None:
    big, small = Delivery(b"Patient/p", b"x" * topics.MIB, START), Delivery(b"Patient/p", b"{}", START)
    nearly = Delivery(b"Patient/p", b"x" * (topics.MIB - 300), START)
    fed = [small, big, nearly, small]
    summary = await feed(fed, stack.settings, FeedOptions(MAX, ticks=False), WallClock())
    assert (summary.records, summary.unsent) == (3, {"larger-than-the-topic-takes": 1})


async def test_no_broker_and_no_topic_are_told_with_what_to_do(stack: Stack, unused_tcp_port: int) -> None:
    nowhere = stack.settings.model_copy(update={"bootstrap_servers": f"127.0.0.1:{unused_tcp_port}"})
    with pytest.raises(RetryableError, match="is the stack up"):
        await feed([], nowhere, FeedOptions(MAX), WallClock())
    with pytest.raises(RetryableError, match="topics create"):
        await feed([], stack.settings, FeedOptions(MAX, topic="no.such.topic"), WallClock())


@pytest.fixture
def unused_tcp_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **stack.env, "COLUMNS": "250"}
    argv = [sys.executable, "-m", "streams.cli", *words]
    return subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


async def test_the_commands_feed_a_recording_and_a_ward(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "ward.ndjson.gz"
    written = command(stack, "simulate", "--patients", "3", "--hours", "1", "--out", str(file))
    assert written.returncode == 0, written.stderr
    replayed = command(stack, "replay", str(file), "--no-ticks", "--order", "recorded")
    assert replayed.returncode == 0, replayed.stderr
    assert "records sent" in replayed.stdout
    async with normalise(stack.settings):
        fed = await asyncio.to_thread(command, stack, "simulate", "--patients", "3", "--hours", "1")
    assert fed.returncode == 0, fed.stderr
    assert "1 made" in fed.stdout


async def test_dead_letters_are_listed_by_reason_and_shown_one_by_one(stack: Stack) -> None:
    letter = DeadLetter(
        "no-subject", "Observation.subject", "a Patient", "nothing", "hospital", topics.OBSERVATIONS, 3, 41, -1,
        "ab" * 32, START, b'{"id":"SECRET-7"}',
    )  # fmt: skip
    async with new_producer(stack.settings) as producer:
        await producer.send_and_wait(topics.DEAD_LETTERS, key=b"hospital", value=b"not a letter")
        place = await producer.send_and_wait(topics.DEAD_LETTERS, key=b"hospital", value=msgspec.json.encode(letter))
    where = f"{topics.DEAD_LETTERS}/{place.partition}/{place.offset}"

    listed = command(stack, "dlq", "list")
    assert [part for part in (where, "no-subject", "fhir.observations/3/41") if part not in listed.stdout] == []
    assert "1 records on dead-letters are no dead letters" in listed.stdout
    assert "no dead letters" in command(stack, "dlq", "list", "--reason", "not-json").stdout

    shown, full = command(stack, "dlq", "show", where), command(stack, "dlq", "show", where, "--payload")
    assert "17 bytes kept" in shown.stdout
    assert "SECRET" not in listed.stdout + shown.stdout
    assert "patient data" in full.stdout
    assert '{"id":"SECRET-7"}' in full.stdout
    assert command(stack, "dlq", "show", f"{topics.DEAD_LETTERS}/{place.partition}/999").returncode != 0


async def test_an_interrupted_replay_gives_the_clock_back(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "ward.ndjson"
    assert command(stack, "simulate", "--patients", "2", "--hours", "1", "--out", str(file)).returncode == 0
    [clock_before] = await ends(stack.settings, topics.CLOCK)
    argv = [sys.executable, "-m", "streams.cli", "replay", str(file), "--speed", "1x"]
    env, quiet = {**os.environ, **stack.env}, asyncio.subprocess.DEVNULL
    replaying = await asyncio.create_subprocess_exec(*argv, env=env, cwd=ROOT, stdout=quiet, stderr=quiet)
    while not (await read(stack.settings, topics.CLOCK, clock_before))[0]:
        assert replaying.returncode is None
    replaying.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(replaying.wait(), 30) != 0
    records = (await read(stack.settings, topics.CLOCK, clock_before))[0]
    assert [decode(record.value).mode for record in records] == ["replay", "live"]
