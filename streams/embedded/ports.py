"""Loopback ports for what runs on this machine."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this loopback port now; 0 asks for any."""
    try:
        _bind(port)
    except OSError:
        return False
    return True


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    return _bind(0)


def choose(preferred: int | None) -> tuple[int, str]:
    """Return a free port, `preferred` if it can be, and a remark for the user where it could not."""
    if preferred is None:
        return free_port(), ""
    if is_free(preferred):
        return preferred, ""
    port = free_port()
    return port, f"port {preferred} is taken, using {port}"


def _bind(port: int) -> int:
    with socket.socket() as listener:
        # As the servers do: a port in TIME_WAIT is free, one that is listened on is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        number: int = listener.getsockname()[1]
        return number
