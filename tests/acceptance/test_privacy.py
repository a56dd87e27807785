"""No patient data outside Kafka and Redis: marks through every path, then a search of all that was written.

`dlq show --payload`, `watch` and `explain` show patients on purpose; they prove that the search can find something.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from bench.notes_models import write_repository
from streams import topics
from streams.embedded import ports
from streams.embedded.stack import Stack
from streams.embedded.worker import WORKERS, Worker
from streams.inference.repository import discover_notes
from streams.records import DeadLetter
from streams.settings import Settings
from streams.transport.reading import read_to_end, reading
from streams.verify.audit import Report
from tests.acceptance.conftest import Ward, opened
from tests.acceptance.marked_feed import SENTENCE, good, note, notes, refused, ward_round, who_is_who
from tests.acceptance.marks import MARK, leaks
from tests.conftest import MODEL_REPOSITORY

ROOT = Path(__file__).parents[2]


async def _send(settings: Settings, topic: str, values: Sequence[bytes | None], partition: int | None) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, max_request_size=2 * topics.MIB)
    await producer.start()
    try:
        for number, value in enumerate(values):
            key, headers = f"{MARK}-key-{number}".encode(), [(MARK, MARK.encode())]
            await producer.send_and_wait(topic, value, key=key, headers=headers, partition=partition)
    finally:
        await producer.stop()


def send(ward: Ward, topic: str, values: Sequence[bytes | None], partition: int | None = None) -> None:
    asyncio.run(_send(ward.stack.settings, topic, values, partition))


def metrics(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text: bytes = answer.read()
    return text


class Workers:
    """All workers at their most talkative, with metrics."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.ports: dict[str, int] = {}
        self.running: dict[str, Worker] = {}
        for kind in WORKERS:
            stack.workers[kind].stop()
            self.start(kind)

    def start(self, kind: str) -> None:
        self.ports[kind] = ports.free_port()
        variables = {"CARDIOSTREAM_LOG_LEVEL": "debug", "CARDIOSTREAM_METRICS_PORT": str(self.ports[kind])}
        self.running[kind] = self.stack.start_worker(kind, variables)
        self.running[kind].wait_ready(90)

    def metrics(self) -> bytes:
        return b"".join(metrics(port) for port in self.ports.values())


def written(ward: Ward) -> Iterator[Path]:
    """Every file that the system wrote, but for what Kafka and Redis keep."""
    run_dir = ward.stack.settings.run_dir
    kept = {run_dir / "kafka" / "data", run_dir / "redis"}
    places = [run_dir, *ROOT.glob("cardiostream-*-data")]
    for path in (path for place in places for path in place.rglob("*") if path.is_file()):
        if not kept & set(path.parents):
            yield path
    yield ward.folder / "commands.log"


def output(ward: Ward, *arguments: str) -> bytes:
    """Run a command and return all that it printed."""
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env={**os.environ, **ward.stack.env, "COLUMNS": "500"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    ).stdout


async def _letters(settings: Settings) -> dict[tuple[int, int], DeadLetter]:
    found = {}
    async with reading(settings, "test") as consumer:
        for number in range(settings.partitions):
            for record in await read_to_end(consumer, topics.DEAD_LETTERS, number):
                found[number, record.offset] = msgspec.json.decode(record.value, type=DeadLetter)
    return found


def feed_every_path(ward: Ward, workers: Workers) -> None:
    """Good and bad input with everything there, then with Triton, Redis or a worker away."""
    send(ward, topics.OBSERVATIONS, [*ward_round(0), *refused(), None])
    send(ward, topics.PATIENTS, good())
    send(ward, topics.REPLAY, refused())
    ward.settled(180)
    send(ward, topics.ENCOUNTERS, who_is_who())
    ward.settled(180)
    send(ward, topics.NOTES, notes())
    send(ward, topics.NOTES_RAW, [SENTENCE.encode(), b"\xff" + SENTENCE.encode()])
    ward.settled(180)
    ward.stack.stop_triton()
    send(ward, topics.NOTES, [json.dumps(note(20, SENTENCE.encode())).encode()])
    send(ward, topics.OBSERVATIONS, ward_round(1))
    ward.settled(180)
    ward.stack.start_triton()
    ward.stack.stop_redis()
    send(ward, topics.OBSERVATIONS, ward_round(2))
    workers.running["bedside"].kill()
    workers.start("bedside")
    ward.stack.start_redis()


