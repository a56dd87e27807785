"""Documents of a server of the settings: where they may be fetched, by whom, how large, and what silence means."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from streams.errors import RejectedMessage
from streams.gateways.documents.client import DocumentClient, Fetched
from streams.gateways.documents.places import place_of
from streams.gateways.web.failures import NotThere, ServerAway
from streams.settings import DocumentServer

FILES = DocumentServer(name="files", url="https://fhir.example/r4")
OTHER = DocumentServer(name="other", url="http://docs.example:8080/notes/")
BINARY = {"resourceType": "Binary", "contentType": "text/html", "data": base64.b64encode(b"<p>x</p>").decode()}


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("Binary/17", ("files", "https://fhir.example/r4/Binary/17")),
        ("Binary/17/_history/2", ("files", "https://fhir.example/r4/Binary/17/_history/2")),
        ("https://FHIR.example:443/r4/Binary/17", ("files", "https://FHIR.example:443/r4/Binary/17")),
        ("http://docs.example:8080/notes/2025/n1.txt", ("other", "http://docs.example:8080/notes/2025/n1.txt")),
    ],
)
def test_a_note_is_asked_for_below_an_address_of_the_settings(url: str, place: tuple[str, str]) -> None:
    found = place_of(url, (FILES, OTHER))
    assert (found.server.name, found.url) == place


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/r4/Binary/1", "http://fhir.example/r4/Binary/1", "https://fhir.example/admin",
        "https://fhir.example/r4/../admin", "https://fhir.example/r4/%2e%2e/admin", "https://fhir.example/r4?x=/Binary/1",
        "https://fhir.example@evil.example/r4/Binary/1", "https://fhir.example/r40/Binary/1", "file:///etc/passwd",
        "//fhir.example/r4/Binary/1", "Binary/../../admin", "data:text/plain,x", "ftp://fhir.example/r4/x", "",
    ],
)  # fmt: skip
def test_no_other_address_is_asked(url: str) -> None:
    with pytest.raises(RejectedMessage) as caught:
        place_of(url, (FILES, OTHER))
    assert caught.value.reason == "url-not-allowed"
    assert not url or url not in str(caught.value)


class Server:
    """A server of documents on loopback."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[tuple[str, str | None]] = []
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}


@contextmanager
def running() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append((self.path, self.headers.get("Authorization")))
            status, headers, body = made.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Server(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def files() -> Iterator[Server]:
    with running() as found:
        yield found


async def fetch(files: Server, path: str, most: int = 10_000, **changes: Any) -> Fetched:
    server = DocumentServer(name="files", url=f"{files.url}/r4", **changes)
    client = DocumentClient(server, at_once=1, timeout_s=5.0)
    try:
        return await client.fetch(f"{files.url}{path}", most)
    finally:
        client.close()


async def test_a_document_is_handed_on_as_its_server_sends_it(files: Server) -> None:
    files.answers["/r4/Binary/1"] = 200, {"Content-Type": "text/plain; charset=latin1"}, b"na\xefve"
    assert await fetch(files, "/r4/Binary/1") == Fetched(b"na\xefve", "text/plain; charset=latin1")


async def test_a_fhir_binary_is_opened(files: Server) -> None:
    files.answers["/r4/Binary/1"] = 200, {"Content-Type": "application/fhir+json"}, json.dumps(BINARY).encode()
    assert await fetch(files, "/r4/Binary/1") == Fetched(b"<p>x</p>", "text/html")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"resourceType": "OperationOutcome"}', "content-type"),
        (b"not json", "content-type"),
        (json.dumps(BINARY | {"data": "no base64!"}).encode(), "attachment-base64"),
    ],
)
async def test_json_that_is_no_binary_is_no_document(files: Server, body: bytes, reason: str) -> None:
    files.answers["/r4/Binary/1"] = 200, {"Content-Type": "application/fhir+json"}, body
    with pytest.raises(RejectedMessage) as caught:
        await fetch(files, "/r4/Binary/1")
    assert caught.value.reason == reason


async def test_the_password_is_sent_to_the_server_and_not_on_a_redirect_to_another_host(
    files: Server, tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text("open sesame\n")
    with running() as store:
        store.answers["/x"] = 200, {"Content-Type": "text/plain"}, b"there"
        files.answers["/r4/Binary/1"] = 302, {"Location": f"{store.url}/x"}, b""
        known = {"user": "me", "password_file": secret}
        found = await fetch(files, "/r4/Binary/1", redirect_hosts=(store.url,), **known)
        assert found.content == b"there"
        assert files.asked == [("/r4/Binary/1", "Basic bWU6b3BlbiBzZXNhbWU=")]
        assert store.asked == [("/x", None)]


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:9/r4/x", "{own}/admin", "{own}/r4/../admin", "file:///etc/passwd"]
)
async def test_a_redirect_off_the_list_is_refused_unasked(files: Server, target: str) -> None:
    files.answers["/r4/Binary/1"] = 302, {"Location": target.format(own=files.url)}, b""
    with pytest.raises((RejectedMessage, ServerAway)):
        await fetch(files, "/r4/Binary/1")
    assert [path for path, _ in files.asked] == ["/r4/Binary/1"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NotThere), (410, NotThere), (503, ServerAway), (401, ServerAway), (429, ServerAway), (400, RejectedMessage)],
)
async def test_a_status_says_whether_another_try_is_worth_it(
    files: Server, status: int, error: type[Exception]
) -> None:
    files.answers["/r4/Binary/1"] = status, {}, b""
    with pytest.raises(error):
        await fetch(files, "/r4/Binary/1")


async def test_a_document_that_is_too_large_is_not_read_to_its_end(files: Server) -> None:
    files.answers["/r4/Binary/1"] = 200, {"Content-Type": "text/plain"}, b"x" * 200_000
    with pytest.raises(RejectedMessage, match="too-large"):
        await fetch(files, "/r4/Binary/1", 1000)


async def test_a_server_that_cannot_be_reached_is_away() -> None:
    gone = Server(9)
    with pytest.raises(ServerAway):
        await fetch(gone, "/r4/Binary/1")
