"""A PACS that behaves badly, each way under an address of its own; real sockets, on loopback."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_TRICKLE_S = 0.2
_ODD_SERIES = [{}, 7, None, {"0020000E": "1.2"}, {"0020000E": {"Value": "1.2"}}, {"0020000E": {"Value": ["../../etc"]}}]

_PLACE = ("0020000D", "0020000E", "00080018")
"""Study, series, instance."""


class _Handler(BaseHTTPRequestHandler):
    server: OddPacs

    def do_GET(self) -> None:
        """Answer by the first part of the path."""
        self.server.asked.append(self.path)
        self.server.heard.append(self.headers.get("Authorization"))
        way = self.path.split("/")[1]
        with contextlib.suppress(ConnectionError):
            getattr(self, f"_{way}", self._missing)()

    def _missing(self) -> None:
        self.send_error(404)

    def _away(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.server.elsewhere + self.path)
        self.end_headers()

    def _circle(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()

    def _trickle(self) -> None:
        """An answer of a million bytes, one at a time: no silence is long enough for a socket's time-out."""
        self.send_response(200)
        self.send_header("Content-Type", "application/dicom+json")
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(b"[")
            self.wfile.flush()
            time.sleep(_TRICKLE_S)

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/dicom+json")
        self.end_headers()
        for _ in range(4096):
            self.wfile.write(b" " * 65536)

    def _prose(self) -> None:
        self._said(200, b"<html>maintenance</html>", "text/html")

    def _broken(self) -> None:
        self._said(500, b"", "text/plain")

    def _busy(self) -> None:
        self._said(503, b"", "text/plain")

    def _refusing(self) -> None:
        self._said(406, b"", "text/plain")

    def _feed(self) -> None:
        """A change feed in which nothing has changed, or the status that it is told to answer."""
        self._said(self.server.status, b'{"Changes": [], "Last": 3, "Done": true}', "application/json")

    def _deep(self) -> None:
        self._said(200, b"[" * 200_000, "application/dicom+json")

    def _list(self) -> None:
        self._said(200, json.dumps(_ODD_SERIES).encode(), "application/dicom+json")

    def _series(self) -> None:
        """A list of instances whatever is asked for; one of another series among them."""
        places = [("1.2.3", "1.2.3.1", "1.2.3.1.1"), ("1.2.3", "1.2.3.9", "1.2.3.9.1"), ("1.2.3", "1.2.3.1", "../etc")]
        told = [{t: {"Value": [uid]} for t, uid in zip(_PLACE, place, strict=True)} for place in places]
        self._said(200, json.dumps(told).encode(), "application/dicom+json")

    def _said(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_one_request(self) -> None:
        """Let a client that breaks off break off."""
        with contextlib.suppress(OSError):
            super().handle_one_request()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class OddPacs(ThreadingHTTPServer):
    """The server; `asked` holds every path that was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.heard: list[str | None] = []
        """Every Authorization that came."""
        self.status = 200
        """What its change feed answers with."""
        self.scheme = "http"
        self.elsewhere = "http://127.0.0.1:1"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that break off."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"


@contextlib.contextmanager
def running(context: ssl.SSLContext | None = None) -> Iterator[OddPacs]:
    """Run one for the time of the block, encrypted where a context is given."""
    server = OddPacs()
    if context is not None:
        server.socket, server.scheme = context.wrap_socket(server.socket, server_side=True), "https"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
