"""One server of documents, asked in threads of its own."""

from __future__ import annotations

import base64
import binascii
import json
from typing import NamedTuple

import requests

from streams.errors import RejectedMessage
from streams.gateways.documents.places import permits
from streams.gateways.web.bounds import Bounds
from streams.gateways.web.session import new_session
from streams.gateways.web.threads import AskedInThreads, Progress, nothing_more
from streams.settings import DocumentServer

_ANYTHING = "text/plain, text/html;q=0.9, application/rtf;q=0.9, application/xml;q=0.8, */*;q=0.5"
_FHIR = "application/fhir+json"


class Fetched(NamedTuple):
    """A document as its server sent it."""

    content: bytes
    content_type: str


class DocumentClient(AskedInThreads[requests.Session]):
    """Fetches documents of one server; see `AskedInThreads`."""

    def __init__(
        self, server: DocumentServer, *, at_once: int, timeout_s: float, progress: Progress = nothing_more
    ) -> None:
        super().__init__(server, at_once=at_once, timeout_s=timeout_s, progress=progress)
        self._server = server

    def _connected(self, bounds: Bounds) -> requests.Session:
        return new_session(self._server, permits(self._server), bounds)

    async def fetch(self, url: str, most_bytes: int) -> Fetched:
        """Return the document at an address that `places.place_of` allowed.

        Raises
        ------
        NotThere, ServerAway
            Where it may be there later (`RetryableError`).
        RejectedMessage
            ``host-not-allowed``, ``redirects``, ``too-large``, ``server-refused``, ``attachment-base64``.
        """
        # As base64 in a FHIR Binary it is a third longer.
        return await self._ask(most_bytes * 4 // 3 + 4096, lambda session: _fetched(session, url))


def _fetched(session: requests.Session, url: str) -> Fetched:
    with session.get(url, headers={"Accept": _ANYTHING}, stream=True) as answer:
        answer.raise_for_status()
        return _document(answer.content, answer.headers.get("Content-Type", ""))


def _document(content: bytes, content_type: str) -> Fetched:
    """Return a document, also where its server hands it out as a FHIR Binary (R4 2.27)."""
    if not content_type.startswith((_FHIR, "application/json")):
        return Fetched(content, content_type)
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("resourceType") != "Binary" or not isinstance(found.get("data"), str):
        raise RejectedMessage("content-type", "attachment.url", "a document, or a FHIR Binary", "other JSON")
    try:
        data = base64.b64decode("".join(found["data"].split()), validate=True)
    except (binascii.Error, ValueError):
        raise RejectedMessage("attachment-base64", "Binary.data", "base64 (RFC 4648 4)", "another text") from None
    kind = found.get("contentType")
    return Fetched(data, kind if isinstance(kind, str) else "")
