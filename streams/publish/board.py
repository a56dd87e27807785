"""Reading the view: one patient, one trend, the ward's ranking; and mending the ranking, which is derived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis

from streams.clock import Instant
from streams.publish import keys
from streams.records import Level, Standing

_SCAN = 500


class Latest(msgspec.Struct, frozen=True):
    """A patient's latest score."""

    level: Standing
    index: float | None
    as_of: Instant
    version: str
    epoch: int
    offset: int
    topic_id: str
    json: bytes


class Point(msgspec.Struct, frozen=True):
    """One point of a trend."""

    as_of: Instant
    level: Standing
    index: float | None
    epoch: int
    offset: int


class Ranked(msgspec.Struct, frozen=True):
    """One line of the ward's ranking."""

    patient_id: str
    index: float | None
    level: Level
    as_of: Instant


class Board:
    """Reads what `streams.publish.view.View` writes, through a client from `streams.publish.view.connect`."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis

    async def latest(self, patient_id: str) -> Latest | None:
        """Return a patient's latest score, None where there is none (any more)."""
        found = {key.decode(): value for key, value in (await self._redis.hgetall(keys.latest(patient_id))).items()}
        return msgspec.convert({**_text(found), "json": found["json"]}, Latest, strict=False) if found else None

    async def history(self, patient_id: str) -> list[Point]:
        """Return a patient's trend in order of clinical time."""
        return [_point(member.decode()) for member in await self._redis.zrange(keys.history(patient_id), 0, -1)]

    async def ranking(self, n: int) -> list[Ranked]:
        """Return the `n` patients with the highest index, highest first.

        Every line is looked up in the patient's own latest score; where the ranking lags behind it or the score has
        expired, it is mended on the way.
        """
        members = await self._redis.zrange(keys.RANKING, 0, n - 1, desc=True, withscores=True)
        ranked = {name.decode(): float(score) for name, score in members}
        lines = await self._mend(ranked)
        return sorted(lines, key=lambda line: (-_place(line.index), line.patient_id))

    async def places(self) -> dict[str, float]:
        """Return the whole ranking as it stands, not mended: patient to index, `keys.INDETERMINATE` where none."""
        return {name.decode(): float(place) async for name, place in self._redis.zscan_iter(keys.RANKING)}

    async def repair(self) -> int:
        """Go through the whole ranking and all latest scores, mend what differs, and return how many were looked at."""
        seen: set[str] = set()
        async for key in self._redis.scan_iter(match=keys.latest("*"), count=_SCAN):
            seen.add(key.decode()[len("risk:{") : -len("}:latest")])
        ranked = await self.places()
        everyone = {**dict.fromkeys(seen, float("nan")), **ranked}
        names = list(everyone)
        for start in range(0, len(names), _SCAN):
            await self._mend({name: everyone[name] for name in names[start : start + _SCAN]})
        return len(names)

    async def _mend(self, ranked: dict[str, float]) -> list[Ranked]:
        """Compare the ranking's scores with the latest ones, write what differs, and return the lines that stand."""
        latest = await self._lines(list(ranked))
        gone = [name for name, line in latest.items() if line is None]
        lines = {name: line for name, line in latest.items() if line}
        moved = {name: _place(line.index) for name, line in lines.items() if _place(line.index) != ranked[name]}
        if gone:
            await self._redis.zrem(keys.RANKING, *gone)
        if moved:
            await self._redis.zadd(keys.RANKING, moved)
        return list(lines.values())

    async def _lines(self, names: Sequence[str]) -> dict[str, Ranked | None]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hmget(keys.latest(name), "index", "level", "as_of")
            found = await pipeline.execute()
        return {name: _ranked(name, *values) for name, values in zip(names, found, strict=True)}


def _ranked(name: str, index: bytes | None, level: bytes | None, as_of: bytes | None) -> Ranked | None:
    if index is None or level is None or as_of is None or level == keys.RETIRED.encode():
        return None
    return Ranked(name, _index(index.decode()), msgspec.convert(level.decode(), Level), int(as_of))


def _point(member: str) -> Point:
    epoch, offset, as_of, level, index = member.split(" ")
    return Point(int(as_of), msgspec.convert(level, Standing), _index(index), int(epoch), int(offset))


def _text(found: dict[str, bytes]) -> dict[str, str | None]:
    texts = {key: value.decode() for key, value in found.items() if key != "json"}
    return {**texts, "index": texts["index"] or None}


def _index(text: str) -> float | None:
    return float(text) if text else None


def _place(index: float | None) -> float:
    return keys.INDETERMINATE if index is None else index