def spoil_our_own_topics(ward: Ward, workers: Workers) -> None:
    """Records that only we may write, written by another: each worker that reads them must stop."""
    junk = json.dumps({"type": MARK, "patient_id": MARK, "mode": MARK}).encode()
    send(ward, topics.CLOCK, [junk], 0)
    assert workers.running["cache"].wait(90) == 1
    send(ward, topics.EVENTS_NOTES, [junk], 0)
    assert workers.running["notes"].wait(90) == 1
    send(ward, topics.EVENTS_OBSERVATIONS, [junk], 0)
    assert workers.running["bedside"].wait(90) == 1


def given_up(ward: Ward) -> Report:
    """Wait until what names nobody known has waited too long, and count."""
    end = time.monotonic() + 120
    report = ward.eventually(120)
    while time.monotonic() < end and not report.accounting.fates.get("given-up"):
        time.sleep(1)
        report = ward.eventually(120)
    return report


@pytest.fixture
def impatient_ward(tmp_path: Path) -> Iterator[Ward]:
    """Apache Kafka and all workers; what waits for its patient is given up soon."""
    models = tmp_path / "models"
    models.mkdir()
    for path in MODEL_REPOSITORY.iterdir():
        (models / path.name).symlink_to(path)
    if not discover_notes(models):
        write_repository(models)
    with opened(tmp_path, "kafka", WORKERS, models, park_limit_s=20.0, notes_retry_delays_s=(1.0, 2.0, 4.0)) as ward:
        yield ward


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_no_mark_of_a_patient_is_found_outside_kafka_and_redis(impatient_ward: Ward) -> None:
    ward = impatient_ward
    workers = Workers(ward.stack)
    feed_every_path(ward, workers)
    report = given_up(ward)
    assert report.findings == ()
    assert report.accounting.dead_letters
    assert {"withdrawn", "moved", "given-up", "in-use"} <= report.accounting.fates.keys()

    letters = asyncio.run(_letters(ward.stack.settings))
    (partition, offset), _ = next((at, one) for at, one in letters.items() if one.payload and one.reason == "not-json")
    place = f"{topics.DEAD_LETTERS}/{partition}/{offset}"
    printed = {
        "dlq list": output(ward, "dlq", "list", "--limit", "500"),
        "dlq show": b"".join(output(ward, "dlq", "show", f"dead-letters/{p}/{o}") for p, o in sorted(letters)[::9]),
        "verify": output(ward, "verify"),
        "topics check": output(ward, "topics", "check"),
        "replay": output(ward, "replay", str(marked_file(ward)), "--speed", "max"),
        "metrics": workers.metrics(),
    }
    explained = output(ward, "explain", f"{MARK}-2", "--no-pictures")
    spoil_our_own_topics(ward, workers)

    # The search can fail: the same marks stand where they are meant to.
    assert any(MARK.encode() in (one.payload or b"") for one in letters.values())
    assert leaks(output(ward, "dlq", "show", place, "--payload"))
    assert leaks(output(ward, "watch", "--once"))
    assert leaks(explained)
    # What was searched holds what it should: every part told something.
    assert b"cardiostream_dead_letters_total" in printed["metrics"]
    assert b"verified" in printed["verify"]
    assert b"not-json" in printed["dlq list"]
    assert b"patient-unknown" in printed["dlq list"]
    assert {"encoding", "charset", "entities", "no-document-server"} <= {one.reason for one in letters.values()}
    files = {path: path.read_bytes() for path in written(ward) if path.exists()}
    assert {"normalise.log", "bedside.log", "cache.log", "broker.log", "redis.log", "triton.log", "addresses.json"} <= {
        path.name for path in files
    }
    assert any(b"expected a record of our own" in text for text in files.values())

    found = {name: leaks(text)[:3] for name, text in printed.items()}
    found |= {str(path.relative_to(path.parents[1])): leaks(text)[:3] for path, text in files.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def marked_file(ward: Ward) -> Path:
    """A recording outside the run folder with good and broken lines."""
    path = ward.folder / "recording.ndjson"
    path.write_bytes(b"\n".join([*ward_round(3), f"{MARK} {{".encode()]))
    return path
