"""Documents of any form to the text that a person would read; what is broken or hostile is refused with its reason."""

from __future__ import annotations

import base64
import html

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.documents.reading import Limits, read
from streams.errors import RejectedMessage


def text(content: bytes, content_type: str = "", **limits: int) -> str:
    return read(content, content_type, Limits(**limits)).text


def reason(content: bytes, content_type: str = "", **limits: int) -> str:
    with pytest.raises(RejectedMessage) as caught:
        text(content, content_type, **limits)
    return caught.value.reason


def test_plain_text_is_itself_with_one_kind_of_line_end() -> None:
    assert text(b"HISTORY:  pain\r\n\r\n\r\n\r\nPLAN: rest\x0c\r", "text/plain") == "HISTORY: pain\n\nPLAN: rest"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ("naïve".encode(), "text/plain"),
        ("naïve".encode(), 'text/plain; charset="UTF-8"'),
        ("naïve".encode("latin-1"), "text/plain; charset=ISO-8859-1"),
        ("naïve".encode("cp1252"), "TEXT/PLAIN;Charset=windows-1252"),
        ("naïve".encode("utf-16"), "text/plain"),
        ("naïve".encode("utf-8-sig"), "text/plain; charset=ascii"),
        ("naïve".encode("cp850"), "text/plain; charset=cp850"),
    ],
)
def test_a_character_set_is_what_is_said_or_marked(content: bytes, content_type: str) -> None:
    assert text(content, content_type) == "naïve"


def test_latin_1_means_what_programs_mean_by_it() -> None:
    assert text(b"\x93quoted\x94", "text/plain; charset=iso-8859-1") == "“quoted”"


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        ("naïve".encode("latin-1"), "text/plain", "encoding"),
        (b"\xff\xfex", "text/plain", "encoding"),
        (b"\x81", "text/plain; charset=cp1252", "encoding"),
        ("note".encode("utf-16-le"), "text/plain; charset=utf-8", "encoding"),
        (b"x", "text/plain; charset=klingon", "charset"),
        (b"x", "text/plain; charset=base64", "charset"),
        (b"x", "application/pdf", "content-type"),
        (b"%PDF-1.4", "", "content-type"),
        (b"PK\x03\x04", "application/octet-stream", "content-type"),
        (b"  \n ", "text/plain", "no-text"),
        (b"<div> </div>", "text/html", "no-text"),
        (b"not rtf", "application/rtf", "not-rtf"),
        (b"<!-- nothing -->", "text/html", "no-text"),
        (b"<a>", "text/xml", "not-xml"),
        (b"<a/>", "text/xml", "not-cda"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, content_type: str, expected: str) -> None:
    assert reason(content, content_type) == expected


def test_a_document_beyond_a_limit_is_refused() -> None:
    assert reason(b"x" * 11, "text/plain", content_bytes=10) == "too-large"
    assert reason(b"x" * 11, "text/plain", characters=10) == "too-long"


def test_a_page_becomes_its_lines() -> None:
    page = b"""<html><head><title>T</title><style>p {}</style></head><body><!-- no --><script>no()</script>
    <h2>History:</h2><p>Had
      <b>chest</b>&nbsp;pain &amp; nausea<br>since noon.</p>after
    <table><tr><td>HR</td><td>88</td></tr></table><pre>a
  b</pre></body></html>"""
    assert text(page, "text/html") == ("History:\n\nHad chest pain & nausea\nsince noon.\nafter\n\nHR\t88\n\na\nb")


def test_a_page_may_name_its_character_set_itself() -> None:
    assert text('<meta charset="iso-8859-1"><p>naïve</p>'.encode("latin-1"), "text/html") == "naïve"


@pytest.mark.parametrize("start", [b"<div>", b"<p>x", b"<!--", b"<a b='", b"<b", b"<table><tr>", b"<![CDATA[", b"</p>"])
def test_a_page_that_is_badly_made_on_purpose_costs_no_more_than_another(start: bytes) -> None:
    page = b"<p>here</p>" + start * 100_000 + b"a" * 1_000_000
    try:
        found = text(page, "text/html", characters=2_000_000)
    except RejectedMessage as rejected:
        found = rejected.reason
    assert found == "too-complex" or found.startswith("here")


def test_rich_text_becomes_its_lines_in_its_code_page() -> None:
    source = rb"{\rtf1\ansi\ansicpg1252{\fonttbl\f0 Arial;}{\b PLAN:} rest\par na\'efve \u8211 ? end}"
    assert text(source, "application/rtf") == "PLAN: rest\nnaïve – end"


def cda(body: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<ClinicalDocument xmlns="urn:hl7-org:v3">{body}</ClinicalDocument>'.encode()


def structured(*sections: str) -> str:
    inside = "".join(f"<component><section>{one}</section></component>" for one in sections)
    return f"<component><structuredBody>{inside}</structuredBody></component>"


def test_of_a_clinical_document_the_sections_are_read_and_nothing_else() -> None:
    found = cda(
        "<title>Secret header</title><recordTarget>Jane</recordTarget>"
        + structured(
            "<title>History</title><text><paragraph>Had <content>pain</content>.</paragraph>"
            "<list><item>one</item><item>two</item></list></text><entry>coded</entry>",
            "<title>Plan:</title><text>Rest<br/>more</text>",
        )
    )
    assert text(found, "text/xml") == "History:\n\nHad pain.\n\none\n\ntwo\n\nPlan:\n\nRest\nmore"


def held(kind: str, content: str) -> str:
    text_ = f'<text mediaType="{kind}" representation="B64">{content}</text>'
    return f"<component><nonXMLBody>{text_}</nonXMLBody></component>"


def test_a_body_that_is_another_document_is_read_as_that() -> None:
    inner = base64.b64encode(b"<p>inner</p>").decode()
    body = held("text/html", inner)
    found = read(cda(body), "application/hl7-cda+xml")
    assert (found.text, found.media_type) == ("inner", "text/html")
    twice = base64.b64encode(cda(body)).decode()
    again = held("text/xml", twice)
    assert reason(cda(again), "text/xml") == "not-cda"
    assert reason(
        cda("<component><nonXMLBody><text><reference value='x'/></text></nonXMLBody></component>"), "text/xml"
    ) == ("cda-reference")


BOMB = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    "before",
    [BOMB, '<!DOCTYPE x SYSTEM "file:///etc/passwd">', '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1/">]>'],
)
def test_entities_are_refused_unopened(before: str) -> None:
    assert reason(cda(structured("<text>&c;</text>"), before), "text/xml") == "entities"


def test_what_says_nothing_of_itself_is_told_by_its_beginning() -> None:
    beginnings = {
        b"{\\rtf1 x}": "application/rtf",
        b"<!DOCTYPE html><p>x</p>": "text/html",
        b"<div>x</div>": "text/html",
        cda(structured("<text>x</text>")): "application/hl7-cda+xml",
        b"BP < 90 and > 60": "text/plain",
    }
    assert {content: read(content, "").media_type for content in beginnings} == beginnings


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["", "text/plain", "text/html", "application/rtf", "text/xml", "x"]))
def test_any_bytes_end_as_a_text_or_a_reason(content: bytes, content_type: str) -> None:
    try:
        found = read(content, content_type)
    except RejectedMessage:
        return
    assert found.text == found.text.strip() != ""


@settings(deadline=None)
@given(st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=300))
def test_no_letter_is_lost_on_the_way_through_html(letters: str) -> None:
    found = read(f"<p>x{html.escape(letters)}</p>".encode(), "text/html; charset=utf-8").text
    assert "".join(found.split()) == "x" + "".join(letters.split())
