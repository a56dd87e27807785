"""The modes of models in the view: which version speaks, which are beside it, since when, by whom and why."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec
from redis.exceptions import RedisError

from streams.clock import Instant
from streams.errors import RetryableError
from streams.publish import keys
from streams.records import Mode, ModelModes

_SCRIPT = files("streams.publish").joinpath("lua/modes.lua").read_text("utf-8")
_encode = msgspec.json.Encoder().encode


class ShownModes(msgspec.Struct, frozen=True):
    """One model's modes as readers find them."""

    modes: dict[str, Mode]
    at: Instant
    by: str
    why: str
    change: str
    offset: int
    """On `control.models`."""
    topic_id: str


async def write_modes(redis: Any, topic_id: str, records: Mapping[str, tuple[int, ModelModes]]) -> int:
    """Write the newest record of each model with its offset; idempotent, and never over a newer one.

    Returns
    -------
    written
        How many stand now that did not before.

    Raises
    ------
    RetryableError
        Redis is away.
    """
    written = 0
    try:
        for model, (offset, one) in records.items():
            shown = ShownModes(one.modes, one.at, one.by, one.why, one.change, offset, topic_id)
            written += int(await redis.eval(_SCRIPT, 1, keys.MODELS, model, topic_id, offset, _encode(shown)))
    except (RedisError, OSError) as error:
        raise RetryableError(
            f"Redis: expected an answer, received {type(error).__name__}; modes are written again when it is back"
        ) from None
    return written


async def read_modes(redis: Any) -> dict[str, ShownModes]:
    """Return the modes of every model that anybody ever changed; all others are live as they were shipped."""
    found = await redis.hgetall(keys.MODELS)
    return {model.decode(): msgspec.json.decode(value, type=ShownModes) for model, value in found.items()}
