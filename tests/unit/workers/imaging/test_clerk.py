"""What goes out for a study, whatever becomes of it: predictions, a wait, a dead letter, never nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from bench.imaging_models import write_repository
from streams import topics
from streams.clock import FixedClock
from streams.errors import ContractError, RejectedMessage
from streams.gateways.dicomweb.client import SeriesFound
from streams.gateways.dicomweb.failures import PacsAway
from streams.inference.client import Unanswered, UnknownModel
from streams.inference.imaging_manifest import ImagingManifest
from streams.inference.repository import discover_imaging
from streams.pixels.header import Header
from streams.pixels.image import Image
from streams.pixels.limits import Limits
from streams.records import (
    DeadLetter,
    ImagingStudyVersion,
    Overruling,
    SeriesAnnounced,
    StudyPredictions,
    StudyRetry,
    Version,
)
from streams.settings import Pacs, Settings
from streams.transport.produce import Out
from streams.transport.runs import Run
from streams.workers.imaging.clerk import Clerk
from streams.workers.imaging.lanes import Lanes
from streams.workers.imaging.models import Models
from streams.workers.imaging.pictures import Darkroom
from tests.unit.workers.fakes import Rec

NOW, HOUR = 1_740_830_400_000, 3_600_000
UID, SERIES = "1.2.3", "1.2.3.1"
MAIN = Pacs(name="main", url="http://127.0.0.1:1/dicom-web", endpoints=("main",))
OTHER = Pacs(name="other", url="http://127.0.0.1:2/dicom-web", endpoints=("other",))
FRONTAL = Header("1.2.3.1.1", SERIES, UID, modality="DX", body_part="CHEST", view="PA", rows=64, columns=64, bits=16)


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImagingManifest, ...]:
    return discover_imaging(write_repository(tmp_path_factory.mktemp("models")))


class Archive:
    """Stands for the client of a PACS and for the decoding processes."""

    def __init__(self, *headers: Header) -> None:
        self.listed = list(headers)
        self.files: dict[str, Header] = {}
        self.error: Exception | None = None
        self.undecodable: set[str] = set()
        self.asked: list[str] = []

    async def series(self, study_uid: str) -> list[SeriesFound]:
        self.asked.append(study_uid)
        if self.error is not None:
            raise self.error
        uids = dict.fromkeys((one.series_uid, one.modality) for one in self.listed)
        return [SeriesFound(u, m, "", sum(one.series_uid == u for one in self.listed)) for u, m in uids]

    async def headers(self, study_uid: str, series_uid: str) -> list[Header]:
        return [one for one in self.listed if one.series_uid == series_uid]

    async def instance(self, wanted: Header, most_bytes: int) -> bytes:
        return wanted.sop_uid.encode()

    async def decode(self, content: bytes) -> Image:
        uid = content.decode()
        if uid in self.undecodable:
            raise RejectedMessage("undecodable", "instance", "pixels", "others")
        [header] = [one for one in self.listed if one.sop_uid == uid]
        return Image(np.linspace(0, 4095, 64 * 64, dtype=np.float32).reshape(64, 64), self.files.get(uid, header))


class Triton:
    """Answers with the mean of the picture."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked: list[str] = []

    async def infer(self, model: str, version: str, tensors: Any) -> dict[str, Any]:
        self.asked.append(model)
        if self.error is not None:
            raise self.error
        picture = tensors["picture"]
        cells = picture.reshape(1, 8, 8, 8, 8).mean((2, 4)).astype(np.float32)
        return {"bright": picture.mean((2, 3)).astype(np.float32), "heat": cells}


class Office:
    """A clerk with everything around it."""

    def __init__(self, specs: tuple[ImagingManifest, ...], *headers: Header, **settings: Any) -> None:
        self.archive, self.triton, self.clock = Archive(*headers), Triton(), FixedClock(NOW)
        found = Settings(**{"pacs": (MAIN, OTHER), **settings})
        self.lanes = Lanes(found)
        for lane in self.lanes._lanes.values():
            lane._client = lambda url: self.archive  # type: ignore[method-assign, assignment, return-value]
        darkroom = Darkroom(self.archive, Limits(), lambda: None)  # type: ignore[arg-type]
        self.clerk = Clerk(found, Models(specs, self.triton, 5.0), self.lanes, darkroom, self.clock)

    async def answer(self, said: Any, topic: str = topics.EVENTS_IMAGING) -> list[Out]:
        record = Rec(7, said if isinstance(said, bytes) else msgspec.json.encode(said), timestamp=NOW)
        return await self.clerk.answer(record, Run(topic, 3, (record,), 1))


