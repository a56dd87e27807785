"""Bytes that are no FHIR: each a dead letter with a reason, never an exception."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.unit.normalise.fhir_messages import heart_rate, reasons, sent

ONE = json.dumps(heart_rate())


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"   ", "not-json"),
        (b"MSH|^~\\&|ADT1", "not-json"),
        (b"{", "not-json"),
        (b'{"resourceType":"Observation"} {}', "not-json"),
        (b"\x80\x81", "not-json"),
        (b'{"resourceType":"\xff"}', "not-utf8"),
        (b'{"resourceType":"\xed\xa0\x80"}', "not-utf8"),
        (ONE.encode("utf-16"), "not-json"),
        (b'{"resourceType":"Observation","note":"\\ud800"}', "not-json"),
        (b'{"resourceType":"Observation","note":"\\u003a \\ud800"}', "not-json"),
        (b'{"resourceType":"Observation","x":1e999,"note":"\\ud800"}', "not-json"),
        (b'{"resourceType":"Observation","x":NaN}', "not-json"),
        (b'{"resourceType":"Observation","x":-Infinity}', "not-json"),
        (b'{"resourceType":"Observation","x":1e999,"y":NaN}', "not-json"),
        (b"[" * 100_000, "too-deep"),
        (b'{"a":' * 100_000, "too-deep"),
        (b"[" * 100_000 + b"]" * 100_000, "too-deep"),
        (b'{"resourceType":"Observation","x":1e999,"y":' + b"[" * 100_000, "too-deep"),
        (b"[]", "not-object"),
        (b"null", "not-object"),
        (b"12", "not-object"),
        (b'"Observation"', "not-object"),
        (b"{}", "no-resource-type"),
        (b'{"resourceType":null}', "no-resource-type"),
        (b'{"resourceType":["Observation"]}', "no-resource-type"),
        (b'{"resourceType":"Observation","resourceType":"Claim"}', "duplicate-key"),
        (b'{"resourceType":"Bundle","entry":[],"entry":[]}', "duplicate-key"),
    ],
)
def test_hostile_bytes_become_a_dead_letter(value: bytes | None, reason: str) -> None:
    result = sent(value)
    assert reasons(result) == [reason]
    assert (result.events, result.skips) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        ONE.replace('"status": "final"', '"status": "final", "status": "entered-in-error"'),
        ONE.replace('"value": 72', '"value": 72, "value": 172'),
        ONE.replace('"value": 72', '"value" :72, "v\\u0061lue": 172'),
        ONE.replace('"value": 72', '"value": 72, "value": 172, "note": "\\u003a"'),
        ONE.replace('"id": "hr-1"', '"id": "hr-1", "x": [{"a": 1, "a": 2}]'),
    ],
)
def test_repeated_key_is_never_resolved_by_chance(text: str) -> None:
    assert reasons(sent(text.encode())) == ["duplicate-key"]


def test_escaped_colon_alone_does_no_harm() -> None:
    assert len(sent(ONE.replace('"id": "hr-1"', '"id": "hr-1", "x": "12\\u003a30"').encode()).events) == 1


def test_text_of_a_mebibyte_does_no_harm() -> None:
    assert len(sent(heart_rate(text={"div": "x" * 1_048_576})).events) == 1


@pytest.mark.parametrize("field", ["id", "status", "effectiveDateTime"])
def test_element_of_a_mebibyte_is_rejected_without_being_repeated(field: str) -> None:
    (letter,) = sent(heart_rate(**{field: "x" * 1_048_576})).dead_letters
    assert letter.payload is None
    assert len(letter.field + letter.expected + letter.received) < 200


def test_dead_letter_tells_where_the_message_stands() -> None:
    (letter,) = sent(b"{").dead_letters
    assert (letter.source, letter.topic, letter.partition, letter.offset, letter.entry) == (
        "hospital",
        "fhir.observations",
        3,
        41,
        -1,
    )
    assert letter.sha256 == hashlib.sha256(b"{").hexdigest()
    assert letter.payload == b"{"


@pytest.mark.parametrize(("size", "kept"), [(512 * 1024, True), (512 * 1024 + 1, False)])
def test_payload_is_kept_up_to_half_a_mebibyte(size: int, kept: bool) -> None:
    (letter,) = sent(b"x" * size).dead_letters
    assert (letter.payload is not None) is kept
