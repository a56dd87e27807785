"""What stands of a patient's imaging studies and notes, with outlines, heat and sentences, read from their topics."""

from __future__ import annotations

import msgspec

from streams import topics
from streams.publish.board import Board
from streams.publish.redis_client import client
from streams.publish.summary import read
from streams.records import NotePredictions, Overruling, Said, Version
from streams.settings import Settings
from streams.transport.reading import read_to_end, reading

_said = msgspec.json.Decoder(Said | Overruling).decode
Key = tuple[str, str]
"""source, resource id."""


class Standing:
    """The highest version of each study and note of one patient, by everything that was said, in any order.

    Parameters
    ----------
    patient_id
        Whose they are.
    named
        Studies and notes that the patient's score names; they may have come under an id that was merged into this one.
    """

    def __init__(self, patient_id: str, named: frozenset[str] = frozenset()) -> None:
        self._patient_id, self._named = patient_id, named
        self._highest: dict[Key, Version] = {}
        self._said: dict[Key, Said] = {}

    def hear(self, said: Said | Overruling) -> None:
        """Take in one record."""
        key = said.source, said.resource_id
        self._highest[key] = max(self._highest.get(key, said.version), said.version)
        known = self._said.get(key)
        if isinstance(said, Said) and (known is None or said.version >= known.version):
            self._said[key] = said

    def all(self) -> list[Said]:
        """Return what stands, the newest first."""
        found = [one for key, one in self._said.items() if one.version == self._highest[key] and not one.withdrawn]
        notes = [one for one in found if isinstance(one, NotePredictions)]
        replaced = {(one.source, name) for one in notes for name in one.replaces}
        found = [one for one in found if (one.source, one.resource_id) not in replaced]
        mine = [one for one in found if one.patient_id == self._patient_id or one.resource_id in self._named]
        return sorted(mine, key=lambda one: (-one.as_of, one.resource_id))


async def said_of(settings: Settings, patient_id: str) -> list[Said]:
    """Return what stands of a patient's imaging studies and notes, the newest first."""
    standing = Standing(patient_id, await _named(settings, patient_id))
    async with reading(settings, "cardiostream-explain") as consumer:
        for number in range(settings.partitions):
            for topic in (topics.PREDICTIONS_IMAGING, topics.PREDICTIONS_NOTES):
                for record in await read_to_end(consumer, topic, number):
                    standing.hear(_said(record.value))
    return standing.all()


async def _named(settings: Settings, patient_id: str) -> frozenset[str]:
    redis = client(settings)
    try:
        latest = await Board(redis).latest(patient_id)
    finally:
        await redis.aclose()
    if latest is None or latest.level == "retired":
        return frozenset()
    return frozenset(one.study for one in read(latest.json).models if one.study)
