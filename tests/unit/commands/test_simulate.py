"""``cardiostream simulate`` without a broker: files, records, and the cut at the present."""

import gzip
import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from streams.clock import FixedClock
from streams.commands.simulate import Future, delivery, register, write
from streams.feed.sequence import Delivery
from streams.trial.outcomes import read_outcomes


def test_a_resource_becomes_a_record_under_its_patient() -> None:
    patient = {"resourceType": "Patient", "id": "sim-0001"}
    pulse = {"resourceType": "Observation", "id": "o1", "subject": {"reference": "Patient/sim-0001"}}
    assert delivery((5, patient)) == Delivery(b"Patient/sim-0001", b'{"resourceType":"Patient","id":"sim-0001"}', 5)
    assert delivery((6, pulse)).key == b"Patient/sim-0001"


def test_a_record_without_patient_has_the_key_of_what_it_is_about() -> None:
    nameless = {"resourceType": "Observation", "id": "o1"}
    numbered = nameless | {"subject": {"identifier": {"system": "urn:x", "value": "M1"}}}
    deletion = {"resourceType": "Bundle", "entry": [{"request": {"method": "DELETE", "url": "Observation/o1"}}]}
    assert [delivery((7, one)).key for one in (nameless, numbered, deletion)] == [b"Observation/o1"] * 3


def test_a_ward_is_written_as_ndjson_gzipped_by_name(tmp_path: Path) -> None:
    plain, packed = tmp_path / "w.ndjson", tmp_path / "w.ndjson.gz"
    for path in (plain, packed):
        assert write([(1, {"id": "a"}), (2, {"id": "b"})], path) == 2
    assert plain.read_bytes() == gzip.decompress(packed.read_bytes()) == b'{"id":"a"}\n{"id":"b"}\n'


def test_the_command_writes_a_file_without_a_broker(tmp_path: Path) -> None:
    app, out = typer.Typer(), tmp_path / "ward.ndjson.gz"
    register(app)
    result = CliRunner().invoke(app, ["--patients", "2", "--hours", "1", "--out", str(out)])
    assert result.exit_code == 0, result.output
    kinds = [json.loads(line)["resourceType"] for line in gzip.decompress(out.read_bytes()).splitlines()]
    assert kinds[:5] == ["Patient", "Patient", "Encounter", "Encounter", "Observation"]


def test_who_gets_worse_and_when_is_written_beside_the_feed_as_a_trial_reads_it(tmp_path: Path) -> None:
    app, out, outcomes = typer.Typer(), tmp_path / "ward.ndjson", tmp_path / "outcomes.csv"
    register(app)
    arguments = ["--patients", "8", "--hours", "6", "--out", str(out), "--outcomes", str(outcomes)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert len(read_outcomes(outcomes)) == 1


def test_a_disturbed_ward_is_written_too(tmp_path: Path) -> None:
    app, out = typer.Typer(), tmp_path / "ward.ndjson"
    register(app)
    result = CliRunner().invoke(app, ["--patients", "4", "--hours", "6", "--disturbed", "--out", str(out)])
    assert result.exit_code == 0, result.output
    records = [json.loads(line) for line in out.read_bytes().splitlines()]
    links = [link["type"] for one in records for link in one.get("link", [])]
    assert sorted(links) == ["replaced-by", "replaced-by", "replaces", "replaces"]
    assert {one["status"] for one in records if one["resourceType"] == "Observation"} == {
        "final",
        "corrected",
        "entered-in-error",
    }


def test_a_live_ward_is_cut_at_the_present_and_nothing_is_lost() -> None:
    feed = [Delivery(None, str(at).encode(), at) for at in (1, 2, 3, 4)]
    future = Future(iter(feed), FixedClock(2))
    assert list(future.past()) == feed[:2]
    assert list(future.rest()) == feed[2:]


def test_a_live_ward_with_nothing_to_come_ends() -> None:
    future = Future(iter([Delivery(None, b"", 1)]), FixedClock(2))
    assert len(list(future.past())) == 1
    assert list(future.rest()) == []
