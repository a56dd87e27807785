"""How a worker fares, told over HTTP beside its metrics, and the question that a container asks of it.

``/live`` answers 200 while the worker gets on: something was done, or nothing was due, within the stall timeout; a
process that hangs answers 503, for the pulse is given by the loop that does the work. ``/ready`` answers 200 while it
has its partitions and their state. ``/metrics`` is in Prometheus' text format.

``python -m streams.health live|ready`` asks the worker at ``CARDIOSTREAM_METRICS_PORT`` of this machine, exit code 0
where it answers 200. It loads nothing but the standard library, so that asking every few seconds is cheap.
"""

from __future__ import annotations

import http.client
import os
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

REQUEST_TIMEOUT_S = 5.0
_TEXT = "text/plain; charset=utf-8"


class Pulse:
    """Whether a worker gets on; given by its event loop, read by the thread that answers.

    Parameters
    ----------
    limit_s
        Seconds without a beat after which it counts as hanging.
    clock
        Monotonic seconds.
    """

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit_s, self._clock = limit_s, clock
        self._beat = clock()
        self.prepared = False
        """Whether it has its partitions and their state."""

    def beat(self) -> None:
        """Note that something got on, or that nothing was due."""
        self._beat = self._clock()

    @property
    def age_s(self) -> float:
        """Seconds since the last beat."""
        return self._clock() - self._beat

    @property
    def live(self) -> bool:
        """Whether the last beat is young enough."""
        return self.age_s <= self.limit_s

    @property
    def ready(self) -> bool:
        """Whether it does its work now."""
        return self.live and self.prepared


class Answer(NamedTuple):
    """What is answered over HTTP."""

    status: int
    kind: str
    body: bytes


def answer(path: str, pulse: Pulse) -> Answer:
    """Return the answer to a GET; 404 names what there is."""
    if path == "/metrics":
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return Answer(200, CONTENT_TYPE_LATEST, generate_latest())
    if path == "/live":
        return _verdict(pulse.live, f"last got on {pulse.age_s:.0f} s ago, limit {pulse.limit_s:.0f} s")
    if path == "/ready":
        return _verdict(pulse.ready, "has its partitions" if pulse.prepared else "waits for its partitions")
    return Answer(404, _TEXT, b"expected /live, /ready or /metrics\n")


def _verdict(good: bool, why: str) -> Answer:
    return Answer(200 if good else 503, _TEXT, f"{'yes' if good else 'no'}: {why}\n".encode())


def serve(address: str, port: int, pulse: Pulse) -> ThreadingHTTPServer:
    """Answer at this address until the process ends; port 0 takes any free one."""

    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_TIMEOUT_S

        def do_GET(self) -> None:
            given = answer(self.path.partition("?")[0], pulse)
            self.send_response(given.status)
            self.send_header("Content-Type", given.kind)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a line for each question would drown the log."""

    server = ThreadingHTTPServer((address, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server


def ask(question: str, port: int) -> bool:
    """Tell whether the worker of this machine at this port answers yes to ``live`` or ``ready``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_TIMEOUT_S)
    try:
        connection.request("GET", f"/{question}")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(arguments: list[str]) -> int:
    """Ask what the arguments say; 0 where the answer is yes, 1 where it is no, 2 where the question is none."""
    port = os.environ.get("CARDIOSTREAM_METRICS_PORT", "0")
    if arguments not in (["live"], ["ready"]) or not port.isdecimal() or port == "0":
        sys.stderr.write("expected `live` or `ready`, and CARDIOSTREAM_METRICS_PORT as the worker has it\n")
        return 2
    return 0 if ask(arguments[0], int(port)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
