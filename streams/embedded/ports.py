"""Loopback ports for what runs on this machine."""

from __future__ import annotations

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
_LOWEST = 10_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 1000
_chosen: set[int] = set()
"""Ports that this process has handed out: between the choice and the listening of one program lies the choice of the
next, and both may not get the same."""


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this loopback port now; 0 asks for any."""
    try:
        _bind(port)
    except OSError:
        return False
    return True


def free_port() -> int:
    """Return a loopback port that nothing listens on and that was not returned before.

    Taken from below the range from which the system picks the near ends of connections, for one of those could
    take it before the program that it is meant for listens there.
    """
    end = max(_first_ephemeral(), _LOWEST + _TRIES)
    for port in random.SystemRandom().sample(range(_LOWEST, end), _TRIES):
        if port not in _chosen and is_free(port):
            _chosen.add(port)
            return port
    return _bind(0)


def choose(preferred: int | None) -> tuple[int, str]:
    """Return a free port, `preferred` if it can be, and a remark for the user where it could not."""
    if preferred is None:
        return free_port(), ""
    if is_free(preferred):
        return preferred, ""
    port = free_port()
    return port, f"port {preferred} is taken, using {port}"


def _first_ephemeral() -> int:
    try:
        return int(_EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768


def _bind(port: int) -> int:
    with socket.socket() as listener:
        # As the servers do: a port in TIME_WAIT is free, one that is listened on is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        number: int = listener.getsockname()[1]
        return number
