"""Studies that cannot be judged now: what they wait for, on which topic, and until when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams import topics
from streams.gateways.web.failures import ServerAway
from streams.inference.client import Unanswered, UnknownModel
from streams.records import SeriesAnnounced, StudyRetry, Version
from tests.unit.workers.imaging.office import FRONTAL, HOUR, NOW, SERIES, Office, letters, retry, said, study


async def test_a_version_that_was_overtaken_while_it_waited_costs_nothing(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    await office.answer(study(version=Version(last_updated=NOW)))
    office.archive.asked.clear()
    assert await office.answer(StudyRetry(study(), 1, NOW - 1000, "arriving"), topics.IMAGING_RETRIES[0]) == []
    assert office.archive.asked == []


async def test_a_study_that_is_not_all_there_waits(specs: Any) -> None:
    topic, waiting = retry(await Office(specs, FRONTAL).answer(study(instances=3)))
    assert topic == "imaging.retry.short"
    assert (waiting.attempt, waiting.since, waiting.reason, waiting.have) == (1, NOW - 1000, "arriving", 1)


async def test_a_series_that_is_not_all_there_waits_too(specs: Any) -> None:
    announced = study(instances=-1, series=(SeriesAnnounced(SERIES, "DX", 2),))
    _, waiting = retry(await Office(specs, FRONTAL).answer(announced))
    assert waiting.reason == "arriving"


async def test_after_the_deadline_what_is_there_is_judged(specs: Any) -> None:
    late = study(instances=3, received_at=NOW - HOUR)
    found = said(await Office(specs, FRONTAL).answer(late))
    assert (found.reasons, [one.status for one in found.predictions]) == (("incomplete",), ["ok"])


async def test_a_study_of_which_nothing_comes_is_given_up_after_the_deadline(specs: Any) -> None:
    assert retry(await Office(specs).answer(study()))[1].reason == "arriving"
    outs = await Office(specs).answer(study(received_at=NOW - HOUR))
    assert [one.reason for one in letters(outs)] == ["not-arrived"]
    assert said(outs).reasons == ("not-arrived",)


async def test_a_pacs_that_is_away_is_waited_for_longer_and_longer_and_then_given_up(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.error = ServerAway("connection", "main")
    ages = {1: "imaging.retry.short", 90: "imaging.retry.medium", 3000: "imaging.retry.long"}
    for age_s, topic in ages.items():
        waited = StudyRetry(study(), 4, NOW - age_s * 1000, "pacs-away:connection")
        found, waiting = retry(await office.answer(waited, topics.IMAGING_RETRIES[0]))
        assert (found, waiting.attempt, waiting.since) == (topic, 5, waited.since)
        assert waiting.reason.startswith("pacs-away:")
    given_up = await office.answer(StudyRetry(study(), 9, NOW - 80 * HOUR, "x"), topics.IMAGING_RETRIES[2])
    assert [one.reason for one in letters(given_up)] == ["pacs-away"]
    assert said(given_up).reasons == ("pacs-away",)


async def test_what_a_model_has_said_of_a_study_stands_though_its_pacs_is_away_at_the_last_try(specs: Any) -> None:
    office = Office(specs)
    office.archive.error = ServerAway("connection", "main")
    waited = StudyRetry(study(), 9, NOW - 80 * HOUR, "model-away:unavailable", told=True)
    outs = await office.answer(waited, topics.IMAGING_RETRIES[2])
    assert [out.topic for out in outs] == [topics.DEAD_LETTERS]


async def test_a_pacs_that_keeps_failing_is_left_alone_for_a_while(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.error = ServerAway("timeout", "main")
    for _ in range(10):
        await office.answer(study())
    assert len(office.archive.asked) < 10
    other = study(endpoints=("Endpoint/other",))
    office.archive.error = None
    assert [one.status for one in said(await office.answer(other)).predictions] == ["ok"]


@pytest.mark.parametrize("error", [Unanswered("unavailable", "m"), UnknownModel("m")])
async def test_a_model_that_is_away_is_waited_for(specs: Any, error: Exception) -> None:
    office = Office(specs, FRONTAL)
    office.triton.error = error
    _, waiting = retry(await office.answer(study()))
    assert waiting.reason.startswith("model-away:")


async def test_beyond_its_share_of_the_memory_a_pacs_waits_on_a_topic(specs: Any) -> None:
    office = Office(specs, FRONTAL, imaging_waiting=4)
    lane, _ = office.lanes.of(())
    lane.slots.waiting = 2
    _, waiting = retry(await office.answer(study()))
    assert (waiting.reason, office.archive.asked) == ("busy", [])
    assert said(await office.answer(study(endpoints=("Endpoint/other",)))).predictions


async def test_a_model_that_is_away_does_not_keep_back_what_another_says(specs: Any) -> None:
    section = msgspec.structs.replace(FRONTAL, sop_uid="1.2.3.2.1", series_uid="1.2.3.2", modality="CT", view="")
    office = Office(specs, FRONTAL, section)
    office.triton.away = {"section_brightness"}
    outs = await office.answer(study(instances=2))
    assert [(one.model, one.status) for one in said(outs).predictions] == [
        ("film_brightness", "ok"),
        ("section_brightness", "unavailable"),
    ]
    _, waiting = retry([out for out in outs if out.topic in topics.IMAGING_RETRIES])
    assert waiting.reason == "model-away:unavailable"
    again = await office.answer(waiting, topics.IMAGING_RETRIES[0])
    assert [out.topic for out in again] == [topics.IMAGING_RETRIES[0]]
    office.triton.away = set()
    complete = said(await office.answer(waiting, topics.IMAGING_RETRIES[0]))
    assert [one.status for one in complete.predictions] == ["ok", "ok"]


@pytest.mark.parametrize("reason", ["arriving", "busy", "pacs-away:timeout", "model-away:unavailable"])
async def test_what_another_model_says_is_said_once_whatever_the_study_has_waited_for(specs: Any, reason: str) -> None:
    section = msgspec.structs.replace(FRONTAL, sop_uid="1.2.3.2.1", series_uid="1.2.3.2", modality="CT", view="")
    office = Office(specs, FRONTAL, section)
    office.triton.away = {"section_brightness"}
    waited = StudyRetry(study(instances=2), 1, NOW - 1000, reason)
    outs = await office.answer(waited, topics.IMAGING_RETRIES[0])
    assert [one.status for one in said(outs).predictions] == ["ok", "unavailable"]
    _, waiting = retry([out for out in outs if out.topic in topics.IMAGING_RETRIES])
    assert (waiting.attempt, waiting.told) == (2, True)
    # It is remembered also where the study waits for something else in between.
    office.archive.error = ServerAway("timeout", "main")
    _, waiting = retry(await office.answer(waiting, topics.IMAGING_RETRIES[0]))
    office.archive.error = None
    _, waiting = retry(await office.answer(waiting, topics.IMAGING_RETRIES[0]))
    assert (waiting.attempt, waiting.reason) == (4, "model-away:unavailable")


async def test_while_every_model_is_away_nothing_is_said_and_the_first_that_is_back_is_heard_at_once(
    specs: Any,
) -> None:
    section = msgspec.structs.replace(FRONTAL, sop_uid="1.2.3.2.1", series_uid="1.2.3.2", modality="CT", view="")
    office = Office(specs, FRONTAL, section)
    office.triton.away = {"film_brightness", "section_brightness"}
    _, waiting = retry(await office.answer(study(instances=2)))
    assert (waiting.reason, waiting.told) == ("model-away:unavailable", False)
    office.triton.away = {"section_brightness"}
    outs = await office.answer(waiting, topics.IMAGING_RETRIES[0])
    assert [one.status for one in said(outs).predictions] == ["ok", "unavailable"]


async def test_a_model_that_stays_away_is_given_up_and_the_others_stand(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.triton.away = {"film_brightness"}
    outs = await office.answer(StudyRetry(study(), 9, NOW - 80 * HOUR, "x"), topics.IMAGING_RETRIES[2])
    assert [one.reason for one in letters(outs)] == ["model-away"]
    assert [(one.status, one.reasons) for one in said(outs).predictions] == [("unavailable", ("unavailable",))]