def study(**changes: Any) -> ImagingStudyVersion:
    whole: dict[str, Any] = {
        "source": "hospital", "resource_id": "ImagingStudy/s1", "patient_id": "p1",
        "version": Version(last_updated=NOW - HOUR), "withdrawn": False, "received_at": NOW - 1000, "study_uid": UID,
        "started_at": NOW - 2 * HOUR, "instances": 1,
    }  # fmt: skip
    return ImagingStudyVersion(**(whole | changes))


def said(outs: list[Out]) -> StudyPredictions:
    [out] = [one for one in outs if one.topic == topics.PREDICTIONS_IMAGING]
    assert (out.key, out.partition) == (b"p1", 3)
    return msgspec.json.decode(out.value or b"", type=StudyPredictions)


def retry(outs: list[Out]) -> tuple[str, StudyRetry]:
    [out] = outs
    assert (out.key, out.partition) == (b"p1", 3)
    return out.topic, msgspec.json.decode(out.value or b"", type=StudyRetry)


def letters(outs: list[Out]) -> list[DeadLetter]:
    return [msgspec.json.decode(o.value or b"", type=DeadLetter) for o in outs if o.topic == topics.DEAD_LETTERS]


async def test_a_study_is_answered_by_every_model_that_takes_it(specs: Any) -> None:
    section = msgspec.structs.replace(FRONTAL, sop_uid="1.2.3.2.1", series_uid="1.2.3.2", modality="CT", view="")
    found = said(await Office(specs, FRONTAL, section).answer(study(instances=2)))
    assert [(one.model, one.status) for one in found.predictions] == [
        ("film_brightness", "ok"),
        ("section_brightness", "ok"),
    ]
    assert [one.basis.instance_uids for one in found.predictions if one.basis] == [("1.2.3.1.1",), ("1.2.3.2.1",)]
    assert (found.as_of, found.received_at, found.version, found.reasons) == (
        NOW - 2 * HOUR,
        NOW - 1000,
        study().version,
        (),
    )


async def test_a_study_without_its_time_is_as_of_its_last_change(specs: Any) -> None:
    found = said(await Office(specs, FRONTAL).answer(study(started_at=None)))
    assert found.as_of == NOW - HOUR


async def test_a_study_that_no_model_is_for_says_so_and_voids_what_was_said(specs: Any) -> None:
    lateral = msgspec.structs.replace(FRONTAL, view="LL")
    found = said(await Office(specs, lateral).answer(study()))
    assert (found.predictions, found.reasons) == ((), ("view", "modality"))


