"""Open alerts in the view: written from the topic in any order, read by patient, ward or all of them, and mended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from redis.exceptions import RedisError

from streams.clock import Instant
from streams.publish import keys
from streams.publish.alert_lists import Name, Stand, repair, settle, split
from streams.publish.scripts import Script
from streams.publish.view import away

_CHUNK = 250


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
        Seconds that is kept which alerts of a patient have ended, once none stands open.
    """

    def __init__(self, redis: Any, topic_id: str, *, ttl_s: int) -> None:
        self._redis: Any = redis
        self._topic_id, self._ttl_s = topic_id, ttl_s
        self._script = Script(redis, "alert", keys=2)

    async def write_many(self, rows: Sequence[AlertRow], *, told: bool = True) -> int:
        """Write rows, then the lists of those that stand, and return how many were news; idempotent, in any order.

        Parameters
        ----------
        told
            Whether what is news is told over pub/sub.

        Raises
        ------
        RetryableError
            Redis is away; the rows may be written again.
        """
        news = 0
        try:
            for start in range(0, len(rows), _CHUNK):
                news += await self._write(rows[start : start + _CHUNK], told)
        except (RedisError, OSError) as error:
            raise away(error) from None
        return news

    async def _write(self, rows: Sequence[AlertRow], told: bool) -> int:
        placed = await self._script.call([self._arguments(row, told) for row in rows])
        wards: defaultdict[Name, set[str]] = defaultdict(set)
        for row, (place, before) in zip(rows, placed, strict=True):
            # Also of words that were there already: whoever wrote them may have ended before it came to the lists.
            if place >= 0:
                wards[row.patient_id, row.alert_id] |= {before.decode(), row.ward}
        await settle(self._redis, wards)
        return sum(place == 1 for place, _ in placed)

    async def repair(self) -> tuple[int, int]:
        """Put right all lists; see `streams.publish.alert_lists.repair`."""
        return await repair(self._redis)

    def _arguments(self, row: AlertRow, told: bool) -> tuple[Any, ...]:
        return (
            keys.alerts(row.patient_id), keys.places(row.patient_id), row.alert_id, self._topic_id, row.epoch,
            row.offset, row.json if row.is_open else b"", self._ttl_s, row.ward, row.json if told else b"",
            row.changed_at,
        )  # fmt: skip


async def alerts_of(redis: Any, patient_id: str) -> dict[str, bytes]:
    """Return a patient's open alerts as JSON, by id."""
    found = await redis.hgetall(keys.alerts(patient_id))
    return {alert_id.decode(): value for alert_id, value in found.items()}


async def open_alerts(redis: Any, ward: str = "", most: int = 100_000) -> list[OpenAlert]:
    """Return open alerts, newest change first; what a list has wrongly is put right on the way."""
    ranked = await redis.zrange(keys.open_alerts(ward), 0, most - 1, desc=True, withscores=True)
    lines = [OpenAlert(*split(name.decode()), int(at), b"") for name, at in ranked]
    async with redis.pipeline(transaction=False) as pipeline:
        for line in lines:
            pipeline.hget(keys.alerts(line.patient_id), line.alert_id)
            pipeline.hget(keys.places(line.patient_id), line.alert_id)
        found: list[bytes | None] = await pipeline.execute()
    right: list[OpenAlert] = []
    wrong: dict[Name, set[str]] = {}
    for line, json, place in zip(lines, found[::2], found[1::2], strict=True):
        if json is not None and (not ward or Stand(place or b"", is_open=True).ward == ward):
            right.append(msgspec.structs.replace(line, json=json))
        else:
            wrong[line.patient_id, line.alert_id] = {ward}
    if wrong:
        await settle(redis, wrong)
    return right
