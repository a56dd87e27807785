"""Reading the view: one patient, one trend, the ranking of all or of a ward; and mending them, which are derived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    ward: str = ""
    """Empty where unknown or discharged."""
    bed: str = ""


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
    ward: str = ""


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

    async def ranking(self, n: int, ward: str = "") -> list[Ranked]:
        """Return the `n` patients with the highest index, highest first; of one ward, where it is named.

        Every line is looked up in the patient's own latest score; where the ranking lags behind it, or the score has
        expired, or the patient has left the ward, it is mended on the way.
        """
        key = keys.ranking(ward) if ward else keys.RANKING
        members = await self._redis.zrange(key, 0, n - 1, desc=True, withscores=True)
        ranked = {name.decode(): float(score) for name, score in members}
        lines = await self._mend(key, ranked, await self._lines(list(ranked)))
        return sorted(lines, key=lambda line: (-keys.place(line.index), line.patient_id))

    async def wards(self) -> list[str]:
        """Return the wards that somebody is ranked in, ascending."""
        found = {key.decode() async for key in self._redis.scan_iter(match=keys.WARDS, count=_SCAN)}
        return sorted(map(keys.ward_of, found))

    async def places(self, ward: str = "") -> dict[str, float]:
        """Return a ranking as it stands, not mended: patient to index, `keys.INDETERMINATE` where none."""
        key = keys.ranking(ward) if ward else keys.RANKING
        return {name.decode(): float(place) async for name, place in self._redis.zscan_iter(key)}

    async def repair(self) -> int:
        """Go through all rankings and all latest scores, mend what differs, and return how many were looked at."""
        seen: set[str] = set()
        async for key in self._redis.scan_iter(match=keys.latest("*"), count=_SCAN):
            seen.add(key.decode()[len("risk:{") : -len("}:latest")])
        ranked = {keys.RANKING: await self.places()}
        ranked |= {keys.ranking(ward): await self.places(ward) for ward in await self.wards()}
        names = sorted(seen.union(*ranked.values()))
        for start in range(0, len(names), _SCAN):
            lines = await self._lines(names[start : start + _SCAN])
            wanted = {key for line in lines.values() if line for key in keys.rankings(line.ward)}
            for key in wanted | ranked.keys():
                await self._mend(key, ranked.get(key, {}), lines)
        return len(names)

    async def _mend(self, key: str, ranked: Mapping[str, float], lines: Mapping[str, Ranked | None]) -> list[Ranked]:
        """Compare a ranking with some patients' latest scores, write what differs, and return who is rightly in it.

        Whoever was moved is looked at once more, as a newer score may have come meanwhile with its own place.
        """
        right = {name: line for name, line in lines.items() if line and key in keys.rankings(line.ward)}
        gone = [name for name in lines if name in ranked and name not in right]
        moved = {
            name: keys.place(line.index) for name, line in right.items() if keys.place(line.index) != ranked.get(name)
        }
        if gone:
            await self._redis.zrem(key, *gone)
        if moved:
            await self._redis.zadd(key, moved)
        touched = [*gone, *moved]
        if touched:
            after = await self._lines(touched)
            put = {name: moved.get(name) for name in touched if after[name] != lines[name]}
            await self._mend(key, {n: p for n, p in put.items() if p is not None}, {n: after[n] for n in put})
        return list(right.values())

    async def _lines(self, names: Sequence[str]) -> dict[str, Ranked | None]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hmget(keys.latest(name), "index", "level", "as_of", "ward")
            found = await pipeline.execute()
        return {name: _ranked(name, *values) for name, values in zip(names, found, strict=True)}


def _ranked(
    name: str, index: bytes | None, level: bytes | None, as_of: bytes | None, ward: bytes | None
) -> Ranked | None:
    if index is None or level is None or as_of is None or level == keys.RETIRED.encode():
        return None
    return Ranked(
        name, _index(index.decode()), msgspec.convert(level.decode(), Level), int(as_of), (ward or b"").decode()
    )


def _point(member: str) -> Point:
    epoch, offset, as_of, level, index = member.split(" ")
    return Point(int(as_of), msgspec.convert(level, Standing), _index(index), int(epoch), int(offset))


def _text(found: dict[str, bytes]) -> dict[str, str | None]:
    texts = {key: value.decode() for key, value in found.items() if key != "json"}
    return {**texts, "index": texts["index"] or None}


def _index(text: str) -> float | None:
    return float(text) if text else None
