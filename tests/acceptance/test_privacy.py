"""No patient data outside Kafka and Redis: marks through every path, then a search of all that was written.

`dlq show --payload`, `watch` and `explain` show patients on purpose; they prove that the search can find something.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from bench.notes_models import write_repository
from streams import topics
from streams.embedded import ports
from streams.embedded.stack import Stack
from streams.embedded.worker import WORKERS, Worker
from streams.inference.repository import discover_notes
from streams.normalise import Raw, normalise
from streams.records import DeadLetter
from streams.settings import Settings
from streams.transport.reading import read_to_end, reading
from streams.verify.audit import Report
from tests.acceptance.conftest import Ward, opened
from tests.conftest import MODEL_REPOSITORY

MARK = "MARKED-7f3a"
NAME, BORN, VALUE = "Zmarkovski", "1937-03-19", 77.7313
ROOT = Path(__file__).parents[2]


def needles() -> list[bytes]:
    """The marks as they are, in base64 at each of its three alignments, and in hexadecimal."""
    plain = [MARK.encode(), NAME.encode(), BORN.encode(), b"%.4f" % VALUE]
    shifted = [base64.b64encode(b"_" * k + MARK.encode())[4:-4] for k in range(3)]
    return [*plain, *shifted, MARK.encode().hex().encode()]


def leaks(text: bytes) -> list[str]:
    """The lines of `text` that hold a mark, whatever the case of its letters."""
    pattern = re.compile(b"|".join(map(re.escape, needles())), re.IGNORECASE)
    return [line.decode("utf-8", "replace")[:300] for line in text.splitlines() if pattern.search(line)]


def when(minutes_ago: float = 10) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def coded(code: str, system: str = "http://loinc.org") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": f"{MARK}-display"}], "text": f"{MARK}-text"}


def observation(number: int, loinc: str = "8867-4", unit: str = "/min", **changes: object) -> dict[str, Any]:
    whole = {
        "resourceType": "Observation",
        "id": f"{MARK}-obs-{number}",
        "status": "final",
        "code": coded(loinc),
        "subject": {"reference": f"Patient/{MARK}-{number % 4}", "display": NAME},
        "encounter": {"reference": f"Encounter/{MARK}-encounter"},
        "effectiveDateTime": when(),
        "valueQuantity": {"value": VALUE, "system": "http://unitsofmeasure.org", "code": unit},
        "note": [{"text": f"{MARK}-note of {NAME}"}],
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


VITALS = (("8867-4", "/min"), ("8480-6", "mm[Hg]"), ("8462-4", "mm[Hg]"), ("9279-1", "/min"), ("2708-6", "%"))


def note(number: int, body: bytes, content_type: str = "text/plain", **changes: object) -> dict[str, Any]:
    whole = {
        "resourceType": "DocumentReference",
        "id": f"{MARK}-note-{number}",
        "status": "current",
        "description": f"{MARK}-description",
        "subject": {"reference": f"Patient/{MARK}-{number % 4}", "display": NAME},
        "author": [{"display": f"{MARK}-author"}],
        "date": when(30),
        "content": [
            {
                "attachment": {
                    "contentType": content_type,
                    "data": base64.b64encode(body).decode(),
                    "title": f"{MARK}-title",
                }
            }
        ],
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


SENTENCE = f"{NAME} of {MARK}, born {BORN}, has a weak heart and atrial fibrillation, value {VALUE}."


def notes() -> list[bytes]:
    """Notes that can be read, in every form, and one for each way in which they cannot."""
    text, page = SENTENCE.encode(), f"<p>{SENTENCE}</p>".encode()
    cda = f'<ClinicalDocument xmlns="urn:hl7-org:v3">{SENTENCE}</ClinicalDocument>'.encode()
    bomb = f'<!DOCTYPE x [<!ENTITY a "{MARK}">]><x>&a;</x>'.encode()
    at_address = [{"attachment": {"contentType": "text/plain", "url": f"http://127.0.0.1:9/{MARK}/Binary/{MARK}"}}]
    found: list[dict[str, Any]] = [
        note(0, text),
        note(1, page, "text/html"),
        note(2, b"{\\rtf1 " + text + b"}", "application/rtf"),
        note(3, b"\xff\xfe\xfd" + text),
        note(4, text, f"text/plain; charset={MARK}"),
        note(5, text, f"application/{MARK}"),
        note(6, text, "application/rtf"),
        note(7, text, "text/xml"),
        note(8, cda, "text/xml"),
        note(9, bomb, "text/xml"),
        note(10, text, content=at_address),
        note(11, text, content=[{"attachment": {"data": f"{MARK}!"}}]),
        note(12, text, date=f"{MARK}-date"),
        note(13, text, status=f"{MARK}-status"),
        note(14, text, subject=None),
        note(15, text, relatesTo=[{"code": "replaces", "target": {"reference": f"DocumentReference/{MARK}-note-0"}}]),
        note(1, page, "text/html", status="entered-in-error", meta={"versionId": "2"}),
    ]
    return [json.dumps(one).encode() for one in found]


def ward_round(start: int) -> list[bytes]:
    """Enough vital signs of four patients for the learned model."""
    found = []
    for n in range(4):
        for k, (code, unit) in enumerate(VITALS):
            for again in (0, 1):
                reading = observation(
                    n, code, unit, id=f"{MARK}-{start}-{n}-{k}-{again}", effectiveDateTime=when(again)
                )
                found.append(json.dumps(reading).encode())
    return found


def good() -> list[bytes]:
    patient = {
        "resourceType": "Patient",
        "id": f"{MARK}-0",
        "name": [{"family": NAME, "given": [MARK]}],
        "birthDate": BORN,
        "gender": "female",
    }
    withdrawn = observation(1, status="entered-in-error", id=f"{MARK}-0-1-0-0")
    corrected = observation(2, status="corrected", id=f"{MARK}-0-2-0-0")
    return [json.dumps(one).encode() for one in (patient, withdrawn, corrected)]


PLACE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": "bd"}]}


def number(name: str) -> dict[str, Any]:
    """A hospital number."""
    return {"system": f"urn:{MARK}:mrn", "value": f"{MARK}-mrn-{name}", "assigner": {"display": f"{MARK}-assigner"}}


def person(n: int, version: int, **says: object) -> dict[str, Any]:
    whole = {
        "resourceType": "Patient",
        "id": f"{MARK}-{n}",
        "meta": {"versionId": str(version)},
        "name": [{"family": NAME, "given": [MARK]}],
        "birthDate": BORN,
        "identifier": [number(str(n))],
    }
    return whole | says


def stay(n: int, version: int, **changes: object) -> dict[str, Any]:
    whole = {
        "resourceType": "Encounter",
        "id": f"{MARK}-encounter-{n}",
        "meta": {"versionId": str(version)},
        "identifier": [number(f"visit-{n}")],
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": f"Patient/{MARK}-{n % 4}", "display": NAME},
        "period": {"start": when(60)},
        "location": [
            {
                "location": {"reference": f"Location/{MARK}-bed", "display": f"{MARK}-bed"},
                "physicalType": PLACE,
                "status": "active",
            }
        ],
    }
    return whole | changes


def who_is_who() -> list[bytes]:
    """Identifiers, a merge that is undone and one that stands, stays, facts by identifier, moved and deleted ones."""
    by_number = {"identifier": number("1"), "display": NAME}
    nobody = {"identifier": number("nobody"), "display": NAME}
    moved = observation(3, id=f"{MARK}-0-0-1-0", meta={"versionId": "2"}, status="corrected")
    nameless = observation(3, id=f"{MARK}-0-0-1-1", meta={"versionId": "2"}, status="corrected", subject=None)
    gone = {"request": {"method": "DELETE", "url": f"Observation/{MARK}-0-3-1-0"}}
    replaced = [{"type": "replaced-by", "other": {"reference": f"Patient/{MARK}-2", "display": NAME}}]
    found: list[dict[str, Any]] = [
        *(person(n, 2) for n in range(4)),
        person(1, 3, link=replaced),
        person(3, 3, link=replaced),
        person(3, 4),
        person(9, 1, link=[{"type": "replaces", "other": {"identifier": number("8")}}]),
        *(stay(n, 1) for n in range(4)),
        stay(1, 2, status="finished", period={"start": when(60), "end": when(1)}),
        stay(2, 2, subject={"reference": f"Patient/{MARK}-3"}),
        stay(5, 1, subject=by_number),
        stay(6, 1, subject=nobody),
        observation(40, subject=by_number),
        observation(41, subject=nobody),
        observation(42, subject={"reference": "#p"}, contained=[person(2, 1, id="p")]),
        observation(43, subject={"reference": f"Patient?identifier=urn:{MARK}:mrn|{MARK}-mrn-0"}),
        moved,
        nameless,
        {"resourceType": "Bundle", "type": "transaction", "entry": [gone]},
    ]
    return [json.dumps(one).encode() for one in found]


def refused() -> list[bytes]:
    """One message for each way of being refused or skipped that a feed may think of."""
    quantity = {"value": VALUE, "system": "http://unitsofmeasure.org", "code": "furlong"}
    bad: list[Any] = [
        observation(10, valueQuantity=quantity),
        observation(11, valueQuantity={"value": VALUE}),
        observation(12, valueQuantity={"value": f"{MARK}-value", "code": "/min"}),
        observation(13, valueQuantity=None, valueString=f"{MARK}-string"),
        observation(14, subject=None),
        observation(15, subject={"reference": f"Group/{MARK}"}),
        observation(16, subject={"reference": f"http://127.0.0.1/{MARK}/Patient/{MARK}?{MARK}"}),
        observation(17, subject={"identifier": {"value": MARK}}),
        observation(18, status=f"{MARK}-status"),
        observation(19, effectiveDateTime=f"{MARK}-date"),
        observation(20, effectiveDateTime=f"{BORN}T12:00:00"),
        observation(21, effectiveDateTime="2999-01-01T00:00:00Z"),
        observation(22, code=coded(f"{MARK}-code")),
        observation(23, code=coded("8867-4", f"http://127.0.0.1/{MARK}")),
        observation(24, code=MARK),
        observation(25, id=f"{MARK}\n\rlevel=error forged"),
        observation(26, id=[MARK]),
        observation(27, meta={"versionId": MARK, "lastUpdated": MARK}),
        observation(28, component=[{"code": coded("8480-6"), "valueQuantity": quantity}]),
        observation(29, valueQuantity=quantity | {"comparator": MARK}),
        {"resourceType": f"{MARK}-type", "id": MARK},
        {"resourceType": "Patient", "id": MARK * 20, "birthDate": f"{BORN}-{MARK}", "gender": MARK},
        {"resourceType": "Bundle", "type": MARK, "entry": [{"resource": observation(30)}, {"resource": MARK}, MARK]},
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"url": MARK, "method": MARK}}]},
        [MARK],
        MARK,
    ]
    nested = f'{{"resourceType": "Observation", "{MARK}": ' + "[" * 20_000 + "]" * 20_000 + "}"
    raw = [f"{MARK} is not JSON".encode(), b"\xff\xfe" + MARK.encode(), nested.encode(), f'{{"{MARK}": '.encode(), b""]
    huge = observation(31, note=[{"text": MARK * 80_000}])
    huge_and_bad = observation(32, subject=None, note=[{"text": MARK * 80_000}])
    return [*(json.dumps(one).encode() for one in (*bad, huge, huge_and_bad)), *raw]


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
