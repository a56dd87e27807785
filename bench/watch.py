"""A process of its own that sees results become visible, in Redis and on the topic, and notes when.

Redis tells of every write to the watched patients' keys (keyspace notifications); the watcher then asks for ``as_of``
and notes when the answer is there, so a wait is at most one round trip, about 0.2 ms on an idle machine, too long and
never too short. On the topic it follows one partition, that of the watched patients. The same for every contestant.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import aiokafka
import msgspec
from aiokafka import TopicPartition
from redis.asyncio import Redis

from bench.numbers import Seen
from streams.publish import keys
from streams.settings import Settings
from streams.transport.produce import partition_of

PARTITION = 0


class Sights(NamedTuple):
    """What became visible where."""

    in_redis: list[Seen]
    on_topic: list[Seen]


class _Result(msgspec.Struct, rename="camel"):
    occurrence_date_time: datetime


_decode = msgspec.json.Decoder(_Result).decode


def watched(patients: Sequence[str], partitions: int, most: int) -> list[str]:
    """Return the patients that are watched: of one partition, at most `most`."""
    return [name for name in patients if partition_of(name.encode(), partitions) == PARTITION][:most]


class Watcher:
    """The process, from outside."""

    def __init__(self, settings: Settings, topic: str, patients: Sequence[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        arguments = (theirs, settings.bootstrap_servers, settings.redis_url, topic, list(patients))
        self._process = context.Process(target=_main, args=arguments, daemon=True)
        self._process.start()
        if not self._ours.poll(60):
            raise TimeoutError("the watcher was not ready after 60 s")
        self._ours.recv()

    def stop(self) -> Sights:
        """Stop watching and return what was seen."""
        self._ours.send(None)
        sights: Sights = self._ours.recv()
        self._process.join(10)
        return sights


def _main(pipe: Connection, bootstrap: str, redis_url: str, topic: str, patients: list[str]) -> None:
    asyncio.run(_watch(pipe, bootstrap, redis_url, topic, patients))


async def _watch(pipe: Connection, bootstrap: str, redis_url: str, topic: str, patients: list[str]) -> None:
    redis = Redis.from_url(redis_url)
    await redis.config_set("notify-keyspace-events", "Kh")
    listener = redis.pubsub()
    await listener.subscribe(*(f"__keyspace@0__:{keys.latest(name)}" for name in patients))
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, fetch_max_wait_ms=100, isolation_level="read_committed"
    )
    await consumer.start()
    place = TopicPartition(topic, PARTITION)
    consumer.assign([place])
    await consumer.seek_to_end(place)
    in_redis: list[Seen] = []
    fetched: list[tuple[float, Any]] = []
    names = {f"__keyspace@0__:{keys.latest(name)}".encode(): name for name in patients}
    tasks = [
        asyncio.create_task(_heed(listener, redis, names, in_redis)),
        asyncio.create_task(_read(consumer, fetched)),
    ]
    pipe.send(None)
    await asyncio.to_thread(pipe.recv)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await redis.config_set("notify-keyspace-events", "")
    pipe.send(Sights(in_redis, _on_topic(fetched, set(patients))))
    await consumer.stop()
    await redis.aclose()


async def _heed(listener: Any, redis: Any, names: dict[bytes, str], seen: list[Seen]) -> None:
    async for message in listener.listen():
        if message["type"] == "message" and message["data"] == b"hset":
            name = names[message["channel"]]
            as_of = int(await redis.hget(keys.latest(name), "as_of") or 0)
            seen.append(Seen(name, as_of, time.monotonic()))


async def _read(consumer: Any, fetched: list[tuple[float, Any]]) -> None:
    while True:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            at = time.monotonic()
            fetched += [(at, record) for record in records]


def _on_topic(fetched: Sequence[tuple[float, Any]], patients: set[str]) -> list[Seen]:
    found = ((at, record.key.decode(), record.value) for at, record in fetched)
    return [
        Seen(name, round(_decode(value).occurrence_date_time.timestamp() * 1000), at)
        for at, name, value in found
        if name in patients
    ]
