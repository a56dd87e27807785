"""Open alerts in the view: written from the topic in any order, read by patient, ward or all of them, and mended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Any

import msgspec
from redis.exceptions import RedisError

from streams.clock import Instant
from streams.publish import keys
from streams.publish.scripts import Script
from streams.publish.view import away

_CHUNK, _SCAN = 250, 500


class AlertRow(msgspec.Struct, frozen=True):
    """One acknowledged word on an alert with its place on the topic of alerts."""

    patient_id: str
    alert_id: str
    is_open: bool
    changed_at: Instant
    epoch: int
    offset: int
    json: bytes
    """The alert as it stands on the topic."""
    ward: str = ""


class OpenAlert(msgspec.Struct, frozen=True):
    """One line of the list of open alerts."""

    patient_id: str
    alert_id: str
    changed_at: Instant
    json: bytes


class AlertsView:
    """Writes and reads the open alerts.

    Parameters
    ----------
    redis
        From `streams.publish.redis_client.client`.
    topic_id
        Id of the topic that rows come from.
    ttl_s
        Seconds that a patient's alerts are kept without a newer word on any of them.
    """

    def __init__(self, redis: Any, topic_id: str, *, ttl_s: int) -> None:
        self._redis: Any = redis
        self._topic_id, self._ttl_s = topic_id, ttl_s
        self._script = Script(redis, "alert", keys=2)

    async def write_many(self, rows: Sequence[AlertRow]) -> int:
        """Write rows, then the lists of those that stand, and return how many were news; idempotent, in any order.

        Raises
        ------
        RetryableError
            Redis is away; the rows may be written again.
        """
        news = 0
        try:
            for start in range(0, len(rows), _CHUNK):
                news += await self._write(rows[start : start + _CHUNK])
        except (RedisError, OSError) as error:
            raise away(error) from None
        return news

    async def _write(self, rows: Sequence[AlertRow]) -> int:
        placed = await self._script.call([self._arguments(row) for row in rows])
        # Also those that were there already: whoever wrote them may have ended before it came to the lists.
        stand = [(row, ward.decode()) for row, (place, ward) in zip(rows, placed, strict=True) if place >= 0]
        newest = {(row.patient_id, row.alert_id): row for row, _ in stand}
        leave: defaultdict[str, set[str]] = defaultdict(set)
        enter: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for row, before in stand:
            last = newest[row.patient_id, row.alert_id]
            for ward in {before, row.ward} - ({last.ward} if last.is_open else set()) - {""}:
                leave[keys.open_alerts(ward)].add(_member(row))
        for row in newest.values():
            if not row.is_open:
                leave[keys.OPEN_ALERTS].add(_member(row))
                continue
            for key in {keys.OPEN_ALERTS, keys.open_alerts(row.ward)}:
                enter[key][_member(row)] = float(row.changed_at)
        await self._move(leave, enter)
        return sum(place == 1 for place, _ in placed)

    def _arguments(self, row: AlertRow) -> tuple[Any, ...]:
        return (
            keys.alerts(row.patient_id), keys.places(row.patient_id), row.alert_id, self._topic_id, row.epoch,
            row.offset, row.json if row.is_open else b"", self._ttl_s, row.ward, row.json, row.changed_at,
        )  # fmt: skip

    async def _move(self, leave: Mapping[str, Set[str]], enter: Mapping[str, Mapping[str, float]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for key, members in leave.items():
                pipeline.zrem(key, *members)
            for key, places in enter.items():
                pipeline.zadd(key, places)
            await pipeline.execute()

    async def repair(self) -> int:
        """Go through every patient's open alerts, mend the lists that differ, and return how many are open."""
        wanted: defaultdict[str, dict[str, float]] = defaultdict(dict)
        async for key in self._redis.scan_iter(match=keys.alerts("*"), count=_SCAN):
            for member, (at, ward) in (await self._open_of(key.decode())).items():
                for one in {keys.OPEN_ALERTS, keys.open_alerts(ward)}:
                    wanted[one][member] = at
        lists = {key.decode() async for key in self._redis.scan_iter(match=keys.open_alerts("*"), count=_SCAN)}
        for key in {*lists, *wanted, keys.OPEN_ALERTS}:
            found = {name.decode(): at for name, at in await self._redis.zrange(key, 0, -1, withscores=True)}
            gone, moved = found.keys() - wanted[key].keys(), wanted[key].items() - found.items()
            await self._move({key: gone} if gone else {}, {key: dict(moved)} if moved else {})
        return len(wanted[keys.OPEN_ALERTS])

    async def _open_of(self, key: str) -> dict[str, tuple[float, str]]:
        """Return when each open alert of a patient changed, and its ward, by its name in the lists."""
        patient_id = key[len("risk:{") : -len("}:alerts")]
        is_open = await alerts_of(self._redis, patient_id)
        found = await self._redis.hgetall(keys.places(patient_id)) if is_open else {}
        parts = {alert_id.decode(): place.decode().split(" ", 4) for alert_id, place in found.items()}
        return {f"{patient_id} {name}": (float(p[3]), p[4]) for name, p in parts.items() if name in is_open}


async def alerts_of(redis: Any, patient_id: str) -> dict[str, bytes]:
    """Return a patient's open alerts as JSON, by id."""
    found = await redis.hgetall(keys.alerts(patient_id))
    return {alert_id.decode(): value for alert_id, value in found.items()}


async def open_alerts(redis: Any, ward: str = "", most: int = 100_000) -> list[OpenAlert]:
    """Return open alerts, newest change first; what a list has wrongly is taken out on the way."""
    key = keys.open_alerts(ward)
    ranked = await redis.zrange(key, 0, most - 1, desc=True, withscores=True)
    members = [(name.decode(), int(at)) for name, at in ranked]
    lines = [OpenAlert(*_split(name), at, b"") for name, at in members]
    async with redis.pipeline(transaction=False) as pipeline:
        for line in lines:
            pipeline.hget(keys.alerts(line.patient_id), line.alert_id)
        found: list[bytes | None] = await pipeline.execute()
    gone = [name for (name, _), value in zip(members, found, strict=True) if value is None]
    if gone:
        await redis.zrem(key, *gone)
    pairs = zip(lines, found, strict=True)
    return [msgspec.structs.replace(line, json=value) for line, value in pairs if value is not None]


def _member(row: AlertRow) -> str:
    return f"{row.patient_id} {row.alert_id}"


def _split(member: str) -> tuple[str, str]:
    patient_id, _, alert_id = member.partition(" ")
    return patient_id, alert_id
