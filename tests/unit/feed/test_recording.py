"""Recorded files as single resources, exactly as they were written."""

import gzip
import json
from pathlib import Path

import pytest

from streams.errors import RejectedMessage
from streams.feed.recording import read, unbundled

PATIENT = b'{"resourceType":"Patient","id":"p1"}'
PULSE = b'{"resourceType": "Observation", "id":"o1", "valueQuantity": {"value": 60.0}}'


def bodies(*paths: Path) -> list[bytes]:
    return [one.body for one in read(paths)]


def test_ndjson_is_read_line_by_line_plain_or_gzipped(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.ndjson", tmp_path / "b.ndjson.gz"
    plain.write_bytes(PATIENT + b"\n\n" + PULSE + b"\n")
    packed.write_bytes(gzip.compress(PULSE))
    assert bodies(plain, packed) == [PATIENT, PULSE, PULSE]


def test_a_line_that_is_no_resource_is_passed_on_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_bytes(b"not json\n" + PULSE)
    assert bodies(file) == [b"not json", PULSE]


def test_a_transaction_is_taken_apart_with_its_references_resolved() -> None:
    bundle = b"""{"resourceType": "Bundle", "type": "transaction", "entry": [
      {"fullUrl": "urn:uuid:1111", "resource": {"resourceType": "Patient"},
       "request": {"method": "POST", "url": "Patient"}},
      {"fullUrl": "urn:uuid:2222", "resource": {"resourceType": "Observation", "id": "o1",
        "subject": {"reference": "urn:uuid:1111"}, "performer": [{"reference": "Practitioner?identifier=7"}],
        "valueQuantity": {"value": 97.50}}},
      {"request": {"method": "DELETE", "url": "Observation/o2"}}]}"""
    assert list(unbundled(bundle)) == [
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Observation/o2"}}]}',
        b'{"id":"1111","resourceType":"Patient"}',
        b'{"resourceType":"Observation","id":"o1","subject":{"reference":"Patient/1111"},'
        b'"performer":[{"reference":"Practitioner?identifier=7"}],"valueQuantity":{"value":97.50}}',
    ]


@pytest.mark.parametrize(
    "request_", [b'{"method":"GET","url":"Observation/o2"}', b'{"method":"DELETE"}', b"null", b"7"]
)
def test_entries_that_neither_hold_nor_delete_anything_are_left_out(request_: bytes) -> None:
    assert list(unbundled(b'{"resourceType":"Bundle","entry":[{"request":' + request_ + b"}]}")) == []


def test_a_bundle_file_and_a_bundle_in_a_line_are_taken_apart_alike(tmp_path: Path) -> None:
    bundle = json.dumps({"resourceType": "Bundle", "entry": [{"resource": json.loads(PULSE)}]}, indent=1).encode()
    file, line = tmp_path / "a.json", tmp_path / "b.ndjson"
    file.write_bytes(bundle)
    line.write_bytes(bundle.replace(b"\n", b""))
    assert bodies(file) == bodies(line) == [PULSE.replace(b" ", b"")]


@pytest.mark.parametrize("entry", [b"7", b'[{"resource": 7}]', b'[{"resource": null}]'])
def test_a_bundle_that_cannot_be_taken_apart_is_passed_on_whole(entry: bytes) -> None:
    bundle = b'{"resourceType": "Bundle", "entry": ' + entry + b"}"
    assert list(unbundled(bundle)) == [bundle]


def test_other_files_are_refused_without_telling_their_name(tmp_path: Path) -> None:
    file = tmp_path / "Doe_Jane.csv"
    file.write_bytes(b"")
    with pytest.raises(RejectedMessage, match="file 1") as refused:
        bodies(file)
    assert "Doe" not in str(refused.value)


def test_a_damaged_gzip_is_refused_with_its_reason(tmp_path: Path) -> None:
    cut, fake = tmp_path / "a.ndjson.gz", tmp_path / "b.ndjson.gz"
    cut.write_bytes(gzip.compress(PULSE * 1000)[:-20])
    fake.write_bytes(PULSE)
    for file in (cut, fake):
        with pytest.raises(RejectedMessage, match="file-damaged"):
            bodies(file)
