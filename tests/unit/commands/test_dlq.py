"""``cardiostream dlq``: reasons and places, and a payload only when asked for."""

from typing import Any

import pytest
from rich.console import Console, RenderableType

from streams.commands import dlq
from streams.commands.dlq import body, counts, details, matches, parse, rows
from streams.errors import RejectedMessage
from streams.records import DeadLetter


def letter(reason: str = "no-subject", **changes: Any) -> DeadLetter:
    fields: dict[str, Any] = {
        "reason": reason,
        "field": "Observation.subject",
        "expected": "a Patient",
        "received": "nothing",
        "source": "hospital",
        "topic": "fhir.observations",
        "partition": 3,
        "offset": 41,
        "entry": -1,
        "sha256": "ab" * 32,
        "received_at": 1_767_268_800_000,
        "payload": b'{"id":"SECRET-7"}',
    }
    return DeadLetter(**(fields | changes))


def printed(renderable: RenderableType) -> str:
    console = Console(width=200, record=True, quiet=False, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(renderable)
    return console.export_text()


def test_reasons_are_counted_most_frequent_first() -> None:
    text = printed(counts([letter("not-json"), letter(), letter(), letter(source="replay")]))
    assert text.index("no-subject") < text.index("not-json")
    assert "2" in text


def test_a_row_tells_time_both_places_and_the_reason_and_never_the_payload() -> None:
    text = printed(rows([((0, 12), letter())]))
    parts = ("2026-01-01T12:00:00Z", "dead-letters/0/12", "fhir.observations/3/41", "no-subject", "a Patient")
    assert [part for part in parts if part not in text] == []
    assert "SECRET" not in text


def test_details_tell_every_field_and_only_the_size_of_the_payload() -> None:
    text = printed(details(letter(entry=2)))
    assert "entry 2 of the Bundle" in text
    assert "17 bytes kept" in text
    assert "SECRET" not in text
    assert "not kept" in printed(details(letter(payload=None)))


def test_markup_in_a_field_is_shown_as_it_is() -> None:
    assert "[bold]x[/bold]" in printed(rows([((0, 1), letter(received="[bold]x[/bold]"))]))


def test_a_payload_is_shown_so_that_no_terminal_obeys_it() -> None:
    assert body(letter(payload=b"a\x1b[2Jb\xff\nc")) == "a\\x1b[2Jb\\xff\nc"


def test_letters_are_picked_by_reason_and_source() -> None:
    assert matches(letter(), None, None)
    assert matches(letter(), "no-subject", "hospital")
    assert not matches(letter(), "not-json", None)
    assert not matches(letter(), None, "replay")


def test_a_place_is_read() -> None:
    assert parse("dead-letters/2/17") == (2, 17)


@pytest.mark.parametrize("where", ["17", "fhir.replay/0/1", "dead-letters/a/1", "dead-letters/1", "dead-letters/-1/2"])
def test_another_place_is_refused(where: str) -> None:
    with pytest.raises(RejectedMessage, match="dead-letters/0/12"):
        parse(where)


def test_a_record_that_is_no_dead_letter_is_told_apart() -> None:
    assert dlq._read(b"{}") is None
    assert dlq._read(None) is None
