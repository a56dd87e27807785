"""The view in Redis that readers look at: latest score, trend and ward ranking; always rebuildable from the topics.

Older never overwrites newer: every write carries its place on the results topic and is compared in Redis. The order is
(epoch, offset) within one topic id. A write with another topic id (the topic was made anew) replaces what is there, and
the patient's trend starts afresh.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from streams.clock import Instant
from streams.errors import RetryableError
from streams.publish import keys
from streams.publish.live import Update, encode
from streams.publish.redis_client import TIMEOUT_S, plain
from streams.publish.scripts import Script
from streams.records import Standing

_CHUNK = 250
"""Rows per pipeline: packing them holds the event loop for a few milliseconds, not for a hundred."""


def connect(url: str, timeout_s: float = TIMEOUT_S) -> Redis:
    """Return a client of one Redis by its address alone; see `streams.publish.redis_client` for TLS and clusters."""
    return plain(url, timeout_s)


class ViewRow(msgspec.Struct, frozen=True):
    """One acknowledged score with its place on the results topic."""

    patient_id: str
    as_of: Instant
    level: Standing
    index: float | None
    version: str
    """``ce_id``."""
    epoch: int
    offset: int
    json: bytes
    """The RiskAssessment as it stands on the topic."""
    ward: str = ""
    """Empty where unknown or discharged, and of a retired id."""
    bed: str = ""


class Placed(NamedTuple):
    """What became of one written row."""

    place: int
    """1: the latest now; 0: there already; -1: a newer one is."""
    ward_before: str
    """Ward of the score that was the latest before; empty where there was none."""


class _Stand(NamedTuple):
    """What a patient is ranked by."""

    epoch: int
    offset: int
    level: str
    place: float
    """The index; `keys.INDETERMINATE` where there is none."""
    ward: str


class WriteCounts(msgspec.Struct, frozen=True):
    """What became of written rows; the three add up to the rows."""

    applied: int
    repeated: int
    """There already: the same place on the topic."""
    older: int
    """Behind what is there; only the trend may have taken them."""


class View:
    """Writes and reads the view.

    Parameters
    ----------
    redis
        From `connect`; Redis Cluster's asyncio client too, since every script touches one hash slot.
    topic_id
        Id of the results topic that rows come from.
    latest_ttl_s
        Seconds that a patient is kept without a newer score.
    history_length
        Scores kept per patient for a trend.
    """

    def __init__(self, redis: Redis, topic_id: str, *, latest_ttl_s: int, history_length: int) -> None:
        self._redis: Any = redis
        self.topic_id = topic_id
        self._ttl_s, self._length = latest_ttl_s, history_length
        self._script = Script(redis, "latest", keys=2)

    async def write_many(self, rows: Sequence[ViewRow]) -> WriteCounts:
        """Write rows in pipelines, then the rankings of those that are the latest; idempotent, in any order.

        Raises
        ------
        RetryableError
            Redis is away; the rows may be written again.
        """
        found: list[Placed] = []
        try:
            for start in range(0, len(rows), _CHUNK):
                found += await self._write(rows[start : start + _CHUNK])
        except (RedisError, OSError) as error:
            raise away(error) from None
        places = [one.place for one in found]
        return WriteCounts(places.count(1), places.count(0), places.count(-1))

    async def _write(self, rows: Sequence[ViewRow]) -> list[Placed]:
        placed = await self._places(rows)
        # Also those that were there already: whoever wrote them may have ended before it came to the rankings.
        latest = [(row, one.ward_before) for row, one in zip(rows, placed, strict=True) if one.place >= 0]
        if latest:
            await self._rank(latest)
        return placed

    async def _places(self, rows: Sequence[ViewRow]) -> list[Placed]:
        found = await self._script.call([self._arguments(row) for row in rows])
        return [Placed(place, ward.decode()) for place, ward in found]

    def _arguments(self, row: ViewRow) -> tuple[Any, ...]:
        return (
            keys.latest(row.patient_id),
            keys.history(row.patient_id),
            self.topic_id,
            row.epoch,
            row.offset,
            row.as_of,
            row.level,
            "" if row.index is None else repr(row.index),
            row.version,
            row.json,
            self._ttl_s,
            self._length,
            row.ward,
            row.bed,
            encode(Update(row.patient_id, row.level, row.index, row.as_of, row.version, row.ward, row.bed)),
        )

    async def _rank(self, latest: Sequence[tuple[ViewRow, str]]) -> None:
        """Rank patients by their newest row, and again by what another writer has put in its place meanwhile."""
        left = [(row.patient_id, before) for row, before in latest]
        stands = {r.patient_id: _Stand(r.epoch, r.offset, r.level, keys.place(r.index), r.ward) for r, _ in latest}
        while stands:
            await self._move(stands, left)
            # Scores are compared in Redis, places are not: a ranking may stand in another part of a cluster.
            newer = await self._overtaken(stands)
            left = [(name, stands[name].ward) for name in newer]
            stands = newer

    async def _move(self, stands: Mapping[str, _Stand], left: Iterable[tuple[str, str]]) -> None:
        leave: defaultdict[str, set[str]] = defaultdict(set)
        enter: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for name, ward in left:
            if ward and ward != stands[name].ward:
                leave[keys.ranking(ward)].add(name)
        for name, stand in stands.items():
            if stand.level == keys.RETIRED:
                leave[keys.RANKING].add(name)
                continue
            for key in keys.rankings(stand.ward):
                enter[key][name] = stand.place
        async with self._redis.pipeline(transaction=False) as pipeline:
            for key, names in leave.items():
                pipeline.zrem(key, *names)
            for key, places in enter.items():
                pipeline.zadd(key, places)
            await pipeline.execute()

    async def _overtaken(self, stands: Mapping[str, _Stand]) -> dict[str, _Stand]:
        """Return what stands of the patients whose latest score is another by now."""
        places = await self._fields_of(stands, "epoch", "offset")
        other = [n for n, place in places.items() if place != [b"%d" % number for number in stands[n][:2]]]
        if not other:
            return {}
        found = await self._fields_of(other, "epoch", "offset", "level", "index", "ward")
        read = {name: _stand(*values) for name, values in found.items()}
        return {name: one for name, one in read.items() if one is not None and one[:2] != stands[name][:2]}

    async def _fields_of(self, names: Iterable[str], *fields: str) -> dict[str, list[bytes | None]]:
        chosen = list(names)
        async with self._redis.pipeline(transaction=False) as pipeline:
            for name in chosen:
                pipeline.hmget(keys.latest(name), *fields)
            return dict(zip(chosen, await pipeline.execute(), strict=True))

    async def is_rebuilt(self, partitions: Iterable[int] = ()) -> bool:
        """Tell whether this Redis holds these partitions' view, built from this topic; False for an emptied one."""
        names = ["topic_id", *_fields(partitions)]
        try:
            found = await self._redis.hmget(keys.MARKER, names)
        except (RedisError, OSError) as error:
            raise away(error) from None
        return found[0] == self.topic_id.encode() and all(value == found[0] for value in found)

    async def mark(self, partitions: Iterable[int] = ()) -> None:
        """Note that the view of these partitions is complete; to be called once all of it has been written."""
        names = ["topic_id", *_fields(partitions)]
        try:
            await self._redis.hset(keys.MARKER, mapping=dict.fromkeys(names, self.topic_id))
        except (RedisError, OSError) as error:
            raise away(error) from None


def _fields(partitions: Iterable[int]) -> list[str]:
    return [f"partition:{number}" for number in sorted(partitions)]


def _stand(*fields: bytes | None) -> _Stand | None:
    """Read a patient's latest score; None where there is none any more."""
    epoch, offset, level, index, ward = (field.decode() if field else "" for field in fields)
    return _Stand(int(epoch), int(offset), level, keys.place(float(index) if index else None), ward) if epoch else None


def away(error: Exception) -> RetryableError:
    """Return what an absent Redis means to whoever writes; never with the address, which may hold a password."""
    kind = "time-out" if isinstance(error, RedisTimeoutError) else type(error).__name__
    return RetryableError(f"Redis: expected an answer, received {kind}; the view is written again when it is back")
