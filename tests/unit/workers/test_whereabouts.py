"""Encounters over several partitions: where a patient lies follows merges and corrections, in any order of arrival."""

from __future__ import annotations

import random
from typing import Any

import pytest

from streams.records import EncounterVersion, Overruling, PatientVersion, Version
from streams.timeline.snapshot import snapshot
from tests.unit.workers.hospital import RELAY, Hospital, Message
from tests.unit.workers.versions import digested, observation

NOON = 1_700_000_000_000


def stay(patient_id: str, ward: str, version_id: int = 1, name: str = "e1", **more: Any) -> Message:
    """An Encounter as normalise hands it on; of a version beyond the first every partition is told."""
    version = Version(version_id=version_id)
    whole: dict[str, Any] = {"withdrawn": False, "received_at": 0, "start": NOON, "ward": ward} | more
    event = digested(EncounterVersion("hospital", f"Encounter/{name}", patient_id, version, **whole))
    word = Overruling("hospital", event.resource_id, event.version, patient_id, 0)
    return Message(event, word if version_id > 1 else None)


def pulse(patient_id: str) -> Message:
    return Message(observation(f"hr-{patient_id}", patient_id, NOON, Version(version_id=1), 80.0))


def merged(retired: str, survivor: str, version_id: int = 1, *, stands: bool = True) -> Message:
    said = (survivor,) if stands else ()
    version = Version(version_id=version_id)
    return Message(digested(PatientVersion("hospital", retired, retired, version, False, 0, replaced_by=said)))


def wards(record: list[Message], seed: int) -> dict[str, str]:
    """Work the record off in an order that chance decides, with restarts, and return the ward of each patient."""
    rng = random.Random(seed)
    hospital = Hospital(rng, trouble=0.2)
    hospital.send(rng.sample(record, len(record)) + rng.sample(record, 2))
    hospital.work_off()
    hospital.trouble = 0.0
    hospital.restart()
    hospital.work_off()
    found = {}
    for patient_id in hospital.judged():
        share = hospital.owners[RELAY.home(patient_id)].share
        seen = snapshot(patient_id, share.gathered(patient_id))
        found[patient_id] = "" if seen is None else seen.ward
    return found


BOTH = [pulse("p0"), pulse("p3")]


def test_the_patients_of_these_tests_live_in_different_partitions() -> None:
    assert RELAY.home("p0") != RELAY.home("p3")


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ([*BOTH, stay("p0", "North"), stay("p0", "ICU", 2)], {"p0": "ICU", "p3": ""}),
        ([*BOTH, stay("p0", "North"), stay("p3", "North", 2)], {"p0": "", "p3": "North"}),
        ([*BOTH, stay("p0", "North"), merged("p0", "p3")], {"p3": "North"}),
        ([*BOTH, stay("p0", "North"), stay("p0", "ICU", 2), merged("p0", "p3")], {"p3": "ICU"}),
        ([*BOTH, stay("p0", "North"), merged("p0", "p3"), merged("p0", "p3", 2, stands=False)],
         {"p0": "North", "p3": ""}),
        ([*BOTH, stay("p0", "North"), merged("p0", "p3"), stay("p0", "North", 2, status="finished")], {"p3": ""}),
        ([*BOTH, stay("p0", "North", start=NOON - 9), stay("p3", "ICU", name="e2"), merged("p0", "p3")],
         {"p3": "ICU"}),
    ],
    ids=["transfer", "another's", "merge", "merge and transfer", "un-merge", "merge and discharge", "two stays"],
)  # fmt: skip
def test_the_ward_is_that_of_the_record_whatever_the_order(
    record: list[Message], expected: dict[str, str], seed: int
) -> None:
    assert wards(record, seed) == expected
