"""Where a note may be fetched: below an address of the settings; never where an event alone says."""

from __future__ import annotations

import re
from typing import NamedTuple

from streams.errors import RejectedMessage
from streams.gateways.web.origins import lies_below, origin
from streams.gateways.web.session import Permits
from streams.settings import DocumentServer

_RELATIVE = re.compile(r"[A-Z][A-Za-z]{2,63}/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?")


class Place(NamedTuple):
    """A server and the address of a note there."""

    server: DocumentServer
    url: str


def place_of(url: str, known: tuple[DocumentServer, ...]) -> Place:
    """Return where a note is asked for.

    Parameters
    ----------
    url
        As the attachment names it: an address, or a relative reference, which the first server is asked for.

    Raises
    ------
    RejectedMessage
        ``no-document-server`` where the settings have none, ``url-not-allowed`` where the address lies below none.
    """
    if not known:
        raise RejectedMessage("no-document-server", "settings.document_servers", "a server in the settings", "none")
    if _RELATIVE.fullmatch(url):
        return Place(known[0], f"{known[0].url.rstrip('/')}/{url}")
    for server in known:
        if lies_below(url, server.url):
            return Place(server, url)
    raise RejectedMessage(
        "url-not-allowed", "attachment.url", "an address below a server of the settings", "another one"
    )


def permits(server: DocumentServer) -> Permits:
    """Return what tells whether a request may go to an address: below the server's, or on a host it may redirect to."""
    others = {origin(one) for one in server.redirect_hosts}
    return lambda url: lies_below(url, server.url) or origin(url) in others
