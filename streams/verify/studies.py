"""What became of every imaging study that the record announced: nothing of them may be lost on the way to a PACS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from streams.records import ImagingStudyVersion, Overruling, StudyPredictions, StudyRetry, Version
from streams.timeline.timeline import Timeline

Key = tuple[str, str, str]
"""patient, source, resource id."""


class StudyCount:
    """The highest version of each study that was announced, that was heard of, and that waits for another try."""

    def __init__(self) -> None:
        self._announced: dict[Key, Version] = {}
        self._said: dict[Key, Version] = {}
        self._waiting: dict[Key, Version] = {}
        self._highest: dict[tuple[str, str], Version] = {}
        """Of each resource, whoever's it is: a lower one is not looked at any more."""

    def announce(self, study: ImagingStudyVersion) -> None:
        """Note a study of the record."""
        _note(self._announced, (study.patient_id, study.source, study.resource_id), study.version)
        _note(self._highest, (study.source, study.resource_id), study.version)

    def overrule(self, word: Overruling) -> None:
        """Note a version that may name nobody any more."""
        _note(self._highest, (word.source, word.resource_id), word.version)

    def hear(self, said: StudyPredictions) -> None:
        """Note that something was said of a study."""
        _note(self._said, (said.patient_id, said.source, said.resource_id), said.version)

    def wait(self, retry: StudyRetry) -> None:
        """Note that a study waited for another try at some time."""
        study = retry.study
        _note(self._waiting, (study.patient_id, study.source, study.resource_id), study.version)

    @property
    def lost(self) -> int:
        """Return how many studies nothing was said of though they do not wait and nothing has overtaken them."""
        newest = [key for key, version in self._announced.items() if version == self._highest[key[1:]]]
        known = [self._said, self._waiting]
        return sum(not any(there.get(key) == self._announced[key] for there in known) for key in newest)

    def fates(self, timelines: Mapping[str, Timeline]) -> dict[str, int]:
        """Return what became of the studies that anything was announced or said of."""
        keys = self._announced.keys() | self._said.keys()
        return dict(sorted(Counter(self._fate(key, timelines) for key in keys).items()))

    def _fate(self, key: Key, timelines: Mapping[str, Timeline]) -> str:
        patient_id, *resource = key
        if key not in self._said:
            return "not-judged-yet"
        studies = timelines[patient_id].studies
        held = studies.held.get((resource[0], resource[1]))
        if held is None:
            return "aged-out"
        if held.withdrawn:
            return "withdrawn"
        if held.key not in {one.key for one in studies.standing()}:
            return "overtaken" if held.findings else "nothing-to-judge"
        return "judged" if any(one.status == "ok" for one in held.findings) else "refused"


def _note(where: dict, key: tuple[str, ...], version: Version) -> None:  # type: ignore[type-arg]
    where[key] = max(where.get(key, version), version)
