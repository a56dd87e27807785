"""What stands of a patient's imaging studies and notes, with outlines, heat and sentences, read from their topics."""

from __future__ import annotations

from typing import Any

import msgspec

from streams import topics
from streams.records import NotePredictions, Overruling, Said, Version
from streams.settings import Settings
from streams.timeline.encoding import decode_key, decode_words
from streams.timeline.identities import Identities
from streams.timeline.pieces import WORDS
from streams.transport.reading import batches_to_end, read_to_end, reading
from streams.workers.relay import Relay

_said = msgspec.json.Decoder(Said | Overruling).decode
Key = tuple[str, str]
"""source, resource id."""


class Standing:
    """The highest version of each study and note of one patient, by everything that was said, in any order.

    Parameters
    ----------
    identities
        Under which the patient's facts came: the patient's own id, and those that are the patient's by a merge or an
        identifier.
    """

    def __init__(self, identities: frozenset[str]) -> None:
        self._identities = identities
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
        # Never by the resource's id: another source may give the same one to a study of somebody else.
        mine = [one for one in found if one.patient_id in self._identities]
        return sorted(mine, key=lambda one: (-one.as_of, one.resource_id, one.source))


async def said_of(settings: Settings, patient_id: str) -> list[Said]:
    """Return what stands of a patient's imaging studies and notes, the newest first."""
    async with reading(settings, "cardiostream-explain") as consumer:
        standing = Standing(await _identities(consumer, settings, patient_id))
        for number in range(settings.partitions):
            for topic in (topics.PREDICTIONS_IMAGING, topics.PREDICTIONS_NOTES):
                for record in await read_to_end(consumer, topic, number):
                    standing.hear(_said(record.value))
    return standing.all()


async def _identities(consumer: Any, settings: Settings, patient_id: str) -> frozenset[str]:
    """Return every identity whose facts are the patient's, by the words that the patient's partition has heard."""
    known = Identities()
    async for batch in batches_to_end(consumer, topics.STATE, Relay(settings.partitions).home(patient_id)):
        words = (r.value for r in batch if r.value is not None and decode_key(r.key).piece == WORDS)
        known.take(word for value in words for word in decode_words(value))
    return frozenset((patient_id, *known.origins(patient_id)))
