"""Which PACS a study is asked for at; what an event names alone is never enough."""

from __future__ import annotations

import pytest

from streams.errors import RejectedMessage
from streams.gateways.dicomweb.hosts import allowed, place_of
from streams.gateways.web.origins import Origin, origin
from streams.settings import Pacs

MAIN = Pacs(name="main", url="https://pacs.example/dicom-web", endpoints=("e1", "e2"))
OTHER = Pacs(name="other", url="http://other.example:8042/rs/", redirect_hosts=("https://store.example:444",))


def place(*endpoints: str) -> tuple[str, str]:
    found = place_of(endpoints, (MAIN, OTHER))
    return found.pacs.name, found.url


def reason(*endpoints: str) -> str:
    with pytest.raises(RejectedMessage) as caught:
        place_of(endpoints, (MAIN, OTHER))
    return caught.value.reason


def test_no_endpoint_leads_to_the_first_pacs() -> None:
    assert place() == ("main", MAIN.url)


def test_an_endpoint_is_known_by_its_id() -> None:
    assert place("Endpoint/e2") == ("main", MAIN.url)


def test_an_address_is_known_by_its_origin_and_path() -> None:
    assert place("http://other.example:8042/rs") == ("other", "http://other.example:8042/rs")
    assert place("https://PACS.example:443/dicom-web/") == ("main", "https://PACS.example:443/dicom-web")
    assert place("https://pacs.example/dicom-web/aets/MAIN") == ("main", "https://pacs.example/dicom-web/aets/MAIN")


def test_the_first_endpoint_that_is_known_counts() -> None:
    assert place("Endpoint/unknown", "https://evil.example/", "Endpoint/e1") == ("main", MAIN.url)


@pytest.mark.parametrize(
    "endpoint",
    [
        "Endpoint/e3",
        "https://evil.example/dicom-web",
        "https://pacs.example.evil.example/dicom-web",
        "https://pacs.example@evil.example/dicom-web",
        "https://evil.example#pacs.example/dicom-web",
        "https://pacs.example/dicom-web/../admin",
        "https://pacs.example/dicom-web/./x",
        "https://pacs.example/dicom-web/%2e%2e/admin",
        "https://pacs.example/dicom-web?x=1",
        "https://pacs.example/dicom-web#x",
        "https://pacs.example/dicom-webs",
        "https://pacs.example/",
        "https://pacs.example:444/dicom-web",
        "http://pacs.example/dicom-web",
        "//pacs.example/dicom-web",
        "file:///etc/passwd",
        "https://pacs.example:port/dicom-web",
        "https://pacs.example/dicom-web/a b",
        "https://pacs.example/dicom-web\\@evil.example/",
        "",
    ],
)
def test_any_other_place_is_refused(endpoint: str) -> None:
    assert reason(endpoint) == "endpoint-not-allowed"


def test_without_a_pacs_in_the_settings_nothing_is_fetched() -> None:
    with pytest.raises(RejectedMessage, match="no-pacs"):
        place_of((), ())


def test_requests_go_to_the_hosts_of_the_settings_alone() -> None:
    assert allowed(MAIN) == {Origin("https", "pacs.example", 443)}
    assert allowed(OTHER) == {Origin("http", "other.example", 8042), Origin("https", "store.example", 444)}


@pytest.mark.parametrize("url", ["ftp://x/", "https://", "https://x:99999/", "x", ""])
def test_what_is_no_address_of_the_web_has_no_origin(url: str) -> None:
    assert origin(url) is None
