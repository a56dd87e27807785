"""The bedside worker and where its patients lie: admissions, transfers and discharges publish."""

from __future__ import annotations

from typing import Any

from streams.publish.headers import BED, WARD
from streams.records import (
    EncounterVersion,
    Overruling,
    PatientVersion,
    Version,
)
from tests.unit.workers.bedsides import Bedside, successor
from tests.unit.workers.fakes import HOUR, START, vitals


def stay(version: int, ward: str, bed: str = "", patient_id: str = "p1", **more: Any) -> EncounterVersion:
    return EncounterVersion(
        "hospital", "Encounter/e1", patient_id, Version(version_id=version), False, START, ward=ward, bed=bed, **more
    )


async def test_an_admission_alone_publishes_the_score_again_with_ward_and_bed(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.take(stay(1, "North", "12"))
    before, after = bedside.scores
    assert [(s.ward, s.bed, s.as_of) for s in (before, after)] == [("", "", START), ("North", "12", START)]
    assert before.version_id != after.version_id
    assert (after.level, after.index, after.corrected) == (before.level, before.index, False)
    assert (bedside.heads[1][WARD], bedside.heads[1][BED]) == (b"North", b"12")


async def test_a_transfer_alone_is_a_new_version_and_a_discharge_leaves_the_ward(bedside: Bedside) -> None:
    await bedside.take(vitals(), stay(1, "North", "12"))
    await bedside.take(stay(2, "ICU", "3"))
    await bedside.take(stay(3, "ICU", "3", status="finished", end=START + HOUR))
    assert [(s.ward, s.bed) for s in bedside.scores] == [("North", "12"), ("ICU", "3"), ("", "")]
    assert len({s.version_id for s in bedside.scores}) == 3
    assert WARD not in bedside.heads[2]


async def test_an_encounter_that_comes_before_any_fact_is_known_when_the_fact_comes(bedside: Bedside) -> None:
    await bedside.take(stay(1, "North"))
    await bedside.take(vitals())
    assert [s.ward for s in bedside.scores] == ["North"]


async def test_a_redelivered_encounter_publishes_the_same_version_again(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.take(stay(1, "North"))
    await bedside.take(stay(1, "North"))
    assert bedside.heads[1]["ce_id"] == bedside.heads[2]["ce_id"]


async def test_an_encounter_that_moves_to_another_patient_takes_its_ward_along(bedside: Bedside) -> None:
    await bedside.take(vitals("p1"), vitals("p2"), stay(1, "North"))
    await bedside.take(stay(2, "North", patient_id="p2"), Overruling("hospital", "Encounter/e1", Version(version_id=2),
                                                                     "p2", START))  # fmt: skip
    assert {s.patient_id: s.ward for s in bedside.scores} == {"p1": "", "p2": "North"}


async def test_a_successor_knows_where_its_patients_lie(bedside: Bedside) -> None:
    await bedside.take(stay(1, "North", "12"), vitals())
    async with successor(bedside) as second:
        await second.take(vitals())
        assert [(s.ward, s.bed) for s in second.scores] == [("North", "12")]
        assert bedside.heads[0]["ce_id"] == second.heads[0]["ce_id"]


async def test_demographics_alone_publish_the_score_again_where_they_change_it(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.take(PatientVersion("hospital", "p1", "p1", Version(), False, START, "1950", "female"))
    before, after = bedside.scores
    assert before.version_id != after.version_id
