"""What goes back to the PACS: only where it is switched on, only once the prediction stands, and never at its cost."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import msgspec
import numpy as np
import pydicom
import pytest

from bench.films import dataset
from streams import topics
from streams.errors import RejectedMessage
from streams.gateways.web.failures import ServerAway
from streams.records import Version
from streams.transport.runs import Run
from tests.unit.workers.fakes import Rec
from tests.unit.workers.imaging.office import FRONTAL, MAIN, NOW, Office, letters, retry, said, study

RECORD = Rec(7, msgspec.json.encode(study()), timestamp=NOW)
RUN = Run(topics.EVENTS_IMAGING, 3, (RECORD,), 1)
GIVING = MAIN.model_copy(update={"store_results": True})


class Desk(Office):
    """An office whose PACS takes objects, or does not."""

    def __init__(self, specs: Any, **settings: Any) -> None:
        super().__init__(specs, FRONTAL, **({"pacs": (GIVING,)} | settings))
        self.stored: list[bytes] = []
        self.refusal: Exception | None = None
        self.unknown: Exception | None = None
        self.archive.reference, self.archive.store = self.reference, self.store  # type: ignore[attr-defined]

    async def reference(self, basis: Any, study_uid: str) -> Any:
        if self.unknown is not None:
            raise self.unknown
        found = dataset(
            np.zeros((64, 64), np.uint16), study_uid, PatientBirthDate="", PatientSex="", AccessionNumber=""
        )
        found.ReferringPhysicianName = ""
        del found.PixelData
        return found

    async def store(self, files: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.stored += files

    async def after(self) -> list[Any]:
        return await self.clerk.after(RECORD, RUN)


async def test_where_it_is_not_switched_on_nothing_is_stored(specs: Any) -> None:
    office = Desk(specs, pacs=(MAIN,))
    await office.answer(study())
    assert (await office.after(), office.stored) == ([], [])


async def test_a_drawing_is_stored_after_the_prediction_and_once(specs: Any) -> None:
    office = Desk(specs)
    assert said(await office.answer(study())).predictions[0].status == "ok"
    assert office.stored == []
    assert await office.after() == []
    [drawing] = [pydicom.dcmread(BytesIO(one)) for one in office.stored]
    assert drawing.SOPClassUID == pydicom.uid.SecondaryCaptureImageStorage
    assert (await office.after(), len(office.stored)) == ([], 1)


async def test_a_pacs_that_does_not_take_it_now_makes_the_study_wait_behind_its_prediction(specs: Any) -> None:
    office = Desk(specs)
    await office.answer(study())
    office.refusal = ServerAway("connection", "main")
    _, waiting = retry(await office.after())
    assert waiting.reason == "not-stored"
    office.refusal = None
    again = Rec(8, msgspec.json.encode(waiting), timestamp=NOW)
    run = Run(topics.IMAGING_RETRIES[0], 3, (again,), 1)
    assert said(await office.clerk.answer(again, run)).predictions[0].status == "ok"
    assert await office.clerk.after(again, run) == []
    assert len(office.stored) == 1


async def test_a_study_that_waits_for_a_model_and_for_its_pacs_waits_once_at_every_try(specs: Any) -> None:
    second = msgspec.structs.replace(specs[0], name="second_brightness")
    office = Desk((specs[0], second))
    office.triton.away, office.refusal = {"second_brightness"}, ServerAway("status-507", "main")
    record, run = RECORD, RUN
    for attempt in (1, 2, 3):
        outs = await office.clerk.answer(record, run) + await office.clerk.after(record, run)
        _, waiting = retry([out for out in outs if out.topic in topics.IMAGING_RETRIES])
        assert (waiting.attempt, waiting.reason) == (attempt, "model-away:unavailable")
        record = Rec(7 + attempt, msgspec.json.encode(waiting), timestamp=NOW)
        run = Run(topics.IMAGING_RETRIES[0], 3, (record,), 1)
    office.triton.away, office.refusal = set(), None
    outs = await office.clerk.answer(record, run) + await office.clerk.after(record, run)
    assert [one.status for one in said(outs).predictions] == ["ok", "ok"]
    assert (len(outs), len(office.stored)) == (1, 2)


async def test_who_may_not_store_is_told_once_the_study_waits_for_no_model_any_more(specs: Any) -> None:
    second = msgspec.structs.replace(specs[0], name="second_brightness")
    office = Desk((specs[0], second))
    office.triton.away, office.refusal = {"second_brightness"}, ServerAway("status-403", "main")
    await office.answer(study())
    assert await office.after() == []
    office.triton.away = set()
    await office.answer(study())
    assert [one.reason for one in letters(await office.after())] == ["not-stored"]


async def test_what_was_said_stands_while_a_model_is_away_as_its_drawing_is_tried_again(specs: Any) -> None:
    second = msgspec.structs.replace(specs[0], name="second_brightness")
    office = Desk((specs[0], second))
    await office.answer(study())
    office.refusal = ServerAway("connection", "main")
    _, waiting = retry(await office.after())
    office.triton.away = {"second_brightness"}
    topic, again = retry(await office.answer(waiting, topics.IMAGING_RETRIES[0]))
    assert (topic, again.reason) == (topics.IMAGING_RETRIES[0], "model-away:unavailable")


async def test_what_is_not_stored_for_too_long_or_refused_is_a_dead_letter(specs: Any) -> None:
    office = Desk(specs, imaging_give_up_s=0.5)
    await office.answer(study())
    office.refusal = ServerAway("connection", "main")
    assert [one.reason for one in letters(await office.after())] == ["not-stored"]
    office.refusal = RejectedMessage("not-stored", "PACS", "all stored", "1 refused")
    await office.answer(study())
    assert [one.reason for one in letters(await office.after())] == ["not-stored"]


@pytest.mark.parametrize("refusal", [ServerAway("status-403", "main"), ValueError("odd")])
async def test_a_pacs_that_lets_nobody_store_is_not_asked_again_and_goes_on_being_read(
    specs: Any, refusal: Exception
) -> None:
    office = Desk(specs)
    office.refusal = refusal
    for _ in range(6):
        await office.answer(study())
        [letter] = letters(await office.after())
        assert letter.reason == "not-stored"
    assert said(await office.answer(study())).predictions[0].status == "ok"


async def test_what_was_found_in_a_version_that_is_overtaken_meanwhile_is_not_stored(specs: Any) -> None:
    office = Desk(specs)
    await office.answer(study())
    office.clerk._known.hear(study(version=Version(last_updated=NOW)))
    assert (await office.after(), office.stored) == ([], [])


async def test_a_drawing_that_cannot_be_made_costs_no_prediction(specs: Any) -> None:
    office = Desk(specs)
    office.unknown = RejectedMessage("pacs-answer", "PACS", "the instance", "something else")
    assert said(await office.answer(study())).predictions[0].status == "ok"
    assert [one.reason for one in letters(await office.after())] == ["not-stored"]
