"""The client against a PACS that behaves badly: real sockets, no mock."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streams.errors import RejectedMessage
from streams.gateways.dicomweb.client import PacsClient
from streams.gateways.dicomweb.hosts import Place
from streams.gateways.web.failures import NotThere, ServerAway
from streams.settings import Pacs
from tests.integration.odd_pacs import OddPacs, running

STUDY = "1.2.3"


@pytest.fixture
def odd() -> Iterator[OddPacs]:
    with running() as server:
        yield server


def client_of(
    server: OddPacs, way: str, timeout_s: float = 5.0, progress: Callable[[], None] = lambda: None, **changes: Any
) -> PacsClient:
    pacs = Pacs(name="odd", url=f"{server.url}/{way}", **changes)
    return PacsClient(Place(pacs, pacs.url), at_once=2, timeout_s=timeout_s, progress=progress)


async def test_a_redirect_to_a_host_off_the_list_is_refused_and_not_followed(odd: OddPacs) -> None:
    with running() as elsewhere:
        odd.elsewhere = elsewhere.url
        with pytest.raises(RejectedMessage, match="host-not-allowed"):
            await client_of(odd, "away").series(STUDY)
        assert elsewhere.asked == []
    assert len(odd.asked) == 1


async def test_a_redirect_to_a_host_on_the_list_is_followed_without_the_password(odd: OddPacs, tmp_path: Any) -> None:
    with running() as elsewhere:
        # What the other server does not know it calls missing.
        odd.elsewhere = f"{elsewhere.url}/unknown"
        secret = tmp_path / "password"
        secret.write_text("secret\n")
        redirecting = client_of(odd, "away", redirect_hosts=(elsewhere.url,), user="me", password_file=secret)
        with pytest.raises(NotThere):
            await redirecting.series(STUDY)
        assert [bool(one) for one in (*odd.heard, *elsewhere.heard)] == [True, False]


async def test_redirects_without_end_are_refused(odd: OddPacs) -> None:
    with pytest.raises(RejectedMessage, match="redirects"):
        await client_of(odd, "circle").series(STUDY)
    assert len(odd.asked) <= 5


async def test_an_answer_that_trickles_is_cut_at_the_deadline(odd: OddPacs) -> None:
    began = time.monotonic()
    with pytest.raises(ServerAway, match="timeout"):
        await client_of(odd, "trickle", timeout_s=1.0).series(STUDY)
    assert time.monotonic() - began < 30


async def test_an_answer_without_end_is_cut_at_the_limit(odd: OddPacs) -> None:
    with pytest.raises(RejectedMessage, match="too-large"):
        await client_of(odd, "endless", timeout_s=60.0).series(STUDY)


@pytest.mark.parametrize(("way", "reason"), [("prose", "answer"), ("deep", "answer"), ("broken", "status-500")])
async def test_what_another_try_may_mend_is_tried_again_later(odd: OddPacs, way: str, reason: str) -> None:
    with pytest.raises(ServerAway, match=reason) as caught:
        await client_of(odd, way).series(STUDY)
    assert caught.value.reason == reason


async def test_what_no_other_try_will_mend_is_refused(odd: OddPacs) -> None:
    with pytest.raises(RejectedMessage, match="server-refused"):
        await client_of(odd, "refusing").series(STUDY)


async def test_nobody_there_is_away() -> None:
    pacs = Pacs(name="nobody", url="http://127.0.0.1:1/dicom-web")
    with pytest.raises(ServerAway, match="connection"):
        await PacsClient(Place(pacs, pacs.url), at_once=1, timeout_s=5.0).series(STUDY)


async def test_a_series_whose_uid_is_none_is_never_asked_for(odd: OddPacs) -> None:
    assert await client_of(odd, "list").series(STUDY) == []


async def test_only_instances_of_the_series_that_was_asked_for_are_listed(odd: OddPacs) -> None:
    found = await client_of(odd, "series").headers(STUDY, "1.2.3.1")
    assert [one.sop_uid for one in found] == ["1.2.3.1.1"]
    assert odd.asked == ["/series/studies/1.2.3/series/1.2.3.1/metadata"]


@pytest.mark.parametrize(("way", "reason"), [("prose", "answer"), ("deep", "answer"), ("broken", "status-500")])
async def test_metadata_that_another_try_may_mend_is_tried_again_later(odd: OddPacs, way: str, reason: str) -> None:
    with pytest.raises(ServerAway, match=reason) as caught:
        await client_of(odd, way).headers(STUDY, "1.2.3.1")
    assert caught.value.reason == reason


async def test_metadata_without_end_is_cut_at_the_limit(odd: OddPacs) -> None:
    with pytest.raises(RejectedMessage, match="too-large"):
        await client_of(odd, "endless", timeout_s=60.0).headers(STUDY, "1.2.3.1")


@pytest.mark.parametrize(
    ("way", "ends"),
    [
        ("list", []), ("refusing", [RejectedMessage]), ("missing", [NotThere]), ("broken", [ServerAway]),
        ("busy", [ServerAway, ServerAway]), ("trickle", [ServerAway]),
    ],
)  # fmt: skip
async def test_every_answer_is_progress_also_one_that_is_none(
    odd: OddPacs, way: str, ends: list[type[Exception]]
) -> None:
    beats = list[int]()
    client = client_of(odd, way, 1.0, lambda: beats.append(len(odd.asked)))
    with pytest.raises(tuple(ends)) if ends else contextlib.nullcontext():
        await client.series(STUDY)
    assert beats == list(range(1, max(1, len(ends)) + 1))


async def test_no_message_names_a_study(odd: OddPacs) -> None:
    for way in ("away", "circle", "prose", "broken", "refusing", "missing"):
        with pytest.raises((RejectedMessage, ServerAway, NotThere)) as caught:
            await client_of(odd, way).series("1.2.999999")
        assert "999999" not in str(caught.value)
        assert caught.value.__cause__ is None
