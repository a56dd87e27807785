"""The bedside worker and clinical notes: what is said of them becomes part of the state and of the next score."""

from __future__ import annotations

from typing import Any

from streams import topics
from streams.clock import HOUR
from streams.records import NotePredictions, Overruling, Version
from streams.timeline.timeline import STUDIES
from tests.unit.workers.bedsides import Bedside, successor
from tests.unit.workers.fakes import START, encode, through, vitals
from tests.unit.workers.versions import film, note

NOTES = topics.PREDICTIONS_NOTES
V1, V2, VOID = Version(0, 1, 2), Version(0, 2, 3), Version(0, 3, 4)


async def say(bedside: Bedside, *said: NotePredictions | Overruling, topic: str = NOTES) -> None:
    """Let the notes worker say something of notes."""
    kept = [bedside.broker.append(topic, 0, one.patient_id.encode(), encode(one)) for one in said]
    await through(bedside.work, bedside.host.run(topic, kept))


def heart(bedside: Bedside) -> Any:
    """What the patient's last score says of the notes."""
    return next((m.value for m in bedside.scores[-1].models if m.finding == "cardiovascular"), None)


async def test_a_note_makes_its_patient_due_and_is_in_the_state_before_it_is_acknowledged(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await say(bedside, note("x", "p1", START - HOUR, V1, 0.9))
    assert [score.as_of for score in bedside.scores] == [START, START]
    assert heart(bedside) == 0.9
    assert bedside.scores[-1].basis[0] == "DocumentReference/x"
    assert bedside.pieces(STUDIES) == [("p1", True)]
    assert bedside.host.committable(NOTES) == 1


async def test_a_note_raises_no_level_and_little_of_the_index(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await say(bedside, note("x", "p1", START, V1, 0.99))
    before, after = bedside.scores
    assert after.level == before.level
    assert before.index is not None
    assert after.index is not None
    assert before.index <= after.index < before.index + 10


async def test_a_successor_knows_notes_and_films_from_the_state_alone(bedside: Bedside) -> None:
    await say(bedside, note("x", "p1", START, V1, 0.9))
    await say(bedside, film("x", "p1", START, V1, 0.6), topic=topics.PREDICTIONS_IMAGING)
    async with successor(bedside) as other:
        await other.take(vitals())
        assert heart(other) == 0.9
        assert other.scores[-1].basis[:2] == ("ImagingStudy/x", "DocumentReference/x")


async def test_a_withdrawn_note_takes_its_word_back_and_the_score_is_corrected(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await say(bedside, note("x", "p1", START, V1, 0.9))
    await say(bedside, note("x", "p1", START, VOID, None))
    assert heart(bedside) is None
    assert (bedside.scores[-1].corrected, bedside.scores[0].corrected) == (True, False)


async def test_a_note_that_takes_anothers_place_corrects_the_score(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await say(bedside, note("x", "p1", START, V1, 0.9))
    await say(bedside, note("y", "p1", START, V1, 0.2, replaces=("DocumentReference/x",)))
    assert (heart(bedside), bedside.scores[-1].corrected) == (0.2, True)


async def test_what_was_said_of_an_older_version_is_void_before_anything_is_said_of_the_new_one(
    bedside: Bedside,
) -> None:
    await bedside.take(vitals())
    await say(bedside, note("x", "p1", START, V1, 0.9))
    await say(bedside, Overruling("hospital", "DocumentReference/x", V2, "p1", START))
    assert heart(bedside) is None
    await say(bedside, note("x", "p1", START, V2, 0.3))
    assert heart(bedside) == 0.3


async def test_predictions_of_notes_are_not_published_a_second_time(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await say(bedside, note("x", "p1", START, V1, 0.9))
    assert len(bedside.host.producer.on(topics.PREDICTIONS)) == 4
