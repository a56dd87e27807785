"""A PACS that takes its time is no standstill: every answer of it is progress, and so is every decoding."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from streams.gateways.dicomweb.client import PacsClient
from streams.gateways.dicomweb.hosts import Place
from streams.gateways.web.bounds import Bounds
from streams.health import Pulse
from streams.pixels.image import Image
from streams.pixels.limits import Limits
from streams.workers.imaging.budget import Budget
from streams.workers.imaging.pictures import Darkroom, inventory
from tests.unit.workers.imaging.office import FRONTAL, MAIN, SERIES, UID, study

SECONDS = 25


class Slow(PacsClient):
    """A PACS, and decoders beside it, that take 25 s for whatever they are asked, and keep a log of it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pulse = Pulse(60.0, lambda: self.now)
        self.log: list[str] = []
        self.lived: list[bool] = []
        super().__init__(Place(MAIN, MAIN.url), at_once=1, timeout_s=30.0, progress=self.beat)

    def beat(self) -> None:
        self.log.append("beat")
        self.pulse.beat()

    def _connected(self, bounds: Bounds) -> Any:
        return self

    def _took(self, what: str) -> None:
        self.now += SECONDS
        self.log.append(what)
        self.lived.append(self.pulse.live)

    def search_for_series(self, study_uid: str, limit: int, fields: list[str]) -> list[dict[str, Any]]:
        self._took("series")
        return [_told({"0020000E": SERIES, "00080060": "DX", "00201209": 1})]

    def series_metadata(self, study_uid: str, series_uid: str) -> bytes:
        self._took("headers")
        told = {"0020000D": UID, "0020000E": SERIES, "00080018": FRONTAL.sop_uid, "00280010": 64, "00280011": 64}
        return json.dumps([_told(told)]).encode()

    def instance_bytes(self, study_uid: str, series_uid: str, sop_uid: str) -> bytes:
        self._took("instance")
        return b"a file"

    async def decode(self, content: bytes) -> Image:
        self._took("decode")
        return Image(np.zeros((64, 64), np.float32), FRONTAL)


def _told(tags: dict[str, object]) -> dict[str, Any]:
    return {tag: {"Value": [value]} for tag, value in tags.items()}


async def test_a_study_of_which_everything_takes_25_seconds_is_no_standstill_of_60() -> None:
    pacs = Slow()
    room = Darkroom(pacs, Limits(), pacs.beat)  # type: ignore[arg-type]
    [header] = (await inventory(study(), pacs, lambda _: True, 10, wait=True)).headers
    async with room.picture(header, pacs, Budget(100_000_000)) as image:
        assert image.header == FRONTAL
    assert pacs.log == ["series", "beat", "headers", "beat", "instance", "beat", "decode", "beat"]
    assert (pacs.now, pacs.lived) == (100.0, [True, True, True, True])
    pacs.close()
