"""Rows of the Redis view as tests write them, and what the view then holds."""

from __future__ import annotations

from redis.asyncio import Redis

from streams.publish.board import Board
from streams.publish.view import ViewRow

TTL_S, LENGTH = 1000, 5


def row(
    offset: int, as_of: int = 1000, index: float | None = 40.0, patient_id: str = "a", epoch: int = 1,
    ward: str = "", bed: str = "",
) -> ViewRow:  # fmt: skip
    level = "indeterminate" if index is None else "medium"
    value = b'{"n":%d}' % offset
    return ViewRow(patient_id, as_of, level, index, f"v{offset}", epoch, offset, value, ward, bed)  # type: ignore[arg-type]


def retired(offset: int, patient_id: str = "a", epoch: int = 1) -> ViewRow:
    return ViewRow(patient_id, 1000, "retired", None, f"v{offset}", epoch, offset, b'{"n":%d}' % offset)


async def ranked(board: Board, ward: str = "") -> list[str]:
    return [line.patient_id for line in await board.ranking(10, ward=ward)]


async def contents(redis: Redis) -> dict[bytes, object]:
    """Everything that the view holds, without times to live."""
    found: dict[bytes, object] = {}
    async for key in redis.scan_iter("*"):
        kind = await redis.type(key)
        found[key] = await (redis.hgetall(key) if kind == b"hash" else redis.zrange(key, 0, -1, withscores=True))
    return found
