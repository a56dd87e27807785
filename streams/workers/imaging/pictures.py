"""A study's pictures: what the PACS has of it, which of them the models are to see, and their pixels."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from streams.errors import RejectedMessage
from streams.gateways.dicomweb.client import PacsClient, SeriesFound
from streams.gateways.web.failures import NotThere
from streams.pixels import terms
from streams.pixels.header import Header
from streams.pixels.image import Image
from streams.pixels.limits import Limits
from streams.pixels.pool import Pool
from streams.records import ImagingStudyVersion
from streams.workers.imaging.budget import Budget

_MIB = 1024 * 1024
_SPARE = 4 * _MIB
"""Bytes of a file beside its pixels that are nothing to wonder at."""


class Arriving(NotThere):
    """Fewer instances are there than were announced."""

    def __init__(self, have: int) -> None:
        self.have = have
        super().__init__(f"study: expected all instances that are announced, received {have}; it is waited for")


class Inventory(msgspec.Struct, frozen=True):
    """What the PACS has of a study that a model may want to see."""

    headers: tuple[Header, ...]
    complete: bool
    """False where fewer instances are there than were announced."""


async def inventory(
    study: ImagingStudyVersion, client: PacsClient, may_take: Callable[[str], bool], most: int, *, wait: bool
) -> Inventory:
    """List the instances of a study in series that a model may want.

    Parameters
    ----------
    may_take
        Tells whether any model is for a modality.
    most
        Most instances of a study.
    wait
        Whether a study of which instances are missing is waited for.

    Raises
    ------
    NotThere, Arriving
        While it is waited for; NotThere also where nothing has come at all.
    RejectedMessage
        ``too-many-instances``.
    """
    found = await client.series(study.study_uid)
    if not found:
        raise NotThere("study: expected a series, received none; it is asked for again")
    have = sum(one.instances for one in found) if all(one.instances >= 0 for one in found) else -1
    if have > most:
        expected = f"at most {most} instances"
        raise RejectedMessage("too-many-instances", "study", expected, f"{have}")
    complete = have < 0 or have >= study.instances
    if not complete and wait:
        raise Arriving(have)
    headers: list[Header] = []
    for one in found:
        if may_take(one.modality):
            listed = await client.headers(study.study_uid, one.uid)
            headers += [_filled(header, one, study) for header in listed[:most]]
            complete &= len(listed) >= _announced(study, one.uid)
    if not complete and wait:
        raise Arriving(len(headers))
    return Inventory(tuple(headers), complete)


def _announced(study: ImagingStudyVersion, series_uid: str) -> int:
    return next((one.instances for one in study.series if one.uid == series_uid), -1)


def _filled(header: Header, series: SeriesFound, study: ImagingStudyVersion) -> Header:
    """Return a header with the body part that PACS or record give for its series where it says none itself."""
    return msgspec.structs.replace(
        header,
        modality=header.modality or series.modality,
        body_part=header.body_part or series.body_part or body_part_told(study, series.uid),
    )


def body_part_told(study: ImagingStudyVersion, series_uid: str) -> str:
    """Return the body part that the record gives for a series; empty where it gives none."""
    codes = [one.body_site for one in study.series if one.uid == series_uid and one.body_site]
    return terms.body_part("", *codes)


class Darkroom:
    """Fetches and decodes pictures, holding no more bytes than the budget has.

    Parameters
    ----------
    progress
        Called after each decoding, which may take as long as the request for its file: it is no stall.
    """

    def __init__(self, pool: Pool, limits: Limits, progress: Callable[[], None]) -> None:
        self._pool, self._limits, self._progress = pool, limits, progress

    @asynccontextmanager
    async def picture(self, wanted: Header, client: PacsClient, budget: Budget) -> AsyncIterator[Image]:
        """Hand out the picture of one instance; its bytes are counted as long as the block holds it.

        Raises
        ------
        RejectedMessage
            Where the file is no picture within the limits (`streams.pixels`), or ``other-instance``: it is not the one
            that was asked for.
        RetryableError
            Where it cannot be had now.
        """
        size = min(wanted.raw_bytes * 5 // 4 + _SPARE, self._limits.file_bytes)
        shown = 4 * wanted.rows * wanted.columns
        async with budget.reserve(size + shown):
            image = await self._decoded(await client.instance(wanted, size))
            yield image._replace(header=_checked(image.header, wanted))

    async def _decoded(self, content: bytes) -> Image:
        try:
            return await self._pool.decode(content)
        finally:
            self._progress()


def _checked(told: Header, asked: Header) -> Header:
    """Return what the file says of itself, with the body part that only the series told of."""
    if (told.study_uid, told.series_uid, told.sop_uid) != (asked.study_uid, asked.series_uid, asked.sop_uid):
        raise RejectedMessage("other-instance", "instance", "the instance that was asked for", "another one")
    return msgspec.structs.replace(told, body_part=told.body_part or asked.body_part)
