"""What a series says of its instances: read piece by piece, to the same end as whole."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from streams.errors import RejectedMessage
from streams.gateways.dicomweb.metadata import headers
from streams.pixels import header


def instance(number: int, **more: Any) -> dict[str, Any]:
    """An instance with as much beside what is needed as a section of a CT has."""
    beside = {f"{0x00180000 + 7 * n:08X}": {"vr": "DS", "Value": [f"{n * 3.25:.6f}"]} for n in range(100)}
    return beside | {"00080018": {"vr": "UI", "Value": [f"1.2.3.{number}"]}, "00080060": {"Value": ["CT"]}} | more


def test_headers_are_those_of_the_answer_read_whole() -> None:
    told = [instance(1), instance(2, t00100010={"Value": [{"Alphabetic": "Zoë^测试"}]}), 7, None, "x", [], {}]
    for text in (json.dumps(told), json.dumps(told, ensure_ascii=False, indent=1)):
        assert headers(text.encode()) == [header.read(one) for one in told if isinstance(one, dict)]


@pytest.mark.parametrize("odd", [b'{"00180001": {"Value": [NaN]}, ', b"\xef\xbb\xbf{"])
def test_what_is_no_json_and_is_written_all_the_same_is_read(odd: bytes) -> None:
    told = odd + b'"00080018": {"Value": ["1.2.3"]}}'
    assert [one.sop_uid for one in headers(told)] == ["1.2.3"]


def test_one_instance_alone_and_none_at_all_are_read() -> None:
    assert [one.sop_uid for one in headers(json.dumps(instance(1)).encode())] == ["1.2.3.1"]
    assert headers(b"") == headers(b"[]") == []


@pytest.mark.parametrize("content", [b"7", b'"text"', b"null", b"NaN"])
def test_another_kind_of_value_is_refused(content: bytes) -> None:
    with pytest.raises(RejectedMessage, match="pacs-answer"):
        headers(content)


def test_what_is_no_answer_at_all_raises_without_quoting_it() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        headers(b"<html>Mrs Smith</html>")


def test_a_long_series_takes_no_more_memory_than_its_bytes() -> None:
    content = json.dumps([instance(number) for number in range(400)]).encode()
    tracemalloc.start()
    found = headers(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(found), peak < len(content)) == (400, True)
