"""A clerk of the imaging worker with a PACS, decoders and Triton in memory, and what it says."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from streams import topics
from streams.clock import FixedClock
from streams.errors import RejectedMessage
from streams.gateways.dicomweb.client import SeriesFound
from streams.inference.client import Unanswered
from streams.inference.imaging_manifest import ImagingManifest
from streams.pixels.header import Header
from streams.pixels.image import Image
from streams.pixels.limits import Limits
from streams.records import (
    DeadLetter,
    ImagingStudyVersion,
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
        self.away: set[str] = set()
        self.asked: list[str] = []

    async def infer(self, model: str, version: str, tensors: Any) -> dict[str, Any]:
        self.asked.append(model)
        if self.error is not None:
            raise self.error
        if model in self.away:
            raise Unanswered("unavailable", model)
        picture = tensors["picture"]
        cells = picture.reshape(1, 8, 8, 8, 8).mean((2, 4)).astype(np.float32)
        return {"bright": picture.mean((2, 3)).astype(np.float32), "heat": cells}


class Office:
    """A clerk with everything around it."""

    def __init__(self, specs: tuple[ImagingManifest, ...], *headers: Header, **settings: Any) -> None:
        self.archive, self.triton, self.clock = Archive(*headers), Triton(), FixedClock(NOW)
        found = Settings(**{"pacs": (MAIN, OTHER), **settings})
        self.lanes = Lanes(found, lambda: None)
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
