"""Which hosts may be asked: those of the settings, also across redirects; never one that an event alone names."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from streams.errors import RejectedMessage
from streams.settings import Pacs

_PORTS = {"http": 80, "https": 443}
_PATH = re.compile(r"(?:/[A-Za-z0-9._~\-]+)*/?")


class Origin(NamedTuple):
    """Scheme, host and port of an address (RFC 6454)."""

    scheme: str
    host: str
    port: int


class Place(NamedTuple):
    """A PACS and the base address that a study is asked for there."""

    pacs: Pacs
    url: str


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


def allowed(pacs: Pacs) -> frozenset[Origin]:
    """Return every origin that requests to a PACS may go to, its redirects included."""
    given = (pacs.url, pacs.changes_url, *pacs.redirect_hosts)
    return frozenset(found for url in given if url and (found := origin(url)) is not None)


def place_of(endpoints: tuple[str, ...], known: tuple[Pacs, ...]) -> Place:
    """Return where a study is asked for: at the first of its endpoints that the settings know.

    Parameters
    ----------
    endpoints
        ``Endpoint/<id>`` or addresses, as the record names them; none leads to the first PACS of the settings.

    Raises
    ------
    RejectedMessage
        ``no-pacs`` where the settings have none, ``endpoint-not-allowed`` where they know none of the endpoints.
    """
    if not known:
        raise RejectedMessage("no-pacs", "settings.pacs", "a PACS in the settings", "none")
    if not endpoints:
        return Place(known[0], known[0].url)
    for endpoint in endpoints:
        for pacs in known:
            if (url := _url(endpoint, pacs)) is not None:
                return Place(pacs, url)
    raise RejectedMessage(
        "endpoint-not-allowed", "ImagingStudy.endpoint", "an endpoint of a PACS in the settings", "another one"
    )


def _url(endpoint: str, pacs: Pacs) -> str | None:
    if endpoint.startswith("Endpoint/"):
        return pacs.url if endpoint.removeprefix("Endpoint/") in pacs.endpoints else None
    # Some name the study's own address; the service is what is asked.
    service = endpoint.partition("/studies")[0].rstrip("/")
    return service if _lies_below(endpoint, pacs.url) and _lies_below(service, pacs.url) else None


def _lies_below(url: str, base: str) -> bool:
    """Tell whether an address is a PACS's own or one below it, written so that nothing in it can mean another place."""
    if "@" in url or "?" in url or "#" in url or origin(url) is None or origin(url) != origin(base):
        return False
    path, above = urlsplit(url).path.rstrip("/"), urlsplit(base).path.rstrip("/")
    if not _PATH.fullmatch(path) or any(set(part) == {"."} for part in path.split("/")):
        return False
    return path == above or path.startswith(above + "/")