async def test_announced_modalities_that_no_model_is_for_spare_the_question(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    found = said(await office.answer(study(modalities=("MR", "US"))))
    assert (found.reasons, office.archive.asked) == (("modality",), [])


async def test_without_a_model_everything_is_skipped() -> None:
    found = said(await Office((), FRONTAL).answer(study()))
    assert found.reasons == ("no-model",)


async def test_the_body_part_of_the_record_counts_where_the_picture_says_none(specs: Any) -> None:
    nameless = msgspec.structs.replace(FRONTAL, body_part="")
    assert said(await Office(specs, nameless).answer(study())).reasons == ("body-part:unknown", "modality")
    told = study(series=(SeriesAnnounced(SERIES, "DX", 1, "51185008"),))
    assert [one.status for one in said(await Office(specs, nameless).answer(told)).predictions] == ["ok"]


async def test_what_the_file_itself_says_has_the_last_word(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.files[FRONTAL.sop_uid] = msgspec.structs.replace(FRONTAL, view="LL")
    [one] = said(await office.answer(study())).predictions
    assert (one.status, one.reasons, one.reading) == ("indeterminate", ("view",), None)


async def test_another_instance_than_was_asked_for_is_refused(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.files[FRONTAL.sop_uid] = msgspec.structs.replace(FRONTAL, study_uid="1.2.4")
    outs = await office.answer(study())
    assert [one.reason for one in letters(outs)] == ["other-instance"]
    assert said(outs).predictions[0].reasons == ("other-instance",)


async def test_a_damaged_picture_does_not_keep_back_the_other_model(specs: Any) -> None:
    section = msgspec.structs.replace(FRONTAL, sop_uid="1.2.3.2.1", series_uid="1.2.3.2", modality="CT", view="")
    office = Office(specs, FRONTAL, section)
    office.archive.undecodable.add(FRONTAL.sop_uid)
    outs = await office.answer(study(instances=2))
    assert [(one.status, one.reasons) for one in said(outs).predictions] == [
        ("indeterminate", ("undecodable",)),
        ("ok", ()),
    ]
    [letter] = letters(outs)
    assert (letter.reason, letter.topic, letter.partition, letter.offset) == (
        "undecodable",
        topics.EVENTS_IMAGING,
        3,
        7,
    )


async def test_a_withdrawn_study_says_so_and_asks_nobody(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    found = said(await office.answer(study(withdrawn=True)))
    assert (found.withdrawn, found.predictions, office.archive.asked) == (True, (), [])


async def test_word_to_all_partitions_is_handed_on(specs: Any) -> None:
    word = Overruling("hospital", "ImagingStudy/s1", Version(last_updated=NOW), "", NOW)
    [out] = await Office(specs, FRONTAL).answer(word)
    assert (out.topic, out.partition, out.key) == (topics.PREDICTIONS_IMAGING, 3, b"overruling")
    assert msgspec.json.decode(out.value or b"", type=Overruling) == word


async def test_a_version_that_was_overtaken_while_it_waited_costs_nothing(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    await office.answer(study(version=Version(last_updated=NOW)))
    office.archive.asked.clear()
    assert await office.answer(StudyRetry(study(), 1, NOW - 1000, "arriving"), topics.IMAGING_RETRIES[0]) == []
    assert office.archive.asked == []


async def test_the_same_version_told_again_is_answered_again(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    first, again = said(await office.answer(study())), said(await office.answer(study()))
    assert first == again


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
    office.archive.error = PacsAway("connection", "main")
    ages = {1: "imaging.retry.short", 90: "imaging.retry.medium", 3000: "imaging.retry.long"}
    for age_s, topic in ages.items():
        waited = StudyRetry(study(), 4, NOW - age_s * 1000, "pacs-away:connection")
        found, waiting = retry(await office.answer(waited, topics.IMAGING_RETRIES[0]))
        assert (found, waiting.attempt, waiting.since) == (topic, 5, waited.since)
        assert waiting.reason.startswith("pacs-away:")
    given_up = await office.answer(StudyRetry(study(), 9, NOW - 80 * HOUR, "x"), topics.IMAGING_RETRIES[2])
    assert [one.reason for one in letters(given_up)] == ["pacs-away"]


async def test_a_pacs_that_keeps_failing_is_left_alone_for_a_while(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.error = PacsAway("timeout", "main")
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


async def test_a_model_that_refuses_its_tensors_says_nothing_to_be_believed(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.triton.error = ContractError("shapes")
    [one] = said(await office.answer(study())).predictions
    assert (one.status, one.reasons) == ("indeterminate", ("contract",))


async def test_an_endpoint_off_the_list_is_refused_unasked(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    outs = await office.answer(study(endpoints=("http://evil.example/",)))
    assert [one.reason for one in letters(outs)] == ["endpoint-not-allowed"]
    assert office.archive.asked == []


async def test_a_study_with_too_many_instances_is_refused(specs: Any) -> None:
    headers = [msgspec.structs.replace(FRONTAL, sop_uid=f"1.2.3.1.{n}") for n in range(4)]
    outs = await Office(specs, *headers, imaging_most_instances=3).answer(study())
    assert [one.reason for one in letters(outs)] == ["too-many-instances"]


async def test_beyond_its_share_of_the_memory_a_pacs_waits_on_a_topic(specs: Any) -> None:
    office = Office(specs, FRONTAL, imaging_waiting=4)
    lane, _ = office.lanes.of(())
    lane.waiting = 2
    _, waiting = retry(await office.answer(study()))
    assert (waiting.reason, office.archive.asked) == ("busy", [])
    assert said(await office.answer(study(endpoints=("Endpoint/other",)))).predictions


async def test_what_is_no_record_of_ours_stops_the_worker(specs: Any) -> None:
    with pytest.raises(ContractError):
        await Office(specs, FRONTAL).answer(b"{}")


async def test_every_byte_is_given_back(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.undecodable.add(FRONTAL.sop_uid)
    await office.answer(study())
    lane, _ = office.lanes.of(())
    assert (lane.budget.held, lane.waiting) == (0, 0)
