"""Everybody's standing alerts held against those that must stand, and what excuses a difference."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from streams import topics
from streams.alerts.policy import Policy
from streams.alerts.watch import ALWAYS
from streams.clock import Instant
from streams.publish.headers import LEVEL, RETIRED
from streams.publish.summary import read
from streams.records import Alert
from streams.settings import Settings
from streams.transport.produce import partition_of
from streams.transport.reading import read_to_end
from streams.verify.alerted import Known, differences, must_stand, open_of
from streams.verify.evidence import Evidence
from streams.verify.expectation import Expectation
from streams.verify.findings import Finding, counted
from streams.verify.minutes import Minutes


class Recount:
    """The standing alerts of all patients, and those that must stand.

    Parameters
    ----------
    at
        How far time has passed; None: to the newest tick that the bedside has acted on, or the newest word on any of
        the patient's alerts, which may have come since that was read.
    """

    def __init__(self, expectation: Expectation, evidence: Evidence, policy: Policy, at: Instant | None) -> None:
        self._found = open_of(evidence.alerts.values())
        self._policy = policy
        passed, kept = _passed(evidence), evidence.watches
        self._known = {
            patient_id: Known(
                expectation.whole.gathered(patient_id),
                kept.get(patient_id),
                passed.get(patient_id, ALWAYS) if at is None else at,
            )
            for patient_id in expectation.patients()
        }
        self._differ: dict[str, Counter[str]] = {}
        self.count = 0
        """Alerts that must stand."""

    def run(self, minutes: Minutes) -> set[str]:
        """Assess everybody's minutes again, and return the patients whose alerts differ from what comes of that."""
        for patient_id in self._known.keys() | self._found.keys():
            expected = self._expected(patient_id, minutes)
            self.count += len(expected)
            if kinds := differences(expected, self._found.get(patient_id, {})):
                self._differ[patient_id] = kinds
        return set(self._differ)

    def excuse(self, patients: Collection[str]) -> None:
        """Hold patients whose minutes another version assessed against what that said of them then."""
        for patient_id in patients:
            expected = self._expected(patient_id, None)
            self._differ[patient_id] = differences(expected, self._found.get(patient_id, {}))

    def findings(self) -> list[Finding]:
        """Return what differs; never whose."""
        return counted(sum(self._differ.values(), Counter()))

    def _expected(self, patient_id: str, minutes: Minutes | None) -> dict[str, Alert]:
        known = self._known.get(patient_id)
        return {} if known is None else must_stand(patient_id, known, self._policy, minutes)


def _passed(evidence: Evidence) -> Mapping[str, Instant]:
    newest = dict(evidence.passed)
    for row in evidence.alerts.values():
        newest[row.patient_id] = max(newest.get(row.patient_id, row.changed_at), row.changed_at)
    return newest


async def judged_by_several(consumer: Any, settings: Settings, patients: Collection[str]) -> set[str]:
    """Return those of some patients whose scores were made by more than one version of the model or of the fusion."""
    versions: defaultdict[str, set[object]] = defaultdict(set)
    for number in sorted({partition_of(patient_id.encode(), settings.partitions) for patient_id in patients}):
        for record in await read_to_end(consumer, topics.SCORES, number):
            patient_id = record.key.decode()
            if patient_id in patients and dict(record.headers)[LEVEL] != RETIRED:
                versions[patient_id].add(_versions(record.value))
    return {patient_id for patient_id, found in versions.items() if len(found) > 1}


def _versions(value: bytes) -> object:
    score = read(value)
    return score.fusion, tuple((one.model, one.version) for one in score.models if not one.study)
