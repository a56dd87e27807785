"""The modes of models from `control.models` to the view: written again at every look, so an emptied Redis has them."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import TopicPartition

from streams import topics
from streams.modes.reading import read_modes
from streams.publish.modes_view import write_modes
from streams.records import ModelModes
from streams.settings import Settings
from streams.transport.reading import read_to_end, reader
from streams.workers.topic_id import topic_id

_MODES = TopicPartition(topics.MODELS, 0)


class ModesView:
    """Reads `control.models` and shows the newest record of each model."""

    def __init__(self, settings: Settings, redis: Any) -> None:
        self.settings, self._redis = settings, redis
        self._reader: Any = None
        self._topic_id = ""
        self._newest: dict[str, tuple[int, ModelModes]] = {}

    async def start(self) -> None:
        """Connect, and read what stands."""
        self._topic_id = await asyncio.to_thread(topic_id, self.settings, topics.MODELS)
        self._reader = reader(self.settings, "cardiostream-modes-view", wait_ms=1000)
        await self._reader.start()
        self._note(await read_to_end(self._reader, topics.MODELS, 0))

    async def stop(self) -> None:
        """Disconnect."""
        if self._reader is not None:
            await self._reader.stop()

    async def show(self) -> None:
        """Write what stands now.

        Raises
        ------
        RetryableError
            Redis is away; it is written at the next look.
        """
        if self._reader is None:
            return
        while found := await self._reader.getmany(_MODES, timeout_ms=0):
            for records in found.values():
                self._note(records)
        await write_modes(self._redis, self._topic_id, self._newest)

    def _note(self, records: list[Any]) -> None:
        self._newest |= {one.model: (offset, one) for offset, one in read_modes(records)}
