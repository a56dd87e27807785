"""Scripts in Redis: loaded once, called in pipelines by digest, loaded again where a server has forgotten them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError


class Script:
    """One script, which touches one hash slot a call.

    Parameters
    ----------
    redis
        From `streams.publish.redis_client.client`.
    name
        Of the file in ``lua/``.
    keys
        How many of the arguments of a call are keys.
    """

    def __init__(self, redis: Any, name: str, keys: int) -> None:
        self._redis: Any = redis
        self._text = files("streams.publish").joinpath(f"lua/{name}.lua").read_text("utf-8")
        self._keys, self._sha = keys, ""

    async def call(self, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Call it once for each set of arguments, in order; raise what any of them failed with."""
        found: list[Any] = await self._run(arguments) if self._sha else [NoScriptError()] * len(arguments)
        lost = [k for k, one in enumerate(found) if isinstance(one, NoScriptError)]
        if lost:
            self._sha = await self._redis.script_load(self._text)
            for k, one in zip(lost, await self._run([arguments[k] for k in lost]), strict=True):
                found[k] = one
        for one in found:
            if isinstance(one, Exception):
                raise one
        return found

    async def _run(self, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for each in arguments:
                pipeline.execute_command("EVALSHA", self._sha, self._keys, *each)
            return list(await pipeline.execute(raise_on_error=False))
