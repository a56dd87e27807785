"""Questions to one PACS (QIDO-RS, WADO-RS; PS3.18 10.4 and 10.6), answered in threads of its own."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from dicomweb_client.web import DICOMwebClient, _Transaction

from streams.errors import RejectedMessage
from streams.gateways.dicomweb import metadata
from streams.gateways.dicomweb.hosts import Place, permits
from streams.gateways.dicomweb.returning import Source, in_parts, reference_of, refused_of
from streams.gateways.web.bounds import Bounds
from streams.gateways.web.failures import ServerAway
from streams.gateways.web.session import new_session
from streams.gateways.web.threads import AskedInThreads, Progress, T, nothing_more
from streams.pixels.header import Header
from streams.pixels.terms import body_part
from streams.records import ImageBasis

MIB = 1024 * 1024
LARGEST_METADATA, _LARGEST_ANSWER = 64 * MIB, 16 * MIB
"""Bytes of an answer in JSON: of what instances say of themselves, and of any other, which is held whole."""
_MOST_SERIES = 1000
_TRIES = 2
_PAUSE_S = 0.3
_A_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_UID, _MODALITY, _BODY, _COUNT = "0020000E", "00080060", "00180015", "00201209"


class SeriesFound(NamedTuple):
    """One series as the PACS lists it."""

    uid: str
    modality: str
    body_part: str
    instances: int
    """-1 where the PACS does not say."""


class InstanceBytesClient(DICOMwebClient):  # type: ignore[misc]
    """`DICOMwebClient`, which hands instances on unparsed: bytes of a stranger are parsed where memory is bounded."""

    def instance_bytes(self, study_uid: str, series_uid: str, sop_uid: str) -> bytes:
        """Retrieve one instance in the transfer syntax in which the PACS has it."""
        url = self._get_instances_url(_Transaction.RETRIEVE, study_uid, series_uid, sop_uid)
        accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
        with self._http_get(url, headers={"Accept": accept}, stream=True) as response:
            if response.headers.get("Content-Type", "").startswith("application/dicom"):
                return bytes(response.content)
            parts: Iterator[bytes] = self._decode_multipart_message(response, stream=True)
            return bytes(next(parts))

    def series_metadata(self, study_uid: str, series_uid: str) -> bytes:
        """Retrieve what every instance of a series says of itself, in JSON."""
        url = f"{self._get_series_url(_Transaction.RETRIEVE, study_uid, series_uid)}/metadata"
        accept = "application/dicom+json, application/json"
        with self._http_get(url, headers={"Accept": accept}, stream=True) as response:
            return bytes(response.content)

    def store_files(self, files: Sequence[bytes]) -> dict[str, Any]:
        """Store files (STOW-RS) in one request with its length, which not every PACS can do without."""
        body, content_type = in_parts(files)
        headers = {"Content-Type": content_type, "Accept": "application/dicom+json"}
        url = self._get_studies_url(_Transaction.STORE)
        with self._session.post(url, data=body, headers=headers, timeout=self._timeout, stream=True) as response:
            response.raise_for_status()
            answer: dict[str, Any] = response.json()
            return answer


class PacsClient(AskedInThreads[InstanceBytesClient]):
    """Asks one PACS at a base address; see `AskedInThreads`."""

    def __init__(self, place: Place, *, at_once: int, timeout_s: float, progress: Progress = nothing_more) -> None:
        super().__init__(place.pacs, at_once=at_once, timeout_s=timeout_s, progress=progress)
        self._place = place

    def _connected(self, bounds: Bounds) -> InstanceBytesClient:
        session = new_session(self._place.pacs, permits(self._place.pacs), bounds)
        client = InstanceBytesClient(self._place.url, session=session, timeout=self._timeout_s)
        # Trying again is ours: the library would also try again what must not be.
        client.set_http_retry_params(retry=False)
        return client

    async def series(self, study_uid: str) -> list[SeriesFound]:
        """List the series of a study; empty where the PACS knows none.

        Raises
        ------
        NotThere, ServerAway
            Where it may be there later (`RetryableError`).
        RejectedMessage
            ``host-not-allowed``, ``redirects``, ``too-large``, ``pacs-refused``.
        """
        found = await self._ask(
            _LARGEST_ANSWER,
            lambda client: client.search_for_series(
                study_uid, limit=_MOST_SERIES, fields=["Modality", "BodyPartExamined", _COUNT]
            ),
        )
        return [one for one in map(_series, _objects(found)) if is_uid(one.uid)]

    async def headers(self, study_uid: str, series_uid: str) -> list[Header]:
        """Return what every instance of a series says of itself; raises as `series` does.

        One whose UIDs are none, or those of another study, is left out: it could not be asked for.
        """
        wanted = study_uid, series_uid
        # Read in the thread that asked: thousands of instances would hold up everything else of the worker.
        headers = await self._ask(
            LARGEST_METADATA, lambda client: metadata.headers(client.series_metadata(study_uid, series_uid))
        )
        return [one for one in headers if (one.study_uid, one.series_uid) == wanted and is_uid(one.sop_uid)]

    async def instance(self, wanted: Header, most_bytes: int) -> bytes:
        """Return the file of one instance of at most so many bytes; raises as `series` does."""
        uids = wanted.study_uid, wanted.series_uid, wanted.sop_uid
        # Around the file stand the boundaries of a message in parts.
        return await self._ask(most_bytes + 64 * 1024, lambda client: client.instance_bytes(*uids))

    async def reference(self, basis: ImageBasis, study_uid: str) -> Source:
        """Return what results of an instance have to repeat of it: patient, study, and which it is."""
        uids = study_uid, basis.series_uid, basis.instance_uids[0]
        found = await self._ask(LARGEST_METADATA, lambda client: client.retrieve_instance_metadata(*uids))
        return reference_of(found, uids)

    async def store(self, files: Sequence[bytes]) -> None:
        """Store files in the studies that they name; ``not-stored`` where the PACS refuses any of them."""
        answer = await self._ask(_LARGEST_ANSWER, lambda client: client.store_files(files))
        if count := refused_of(answer):
            raise RejectedMessage("not-stored", "PACS", f"all {len(files)} objects stored", f"{count} of them refused")

    async def _ask(self, most_bytes: int, question: Callable[[InstanceBytesClient], T]) -> T:
        """Ask, and once more where the PACS could not be reached: a connection that it has closed meanwhile."""
        for attempt in range(_TRIES):
            try:
                return await super()._ask(most_bytes, question)
            except ServerAway as away:
                if attempt + 1 == _TRIES or away.reason not in {"connection", "status-503", "status-429"}:
                    raise
            await asyncio.sleep(_PAUSE_S * (0.5 + random.random()))  # noqa: S311 - jitter
        raise AssertionError("unreachable")


def is_uid(text: str) -> bool:
    """Tell whether a text is a DICOM UID (PS3.5 9.1), so that it means nothing else in an address."""
    return len(text) <= 64 and _A_UID.fullmatch(text) is not None


def _objects(found: object) -> list[dict[str, Any]]:
    if not isinstance(found, list):
        raise RejectedMessage("pacs-answer", "PACS", "a list in DICOM JSON", "another kind of value")
    return [one for one in found if isinstance(one, dict)]


def _series(found: dict[str, Any]) -> SeriesFound:
    def first(tag: str) -> Any:
        element = found.get(tag)
        values = element.get("Value") if isinstance(element, dict) else None
        return values[0] if isinstance(values, list) and values else None

    word = first(_BODY)
    count = first(_COUNT)
    return SeriesFound(
        str(first(_UID) or ""),
        str(first(_MODALITY) or ""),
        body_part(word) if isinstance(word, str) else "",
        int(count) if str(count).isdigit() else -1,
    )
