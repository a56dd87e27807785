"""The bedside worker and imaging studies: what is said of them becomes part of the state and of the next score."""

from __future__ import annotations

from typing import Any

import msgspec

from streams import topics
from streams.clock import DAY, HOUR
from streams.records import Overruling, PatientVersion, StudyPredictions, Tick, Version
from streams.timeline.timeline import STUDIES
from tests.unit.workers.bedsides import OBS, PAT, TICKS, Bedside, successor
from tests.unit.workers.fakes import START, encode, through, vitals
from tests.unit.workers.versions import film

IMAGES = topics.PREDICTIONS_IMAGING
V1, V2, VOID = Version(0, 1, 2), Version(0, 2, 3), Version(0, 3, 4)


async def say(bedside: Bedside, *said: StudyPredictions | Overruling) -> None:
    """Let the imaging worker say something of studies."""
    kept = [bedside.broker.append(IMAGES, 0, one.patient_id.encode(), encode(one)) for one in said]
    await through(bedside.work, bedside.host.run(IMAGES, kept))


def ratio(bedside: Bedside) -> Any:
    """The ratio in the patient's last score."""
    return next((m.value for m in bedside.scores[-1].models if m.finding == "cardiothoracic-ratio"), None)


async def test_a_film_makes_its_patient_due_and_is_in_the_state_before_it_is_acknowledged(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await say(bedside, film("x", "p1", START - HOUR, V1, 0.6))
    assert [score.as_of for score in bedside.scores] == [START, START]
    assert ratio(bedside) == 0.6
    assert bedside.scores[-1].basis[0] == "ImagingStudy/x"
    assert bedside.pieces(STUDIES) == [("p1", True)]
    assert bedside.host.committable(IMAGES) == 1


async def test_a_film_that_is_said_again_is_the_same_version_of_the_score(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await say(bedside, film("x", "p1", START, V1, 0.6))
    await say(bedside, film("x", "p1", START, V1, 0.6))
    assert bedside.heads[-1]["ce_id"] == bedside.heads[-2]["ce_id"] != bedside.heads[0]["ce_id"]


async def test_a_successor_knows_the_film_from_the_state_alone(bedside: Bedside) -> None:
    await say(bedside, film("x", "p1", START, V1, 0.6))
    assert bedside.scores == []
    async with successor(bedside) as other:
        await other.take(vitals())
        assert ratio(other) == 0.6


async def test_a_withdrawn_study_takes_its_ratio_back_and_the_score_is_corrected(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await say(bedside, film("x", "p1", START, V1, 0.6))
    await say(bedside, film("x", "p1", START, VOID, None))
    assert ratio(bedside) is None
    assert (bedside.scores[-1].corrected, bedside.scores[0].corrected) == (True, False)


async def test_what_was_said_of_an_older_version_is_void_before_anything_is_said_of_the_new_one(
    bedside: Bedside,
) -> None:
    await bedside.take(vitals())
    await say(bedside, film("x", "p1", START, V1, 0.6))
    await say(bedside, Overruling("hospital", "ImagingStudy/x", V2, "p1", START))
    assert ratio(bedside) is None
    await say(bedside, film("x", "p1", START, V1, 0.6))
    assert ratio(bedside) is None
    await say(bedside, film("x", "p1", START, V2, 0.5))
    assert ratio(bedside) == 0.5


async def test_a_study_that_became_another_patients_leaves_its_former_patient(bedside: Bedside) -> None:
    await bedside.take(vitals("p1"), vitals("p2"))
    await say(bedside, film("x", "p1", START, V1, 0.6))
    await say(bedside, Overruling("hospital", "ImagingStudy/x", V2, "p2", START), film("x", "p2", START, V2, 0.6))
    last = {score.patient_id: score for score in bedside.scores}
    assert ("ImagingStudy/x" in last["p1"].basis, "ImagingStudy/x" in last["p2"].basis) == (False, True)


async def test_beside_a_film_that_is_too_old_vital_signs_are_scored_and_published(bedside: Bedside) -> None:
    await say(bedside, film("x", "p1", START - 8 * DAY, V1, 0.6))
    await bedside.take(vitals())
    [score] = bedside.scores
    assert [(m.status, m.reasons) for m in score.models if m.study] == [("indeterminate", ("stale:study",))]
    assert score.level != "indeterminate"


def of_no_age(said: StudyPredictions) -> StudyPredictions:
    """The same, of a film that does not say how old the patient was."""
    open_questions = tuple(msgspec.structs.replace(one, reasons=("age:unknown",)) for one in said.predictions)
    return msgspec.structs.replace(said, predictions=open_questions)


async def test_a_film_of_unknown_age_moves_no_index_before_the_record_says_that_it_is_an_adults(
    bedside: Bedside,
) -> None:
    born = PatientVersion("hospital", "p1", "p1", Version(0, 1), False, START, birth_date="1950-03-01")
    await bedside.take(vitals())
    await say(bedside, of_no_age(film("x", "p1", START, V1, 0.7)))
    await bedside.take(born)
    without, unknown, adult = bedside.scores
    heart = [[one for one in score.models if one.finding == "cardiothoracic-ratio"] for score in bedside.scores]
    assert [(one.value, one.reasons) for found in heart for one in found] == [(0.7, ("age:unknown",)), (0.7, ())]
    assert ["imaging" in score.missing for score in bedside.scores] == [True, True, False]
    assert without.index == unknown.index
    assert {one.name for one in adult.contributions} >= {"imaging"}


async def test_predictions_of_images_are_not_published_a_second_time(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await say(bedside, film("x", "p1", START, V1, 0.6))
    assert len(bedside.host.producer.on(topics.PREDICTIONS)) == 4


async def test_a_tick_waits_for_what_is_said_of_studies(bedside: Bedside) -> None:
    await bedside.take(vitals())
    late = START + 5 * HOUR
    record = bedside.broker.append(TICKS, 0, b"0", encode(Tick(late, {OBS: 1, PAT: 0, IMAGES: 1})))
    await through(bedside.work, bedside.host.run(TICKS, [record]))
    assert not bedside.scores[-1].stale
    await say(bedside, film("x", "p1", START, V1, 0.6))
    assert bedside.scores[-1].stale
