"""Limits of a request under way: bytes, and time that a slow answer cannot stretch."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from streams.errors import RejectedMessage


class Bounds:
    """Limits of the request under way; one per session, which one thread uses at a time.

    Parameters
    ----------
    timeout_s
        Seconds of one request, from its beginning to the last byte of its answer.
    """

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.sockets: set[socket.socket] = set()
        """Open connections of the session."""
        self._most_bytes = 0
        self._deadline = 0.0

    @contextlib.contextmanager
    def request(self, most_bytes: int) -> Iterator[None]:
        """Bound what is done within: an answer of so many bytes, and cut off once the time is over.

        A socket's own time-out counts from byte to byte, so an answer that trickles would never end by it.
        """
        self._most_bytes, self._deadline = most_bytes, time.monotonic() + self.timeout_s
        watch = threading.Timer(self.timeout_s, self.cut)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def cut(self) -> None:
        """End every connection at once, whoever waits for it."""
        for one in list(self.sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def left_s(self) -> float:
        """Return the seconds left; requests.Timeout where none are."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise requests.Timeout("no time is left")
        return left

    @property
    def is_over(self) -> bool:
        """Whether the time of the request is over."""
        return time.monotonic() >= self._deadline

    def counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Hand chunks of an answer on until there are too many bytes, also after unpacking, or the time is over."""
        received = 0
        for chunk in chunks:
            received += len(chunk)
            if received > self._most_bytes:
                raise RejectedMessage("too-large", "answer", f"at most {self._most_bytes} bytes", "more of them")
            self.left_s()
            yield chunk


def pools(bounds: Bounds) -> dict[str, Any]:
    """Return connection pools by scheme whose sockets are known to `bounds`, so that they can be cut."""

    class _Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            _know(bounds, self.sock)

    class _Encrypted(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            _know(bounds, self.sock)

    class _PlainPool(HTTPConnectionPool):
        ConnectionCls = _Plain

    class _EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = _Encrypted

    return {"http": _PlainPool, "https": _EncryptedPool}


def _know(bounds: Bounds, opened: socket.socket | None) -> None:
    bounds.sockets = {one for one in bounds.sockets if one.fileno() >= 0}
    if opened is not None:
        bounds.sockets.add(opened)
