"""One picture that a model saw, fetched again from the PACS of the settings; for people who want to look at it."""

from __future__ import annotations

from streams.errors import RetryableError
from streams.gateways.dicomweb.client import PacsClient
from streams.gateways.dicomweb.hosts import Place
from streams.gateways.web.failures import NotThere
from streams.pixels.header import Header
from streams.pixels.image import Image
from streams.pixels.limits import MIB, Limits
from streams.pixels.pool import Pool
from streams.records import ImageBasis
from streams.settings import Pacs, Settings


def limits_of(settings: Settings) -> Limits:
    """Return the bounds of one decoding at this site."""
    return Limits(
        file_bytes=settings.imaging_largest_file_mb * MIB,
        pixels=int(settings.imaging_most_megapixels * 1e6),
        memory_bytes=settings.imaging_decoder_memory_mb * MIB,
    )


async def fetch(settings: Settings, study_uid: str, basis: ImageBasis) -> Image:
    """Return the picture of a prediction; every PACS of the settings is asked in turn, and no other.

    Raises
    ------
    RetryableError, RejectedMessage
        Where none has it, or it does not decode.
    """
    wanted = Header(basis.instance_uids[0], basis.series_uid, study_uid)
    pool = Pool(1, limits := limits_of(settings))
    missing: RetryableError = NotThere("PACS: expected one in the settings that has the picture, received none")
    try:
        for pacs in settings.pacs:
            try:
                return await pool.decode(await _file(pacs, settings, wanted, limits.file_bytes), basis.frame)
            except RetryableError as error:
                missing = error
    finally:
        await pool.close()
    raise missing


async def _file(pacs: Pacs, settings: Settings, wanted: Header, most: int) -> bytes:
    client = PacsClient(Place(pacs, pacs.url), at_once=1, timeout_s=settings.imaging_request_timeout_s)
    try:
        return await client.instance(wanted, most)
    finally:
        client.close()
