"""The ground that all contestants stand on: one broker, Redis and Triton, and what is asked of them from outside."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from aiokafka import TopicPartition
from redis import Redis

from streams.clock import Instant
from streams.embedded.part import Part
from streams.embedded.services import BrokerChoice
from streams.embedded.stack import Stack
from streams.provision.broker import admin
from streams.publish import keys
from streams.settings import Settings
from streams.transport.reading import read_ends, reading

_CHUNK = 200
_POLL_S = 0.05
_STAMP_MS = 500
"""Time that a record gets to come; the wheel's broker cannot say where a partition ends, so it is simply asked for."""


RECORDED: dict[str, Any] = {"stale_after_s": 7 * 86_400.0, "silent_after_s": 7 * 86_400.0}
"""Settings of every stack that is measured: the feeds lie hours in the past, and nothing is to go stale meanwhile."""


@contextmanager
def open_stack(broker: BrokerChoice, triton: str = "", **overrides: Any) -> Iterator[Stack]:
    """Open a stack in a fresh folder, with its own Triton or one that runs elsewhere (``host:port``).

    The folder, which holds what the broker stored, is removed in the end; after an exception it stays for its logs.
    """
    values = {**RECORDED, **overrides, **({"triton_url": triton} if triton else {})}
    folder = Path(tempfile.mkdtemp(prefix="cardiostream-bench-"))
    with Stack(folder, broker=broker, settings_overrides=values, external=("triton",) if triton else ()) as stack:
        yield stack
    shutil.rmtree(folder, ignore_errors=True)


class TooSlow(Exception):
    """A contestant did not finish in time."""


def make_topics(settings: Settings, names: Sequence[str]) -> None:
    """Make topics with as many partitions as all patient-keyed ones."""
    wanted = {name: {"num_partitions": settings.partitions, "replication_factor": 1} for name in names}
    with admin(settings.bootstrap_servers) as client:
        client.create_topics(wanted, raise_errors=False)
        client.wait_for_topics(list(names))


def wait_owned(settings: Settings, group: str, topic: str, timeout_s: float = 60.0) -> None:
    """Wait until the members of a group have all partitions of a topic among them.

    A group that joined before the topic was known has none of it until its metadata are next renewed.
    """
    end, count = time.monotonic() + timeout_s, 0
    with admin(settings.bootstrap_servers) as client:
        while count < settings.partitions:
            if time.monotonic() > end:
                raise TooSlow(
                    f"{group} has {count} of {settings.partitions} partitions of {topic} after {timeout_s:.0f} s"
                )
            time.sleep(_POLL_S)
            count = owned(client.describe_groups([group])[group], topic)


def owned(described: dict[str, Any], topic: str) -> int:
    """Return how many partitions of a topic the members of a described group have."""
    if described["group_state"] != "Stable":
        return 0
    assigned = [part for member in described["members"] for part in member["member_assignment"]["assigned_partitions"]]
    return sum(len(part["partitions"]) for part in assigned if part["topic"] == topic)


def wait_visible(settings: Settings, patients: Sequence[str], as_of: Instant, timeout_s: float) -> None:
    """Wait until Redis holds, for each of these patients, a result that knows their observation of `as_of`.

    Asks for the first of those that are missing, so waiting costs the contestants next to nothing.
    """
    redis = Redis.from_url(settings.redis_url)
    waiting, end, chunk = list(patients), time.monotonic() + timeout_s, 1
    while waiting:
        asked = waiting[:chunk]
        left = [name for name, held in zip(asked, _held(redis, asked), strict=True) if held < as_of]
        waiting = left + waiting[chunk:]
        chunk = 1 if left else _CHUNK
        if left:
            if time.monotonic() > end:
                raise TooSlow(
                    f"{len(waiting)} of {len(patients)} patients still lack their result after {timeout_s:.0f} s"
                )
            time.sleep(_POLL_S)
    redis.close()


def _held(redis: Redis, patients: Sequence[str]) -> list[Instant]:
    with redis.pipeline(transaction=False) as pipeline:
        for name in patients:
            pipeline.hget(keys.latest(name), "as_of")
        return [int(value or 0) for value in pipeline.execute()]


def ends(settings: Settings, topic: str) -> list[int]:
    """Return where each partition of a topic ends."""
    return asyncio.run(_ends(settings, topic))


async def _ends(settings: Settings, topic: str) -> list[int]:
    async with reading(settings, "bench") as consumer:
        places = [TopicPartition(topic, number) for number in range(settings.partitions)]
        found = await read_ends(consumer, places)
    return [found[place] for place in places]


def stamps(settings: Settings, topic: str, offsets: Sequence[int]) -> list[Instant]:
    """Return the timestamps of the records at these offsets, one per partition; those that are not there left out."""
    return asyncio.run(_stamps(settings, topic, offsets))


async def _stamps(settings: Settings, topic: str, offsets: Sequence[int]) -> list[Instant]:
    found: list[Instant] = []
    async with reading(settings, "bench") as consumer:
        for number, offset in enumerate(offsets):
            if offset >= 0:
                place = TopicPartition(topic, number)
                consumer.assign([place])
                consumer.seek(place, offset)
                fetched = await consumer.getmany(place, timeout_ms=_STAMP_MS, max_records=1)
                found += [record.timestamp for records in fetched.values() for record in records]
    return found


def cpu_seconds(pids: dict[str, int]) -> dict[str, float]:
    """Return the CPU time that each process has used, its children included."""
    return {name: sum(sum(p.cpu_times()[:2]) for p in _family(pid)) for name, pid in pids.items()}


def memory_mib(pids: dict[str, int]) -> dict[str, float]:
    """Return the resident memory of each process, its children included."""
    return {name: sum(p.memory_info().rss for p in _family(pid)) / 2**20 for name, pid in pids.items()}


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def service_pids(stack: Stack) -> dict[str, int]:
    """Return the processes of broker, Redis and Triton."""
    parts: dict[str, Any] = dict(stack.services)
    return {name: part.child.pid for name, part in parts.items() if isinstance(part, Part) and part.child is not None}
