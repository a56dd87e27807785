"""No reason of a refusal quotes what it is about; and the search for marks finds them, and nothing else."""

from __future__ import annotations

import base64
import json

import pytest

from streams.normalise import Raw, normalise
from streams.settings import Settings
from tests.acceptance.marked_feed import notes, observation, refused, who_is_who
from tests.acceptance.marks import MARK, VALUE, leaks


def quoted(message: bytes) -> list[str]:
    """Every word of what `normalise` says of a message that quotes a mark."""
    source = Settings().sources[0]
    result = normalise(Raw(message, None, source.topic, 0, 0, 0), source, future_tolerance_s=300)
    said = [word for one in result.dead_letters for word in (one.reason, one.field, one.expected, one.received)]
    return [word for word in (*said, *(skip.reason for skip in result.skips)) if leaks(word.encode())]


@pytest.mark.parametrize("number", range(len(refused())))
def test_no_reason_quotes_the_message_that_it_is_about(number: int) -> None:
    assert quoted(refused()[number]) == []


@pytest.mark.parametrize("message", who_is_who())
def test_no_reason_quotes_who_is_who(message: bytes) -> None:
    assert quoted(message) == []


@pytest.mark.parametrize("message", notes())
def test_no_reason_quotes_a_note(message: bytes) -> None:
    assert quoted(message) == []


@pytest.mark.parametrize("field", ["code", "unit"])
def test_no_reason_quotes_a_unit_that_is_free_text(field: str) -> None:
    assert quoted(json.dumps(observation(0, valueQuantity={"value": VALUE, field: f"{MARK}-unit"})).encode()) == []


@pytest.mark.parametrize(
    "text",
    [
        "patient MARKED-7f3a-1",
        "patient marked-7F3A-1",
        "born 1937-03-19",
        "Zmarkovski",
        "value=77.7313",
        base64.b64encode(b"a payload with MARKED-7f3a-1 in it").decode(),
        base64.b64encode(b"payload with MARKED-7f3a-1 in it").decode(),
        base64.b64encode(b"ayload with MARKED-7f3a-1 in it").decode(),
        b"MARKED-7f3a".hex(),
    ],
)
def test_the_search_finds_a_mark_in_any_dress(text: str) -> None:
    assert leaks(f"first line\n{text}\nlast".encode()) == [text]


def test_the_search_finds_nothing_in_a_clean_log() -> None:
    assert leaks(b"level=info worker=bedside ready partitions=6\nvalue=77.73 born 1937") == []
