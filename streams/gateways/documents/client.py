"""One server of documents, asked in threads of its own."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import requests

from streams.errors import ContractError, RejectedMessage
from streams.gateways.documents.places import permits
from streams.gateways.web.bounds import Bounds
from streams.gateways.web.failures import ServerAway, meaning
from streams.gateways.web.session import new_session
from streams.settings import DocumentServer

_ANYTHING = "text/plain, text/html;q=0.9, application/rtf;q=0.9, application/xml;q=0.8, */*;q=0.5"
_FHIR = "application/fhir+json"


class Fetched(NamedTuple):
    """A document as its server sent it."""

    content: bytes
    content_type: str


class DocumentClient:
    """Fetches documents; at most so many requests are under way at once.

    Parameters
    ----------
    server
        Whom it asks, and nobody else.
    at_once
        Requests under way, each in a thread with a session of its own.
    timeout_s
        Seconds of one request, to its last byte.
    """

    def __init__(self, server: DocumentServer, *, at_once: int, timeout_s: float) -> None:
        self._server, self._timeout_s = server, timeout_s
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=f"documents-{server.name}")
        self._own = threading.local()
        self._bounds: list[Bounds] = []

    async def fetch(self, url: str, most_bytes: int) -> Fetched:
        """Return the document at an address that `places.place_of` allowed.

        Raises
        ------
        NotThere, ServerAway
            Where it may be there later (`RetryableError`).
        RejectedMessage
            ``host-not-allowed``, ``redirects``, ``too-large``, ``server-refused``, ``attachment-base64``.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._asked, url, most_bytes)

    def _asked(self, url: str, most_bytes: int) -> Fetched:
        name = self._server.name
        try:
            session, bounds = self._mine()
            # As base64 in a FHIR Binary it is a third longer.
            with bounds.request(most_bytes * 4 // 3 + 4096), session.get(
                url, headers={"Accept": _ANYTHING}, stream=True
            ) as answer:  # fmt: skip
                answer.raise_for_status()
                return _document(answer.content, answer.headers.get("Content-Type", ""))
        except RejectedMessage:
            raise
        except ContractError:
            # A secret that cannot be read now concerns this server alone; at the start it stops the worker.
            raise ServerAway("secret", name) from None
        except Exception as error:  # the client raises what its libraries raise
            raise ServerAway("timeout", name) if bounds.is_over else meaning(error, name) from None

    def _mine(self) -> tuple[requests.Session, Bounds]:
        if not hasattr(self._own, "session"):
            bounds = Bounds(self._timeout_s)
            self._own.session = new_session(self._server, permits(self._server), bounds)
            self._own.bounds = bounds
            self._bounds.append(bounds)
        return self._own.session, self._own.bounds

    def close(self) -> None:
        """Begin nothing more, and end what is under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for one in self._bounds:
            one.cut()


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
