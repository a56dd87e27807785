"""Imaging studies, counted: every version of the record ends as predictions, a stated nothing, or a wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from streams import topics
from streams.records import ImagingStudyVersion, Overruling, StudyPredictions, StudyRetry, Version
from streams.transport.reading import read_to_end
from streams.verify.findings import Finding, counted

PREFIX = "ImagingStudy/"
_said = msgspec.json.Decoder(StudyPredictions | Overruling).decode
_retry = msgspec.json.Decoder(StudyRetry).decode

Study = tuple[str, str]
"""source, resource id."""
Place = tuple[str, str, str, Version]
"""source, resource id, patient, version."""


class Expected:
    """The versions of studies that the inputs told of."""

    def __init__(self) -> None:
        self.versions: dict[Place, bool] = {}
        """With whether it is a withdrawal."""
        self._highest: dict[Study, Version] = {}

    def take(self, event: ImagingStudyVersion | Overruling) -> None:
        """Take in a version, or word that a study is another patient's or nobody's."""
        key = event.source, event.resource_id
        self._highest[key] = max(event.version, self._highest.get(key, event.version))
        if isinstance(event, ImagingStudyVersion):
            self.versions[(*key, event.patient_id, event.version)] = event.withdrawn

    def is_replaced(self, place: Place) -> bool:
        """Tell whether a higher version was told of."""
        return self._highest[place[0], place[1]] > place[3]


class Answers(msgspec.Struct):
    """What the imaging worker has written."""

    said: dict[Place, StudyPredictions] = {}
    waits: set[Place] = set()

    def read_said(self, value: bytes) -> None:
        """Take in one record of the predictions."""
        found = _said(value)
        if isinstance(found, StudyPredictions):
            self.said[found.source, found.resource_id, found.patient_id, found.version] = found

    def read_retry(self, value: bytes) -> None:
        """Take in one record of a retry topic."""
        study = _retry(value).study
        self.waits.add((study.source, study.resource_id, study.patient_id, study.version))


async def collect(consumer: Any, partitions: Iterable[int]) -> Answers:
    """Read everything that the imaging worker has written."""
    found = Answers()
    for number in partitions:
        for record in await read_to_end(consumer, topics.PREDICTIONS_IMAGING, number):
            found.read_said(record.value)
        for name in topics.IMAGING_RETRIES:
            for record in await read_to_end(consumer, name, number):
                found.read_retry(record.value)
    return found


def compare(expected: Expected, answers: Answers) -> tuple[dict[str, int], list[Finding]]:
    """Say what became of every version of a study, and what is wrong: none where one is due, or one to nothing."""
    fates = Counter(_fate(place, withdrawn, expected, answers) for place, withdrawn in expected.versions.items())
    missing = fates.pop(_MISSING, 0)
    nobody = len(answers.said.keys() - expected.versions.keys())
    found = counted({"studies without an answer": missing, "answers to studies that nobody told of": nobody})
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
