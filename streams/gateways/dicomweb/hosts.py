"""Which hosts may be asked: those of the settings, also across redirects; never one that an event alone names."""

from __future__ import annotations

from typing import NamedTuple

from streams.errors import RejectedMessage
from streams.gateways.web.origins import Origin, lies_below, origin
from streams.gateways.web.session import Permits
from streams.settings import Pacs


class Place(NamedTuple):
    """A PACS and the base address that a study is asked for there."""

    pacs: Pacs
    url: str


def allowed(pacs: Pacs) -> frozenset[Origin]:
    """Return every origin that requests to a PACS may go to, its redirects included."""
    given = (pacs.url, pacs.changes_url, *pacs.redirect_hosts)
    return frozenset(found for url in given if url and (found := origin(url)) is not None)


def permits(pacs: Pacs) -> Permits:
    """Return what tells whether a request to a PACS may go to an address."""
    origins = allowed(pacs)
    return lambda url: origin(url) in origins


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
    return service if lies_below(endpoint, pacs.url) and lies_below(service, pacs.url) else None
