"""What is held where: bytes in Redis for a patient and its trend, bytes in the broker's log by topic."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

from redis import Redis

from streams.clock import MINUTE
from streams.provision.broker import admin
from streams.publish import keys
from streams.publish.view import View, ViewRow, connect
from streams.settings import Settings

_PATIENT = "bench-trend"


class Held(NamedTuple):
    """Bytes in Redis, as Redis itself counts them."""

    patient: float
    """A patient's latest score and place in the ranking, without the trend."""
    trend: float
    """A full trend of `history_length` scores."""


def redis_held(settings: Settings, patients: Sequence[str]) -> Held:
    """Return the mean of some patients' latest scores, and a trend that the project's own view has written full."""
    redis = Redis.from_url(settings.redis_url)
    latest = fmean(_usage(redis, keys.latest(name)) for name in patients)
    place = _usage(redis, keys.RANKING) / int(redis.zcard(keys.RANKING))
    json = redis.hget(keys.latest(patients[0]), "json")
    if not isinstance(json, bytes):
        raise LookupError(f"expected a score of patient {patients[0]} in Redis, found none; produce observations first")
    asyncio.run(_fill(settings, json))
    return Held(latest + place, _usage(redis, keys.history(_PATIENT)))


async def _fill(settings: Settings, json: bytes) -> None:
    client = connect(settings.redis_url)
    view = View(client, "bench", latest_ttl_s=600, history_length=settings.history_length)
    rows = [
        ViewRow(_PATIENT, n * MINUTE, "medium", 40.0 + n / 7, "v", 1, n, json) for n in range(settings.history_length)
    ]
    await view.write_many(rows)
    await client.aclose()


def _usage(redis: Redis, key: str) -> int:
    found: Any = redis.memory_usage(key, samples=0)
    return int(found or 0)


def topic_bytes(settings: Settings) -> dict[str, int]:
    """Return how large each topic's log is on all brokers together; empty where the broker does not say."""
    with admin(settings.bootstrap_servers) as client:
        try:
            described = client.describe_log_dirs()
        except Exception:  # the wheel's broker keeps no log
            return {}
    return sizes(described)


def sizes(described: Any) -> dict[str, int]:
    """Add up what the brokers said."""
    found: Counter[str] = Counter()
    for topic in (topic for broker in described for folder in broker["log_dirs"] for topic in folder["topics"]):
        found[topic["name"]] += sum(part["partition_size"] for part in topic["partitions"])
    return dict(found)
