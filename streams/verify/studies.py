"""Imaging studies and notes, counted: every version ends as predictions, a stated nothing, or a wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from streams import topics
from streams.normalise.notes import KINDS
from streams.records import NoteRetry, Overruling, Said, SlowEvent, StudyRetry, Version
from streams.transport.reading import read_to_end
from streams.verify.findings import Finding, counted

_said = msgspec.json.Decoder(Said | Overruling).decode
_retry = msgspec.json.Decoder(StudyRetry | NoteRetry).decode


class Kind(NamedTuple):
    """One kind of slow work."""

    noun: str
    resource_types: frozenset[str]
    predictions: str
    """Topic of what is said."""
    retries: tuple[str, ...]


STUDIES = Kind("studies", frozenset({"ImagingStudy"}), topics.PREDICTIONS_IMAGING, topics.IMAGING_RETRIES)
NOTES = Kind("notes", KINDS, topics.PREDICTIONS_NOTES, topics.NOTES_RETRIES)
SLOW = (STUDIES, NOTES)


def kind_of(resource_id: str) -> Kind | None:
    """Return the kind of slow work that a resource is; None where the bedside itself takes it in."""
    resource_type = resource_id.partition("/")[0]
    return next((kind for kind in SLOW if resource_type in kind.resource_types), None)


Study = tuple[str, str]
"""source, resource id."""
Place = tuple[str, str, str, Version]
"""source, resource id, patient, version."""


class Expected:
    """The versions of studies, or of notes, that the inputs told of."""

    def __init__(self) -> None:
        self.versions: dict[Place, bool] = {}
        """With whether it is a withdrawal."""
        self._highest: dict[Study, Version] = {}

    def take(self, event: SlowEvent | Overruling) -> None:
        """Take in a version, or word that one is another patient's or nobody's."""
        key = event.source, event.resource_id
        self._highest[key] = max(event.version, self._highest.get(key, event.version))
        if isinstance(event, SlowEvent):
            self.versions[(*key, event.patient_id, event.version)] = event.withdrawn

    def is_replaced(self, place: Place) -> bool:
        """Tell whether a higher version was told of."""
        return self._highest[place[0], place[1]] > place[3]


class Answers(msgspec.Struct):
    """What the worker of one kind has written."""

    said: dict[Place, Said] = {}
    heard: list[Said | Overruling] = []
    """Everything that the bedside heard of it, in the order of each partition."""
    waits: set[Place] = set()

    def read_said(self, value: bytes) -> None:
        """Take in one record of the predictions."""
        found = _said(value)
        self.heard.append(found)
        if isinstance(found, Said):
            self.said[found.source, found.resource_id, found.patient_id, found.version] = found

    def read_retry(self, value: bytes) -> None:
        """Take in one record of a retry topic."""
        waits = _retry(value)
        event: SlowEvent = waits.study if isinstance(waits, StudyRetry) else waits.note
        self.waits.add((event.source, event.resource_id, event.patient_id, event.version))


async def collect(consumer: Any, partitions: Iterable[int], kind: Kind) -> Answers:
    """Read everything that the worker of one kind has written."""
    found = Answers()
    for number in partitions:
        for record in await read_to_end(consumer, kind.predictions, number):
            found.read_said(record.value)
        for name in kind.retries:
            for record in await read_to_end(consumer, name, number):
                found.read_retry(record.value)
    return found


def compare(expected: Expected, answers: Answers, kind: Kind = STUDIES) -> tuple[dict[str, int], list[Finding]]:
    """Say what became of every version, and what is wrong: none where one is due, or one to nothing."""
    fates = Counter(_fate(place, withdrawn, expected, answers) for place, withdrawn in expected.versions.items())
    missing = fates.pop(_MISSING, 0)
    nobody = len(answers.said.keys() - expected.versions.keys())
    noun = kind.noun
    found = counted({f"{noun} without an answer": missing, f"answers to {noun} that nobody told of": nobody})
    return dict(sorted(fates.items())), found


_MISSING = "missing"


def _fate(place: Place, withdrawn: bool, expected: Expected, answers: Answers) -> str:
    if expected.is_replaced(place):
        return "replaced"
    said = answers.said.get(place)
    if said is None:
        return "waiting" if place in answers.waits else _MISSING
    if withdrawn:
        return "withdrawn"
    return "judged" if any(one.status == "ok" for one in said.predictions) else "nothing-to-say"
