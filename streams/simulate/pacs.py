"""A PACS of the simulated ward: QIDO-RS and WADO-RS (PS3.18 10.4, 10.6) of its films, on loopback, in memory."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from streams.settings import Pacs
from streams.simulate.studies import Filmed

LOOPBACK = "127.0.0.1"
_BASE = "/dicom-web"
_UID = r"([0-9.]{1,64})"
_SERIES = re.compile(rf"{_BASE}/studies/{_UID}/series")
_METADATA = re.compile(rf"{_BASE}/studies/{_UID}/series/{_UID}(?:/instances/{_UID})?/metadata")
_INSTANCE = re.compile(rf"{_BASE}/studies/{_UID}/series/{_UID}/instances/{_UID}")
_JSON, _FILE = "application/dicom+json", "application/dicom"

Answer = tuple[str, bytes]
"""Content type and content."""


class SimulatedPacs:
    """Serves films, each drawn when it is first asked for; a context manager.

    Parameters
    ----------
    films
        What it has.
    """

    def __init__(self, films: Iterable[Filmed]) -> None:
        self._films = {one.study_uid: one for one in films}
        self._file = lru_cache(maxsize=64)(_file_of)
        handler = type("Handler", (_Handler,), {"pacs": self})
        self._server = ThreadingHTTPServer((LOOPBACK, 0), handler)
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="simulated-pacs", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def pacs(self) -> Pacs:
        """Return it as a PACS of the settings."""
        return Pacs(name="simulated", url=f"http://{LOOPBACK}:{self._server.server_address[1]}{_BASE}")

    def answer(self, path: str) -> Answer | None:
        """Return the answer to a path, None where there is none."""
        if match := _SERIES.fullmatch(path):
            one = self._films.get(match[1])
            return (_JSON, _list([_series(one)] if one else []))
        if match := _METADATA.fullmatch(path):
            one = self._films.get(match[1])
            return (_JSON, _list([_header(one)])) if one and one.series_uid == match[2] else None
        if match := _INSTANCE.fullmatch(path):
            one = self._films.get(match[1])
            return (_FILE, self._file(one)) if one and one.sop_uid == match[3] else None
        return None


def _header(one: Filmed) -> dict[str, Any]:
    # The libraries for DICOM are loaded when the first study is asked for: the ward does not wait for them.
    from streams.simulate.film_files import header

    told: dict[str, Any] = header(one).to_json_dict()
    return told


def _file_of(one: Filmed) -> bytes:
    from streams.simulate.film_files import file_of

    return file_of(one)


def _series(one: Filmed) -> dict[str, Any]:
    return {
        "0020000D": {"vr": "UI", "Value": [one.study_uid]},
        "0020000E": {"vr": "UI", "Value": [one.series_uid]},
        "00080060": {"vr": "CS", "Value": ["DX"]},
        "00180015": {"vr": "CS", "Value": ["CHEST"]},
        "00201209": {"vr": "IS", "Value": [1]},
    }


def _list(found: list[Any]) -> bytes:
    return json.dumps(found).encode()


class _Handler(BaseHTTPRequestHandler):
    pacs: SimulatedPacs
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one question."""
        found = self.pacs.answer(self.path.split("?")[0])
        kind, content = found or (_JSON, b"[]")
        self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Write no log: the terminal is the demo's."""
