"""Where an address lies: its origin, and whether it is at or below another."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_PATH = re.compile(r"(?:/[A-Za-z0-9._~\-]+)*/?")


class Origin(NamedTuple):
    """Scheme, host and port of an address (RFC 6454)."""

    scheme: str
    host: str
    port: int


def origin(url: str) -> Origin | None:
    """Return the origin of an address; None where it is none of http or https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return Origin(parts.scheme, parts.hostname.lower().rstrip("."), port or _PORTS[parts.scheme])


def lies_below(url: str, base: str) -> bool:
    """Tell whether an address is `base` or one below it, written so that nothing in it can mean another place."""
    if "@" in url or "?" in url or "#" in url or origin(url) is None or origin(url) != origin(base):
        return False
    path, above = urlsplit(url).path.rstrip("/"), urlsplit(base).path.rstrip("/")
    if not _PATH.fullmatch(path) or any(set(part) == {"."} for part in path.split("/")):
        return False
    return path == above or path.startswith(above + "/")
