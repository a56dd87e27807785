from __future__ import annotations

import msgspec

from streams.publish.headers import headers
from streams.records import RiskScore


def test_the_headers_of_one_score(score: RiskScore) -> None:
    assert headers(msgspec.structs.replace(score, index=50.25), 7, "abc") == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"abc"),
        ("ce_type", b"cardiostream.risk.assessed.v1"),
        ("ce_source", b"/cardiostream/bedside"),
        ("ce_time", b"2023-11-14T22:13:20.123Z"),
        ("content-type", b"application/fhir+json"),
        ("cs_epoch", b"7"),
        ("cs_level", b"medium"),
        ("cs_index", b"50.25"),
        ("cs_as_of", b"1700000000123"),
    ]


def test_an_indeterminate_score_has_an_empty_index(score: RiskScore) -> None:
    found = dict(headers(msgspec.structs.replace(score, index=None, level="indeterminate"), 0, "abc"))
    assert (found["cs_index"], found["cs_level"]) == (b"", b"indeterminate")


def test_a_trace_goes_on(score: RiskScore) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert headers(score, 0, "abc", parent)[-1] == ("traceparent", parent.encode())


def test_ward_and_bed_are_headers_in_utf_8_and_only_where_they_are_known(score: RiskScore) -> None:
    placed = msgspec.structs.replace(score, ward="Süd 2", bed="12")
    assert headers(placed, 0, "abc")[-2:] == [("cs_ward", b"S\xc3\xbcd 2"), ("cs_bed", b"12")]
    assert not {"cs_ward", "cs_bed"} & dict(headers(score, 0, "abc")).keys()


def test_no_header_holds_the_patient(score: RiskScore) -> None:
    assert not any(b"pat-1" in value for _, value in headers(score, 0, "abc"))
