"""Notes of every form from the hospital's topics to the score: with a real broker, a real Redis and a real Triton."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import onnxruntime
import pytest
from kafka import KafkaProducer

from bench.notes_models import write_repository
from streams import topics
from streams.clock import isoformat
from streams.documents.reading import read as read_document
from streams.embedded.stack import Stack
from streams.embedded.worker import WORKERS
from streams.errors import RetryableError
from streams.inference.repository import discover_notes
from streams.modalities.notes import batches, dealt, prepare, read
from streams.publish.board import Board
from streams.publish.summary import ModelSummary
from streams.publish.summary import read as read_score
from streams.publish.view import connect
from streams.simulate.note_texts import STORIES, STYLES, Illness, written
from streams.simulate.notes import CONTENT_TYPES, FORMS
from streams.transport.reading import read_to_end, reading
from streams.verify.audit import Report, audit
from streams.verify.settled import wait_until_settled
from tests.conftest import MODEL_REPOSITORY

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(420)]
NOTES, PATIENTS = 500, 100
REPLACED, WITHDRAWN, UNREADABLE = 50, 15, 10
HOUR = 3_600_000
VITALS = (("8867-4", 80, "/min"), ("9279-1", 16, "/min"), ("8480-6", 120, "mm[Hg]"), ("2708-6", 97, "%"))


class Message(NamedTuple):
    """One record of the hospital."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Said(NamedTuple):
    """What one note says of whom: what the end has to be made of."""

    patient: str
    content: bytes
    content_type: str


def div(content: bytes) -> str:
    """Return a note as the narrative of a Composition."""
    return f"<div>{content.decode(errors='replace')}</div>"


def said(kind: str, patient: str, content: bytes, content_type: str) -> Said:
    """Return what is to be read of a note."""
    if kind == "composition":
        return Said(patient, f"<h2>Note</h2>\n{div(content)}".encode(), "text/html; charset=utf-8")
    return Said(patient, content, content_type)


def resource(form: str, name: str, patient: str, content: bytes, content_type: str, at: int, **more: Any) -> Message:
    """Return a note in the resource that its number asks for."""
    attachment = {"contentType": content_type, "data": base64.b64encode(content).decode()}
    common = {"id": name, "subject": {"reference": f"Patient/{patient}"}, "status": "final"}
    whole: dict[str, Any] = {
        "document": {
            "resourceType": "DocumentReference", "date": isoformat(at), "content": [{"attachment": attachment}],
            **common, "status": "current",
        },
        "report": {
            "resourceType": "DiagnosticReport", "issued": isoformat(at), "presentedForm": [attachment], **common,
            "code": {"text": "report"},
        },
        "conclusion": {
            "resourceType": "DiagnosticReport", "issued": isoformat(at), "conclusion": content.decode(errors="replace"),
            **common,
        },
        "composition": {
            "resourceType": "Composition", "date": isoformat(at), **common,
            "section": [{"title": "Note", "text": {"div": div(content)}}],
        },
    }[form] | more  # fmt: skip
    return Message(topics.NOTES, name.encode(), json.dumps(whole).encode())


def raw(name: str, patient: str, content: bytes, at: int, **more: str) -> Message:
    headers = {"note_id": name, "written_at": isoformat(at)} | more
    return Message(topics.NOTES_RAW, patient.encode(), content, tuple((k, v.encode()) for k, v in headers.items()))


class Hospital:
    """Five hundred notes, of which some are replaced, withdrawn or broken, and what stands of them at the end."""

    def __init__(self, now: int) -> None:
        self.random, self.now = random.Random(8), now
        self.messages: list[Message] = []
        self.stands: dict[str, Said] = {}
        numbers = list(range(NOTES))
        self.random.shuffle(numbers)
        self.replaced = set(numbers[:REPLACED])
        self.withdrawn = set(numbers[REPLACED : REPLACED + WITHDRAWN])
        self.broken = set(numbers[REPLACED + WITHDRAWN : REPLACED + WITHDRAWN + UNREADABLE])
        for number in range(NOTES):
            self.tell(number)
        self.random.shuffle(self.messages)
        for patient in range(PATIENTS):
            self.messages += [self.vital(f"p{patient}", *one) for one in VITALS]

    def tell(self, number: int) -> None:
        patient, name = f"p{number % PATIENTS}", f"n{number}"
        kind = ("document", "report", "conclusion", "composition", "raw")[number % 5]
        content, content_type = self.content(number, kind)
        at = self.now - self.random.randint(1, 72) * HOUR
        self.messages.append(self.message(kind, name, patient, content, content_type, at))
        if number in self.broken:
            return
        if number in self.withdrawn:
            self.messages.append(self.withdrawal(kind, name, patient, at))
            return
        if number in self.replaced:
            self.replace(number, kind, name, patient, at)
            return
        self.stands[name] = said(kind, patient, content, content_type)

    def replace(self, number: int, kind: str, name: str, patient: str, at: int) -> None:
        """Send a newer version of the note, or another document that takes its place."""
        content, content_type = self.content(number + NOTES, kind)
        self.stands[f"{name}-b" if kind == "document" else name] = said(kind, patient, content, content_type)
        if kind == "document":
            told = {"code": "replaces", "target": {"reference": f"DocumentReference/{name}"}}
            self.messages.append(
                resource("document", f"{name}-b", patient, content, content_type, at + HOUR, relatesTo=[told])
            )
        elif kind == "raw":
            self.messages.append(raw(name, patient, content, at, version_id="2", content_type=content_type))
        else:
            self.messages.append(self.message(kind, name, patient, content, content_type, at, meta={"versionId": "2"}))

    def content(self, number: int, kind: str) -> tuple[bytes, str]:
        """Return a note's words in a form; a broken one is of no character set."""
        illnesses: list[Illness] = list(STORIES)
        parts = written(self.random.choice(illnesses), STYLES[number % 3], 60, "female", self.random)
        form = ("plain", "html", "rtf", "cda")[number // 5 % 4] if kind in {"document", "report"} else "plain"
        content, content_type = FORMS[form](parts).encode(), CONTENT_TYPES[form]
        if number in self.broken:
            return b"\xfd\xff" + content, "text/plain; charset=utf-8"
        return content, content_type

    def message(
        self, kind: str, name: str, patient: str, content: bytes, content_type: str, at: int, **more: Any
    ) -> Message:
        if kind == "raw":
            return raw(name, patient, content, at, content_type=content_type)
        broken = content.startswith(b"\xfd")
        return resource("document" if broken else kind, name, patient, content, content_type, at, **more)

    def withdrawal(self, kind: str, name: str, patient: str, at: int) -> Message:
        if kind == "raw":
            return Message(topics.NOTES_RAW, patient.encode(), b"", (("note_id", name.encode()),))
        return resource(kind, name, patient, b"-", "text/plain", at, status="entered-in-error", meta={"versionId": "2"})

    def vital(self, patient: str, code: str, value: float, unit: str) -> Message:
        observation = {
            "resourceType": "Observation", "id": f"{patient}-{code}", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "subject": {"reference": f"Patient/{patient}"}, "effectiveDateTime": isoformat(self.now - 60_000),
            "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": unit},
        }  # fmt: skip
        return Message(topics.OBSERVATIONS, patient.encode(), json.dumps(observation).encode())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = write_repository(tmp_path_factory.mktemp("models"))
    (found / "deterioration_gru").symlink_to(MODEL_REPOSITORY / "deterioration_gru")
    return found


@pytest.fixture(scope="module")
def stack(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    workers = tuple(name for name in WORKERS if name != "imaging")
    folder = tmp_path_factory.mktemp("notes")
    overrides = {"partitions": 2, "notes_retry_delays_s": (0.5, 1.0, 2.0), "log_level": "info"}
    with Stack(
        folder / "run", broker="tansu", workers=workers, model_repository=models, settings_overrides=overrides
    ) as found:
        yield found


def send(stack: Stack, messages: list[Message]) -> None:
    producer = KafkaProducer(bootstrap_servers=stack.settings.bootstrap_servers)
    for one in messages:
        producer.send(one.topic, key=one.key, value=one.value, headers=list(one.headers))
    producer.flush()
    producer.close()


def counted(stack: Stack, wait_s: float = 300.0) -> Report:
    """Count again and again until everything agrees, or the time is over."""
    end = time.monotonic() + wait_s
    while True:
        for worker in stack.workers.values():
            # As `up` does: a worker stops by itself where the broker does not answer in time.
            if worker.poll() is not None:
                worker.start()
        try:
            asyncio.run(wait_until_settled(stack.settings, 20.0))
        except RetryableError:
            assert time.monotonic() < end
            continue
        report = asyncio.run(audit(stack.settings))
        if not report.findings or time.monotonic() > end:
            return report
        time.sleep(1.0)


def offline(models: Path, stands: dict[str, Said]) -> dict[tuple[str, str], float]:
    """Judge what stands by the same code, asking onnxruntime in this process: of each patient and class the highest."""
    [spec] = discover_notes(models)
    network = onnxruntime.InferenceSession(str(models / spec.name / spec.onnx.file))
    found: defaultdict[tuple[str, str], float] = defaultdict(float)
    for said in stands.values():
        prepared = prepare(read_document(said.content, said.content_type).text, spec)
        calls = batches([prepared], spec)
        names = [output.name for output in spec.outputs]
        answers = [dict(zip(names, network.run(names, dict(call.tensors)), strict=True)) for call in calls]
        for head in read(dealt([prepared], spec, calls, answers)[0], prepared, spec).heads:
            found[said.patient, head.name] = max(found[said.patient, head.name], head.probability)
    return dict(found)


def shown(stack: Stack, patients: list[str]) -> dict[str, tuple[ModelSummary, ...]]:
    """Return what stands in the view of these patients."""

    async def look() -> dict[str, tuple[ModelSummary, ...]]:
        redis = connect(stack.settings.redis_url)
        try:
            latest = {name: await Board(redis).latest(name) for name in patients}
        finally:
            await redis.aclose()
        return {name: read_score(one.json).models for name, one in latest.items() if one is not None}

    return asyncio.run(look())


def test_five_hundred_notes_end_as_the_record_says_and_the_counts_add_up(stack: Stack, models: Path) -> None:
    hospital = Hospital(int(time.time() * 1000))
    send(stack, hospital.messages)
    report = counted(stack)
    assert report.findings == ()
    documents = sum(number % 5 == 0 for number in hospital.replaced)
    assert report.notes == {
        # A document that takes another's place is a note of its own; the other one was judged, and stands no more.
        "judged": NOTES - WITHDRAWN - UNREADABLE + documents,
        "nothing-to-say": UNREADABLE,
        "replaced": REPLACED - documents + WITHDRAWN,
        "withdrawn": WITHDRAWN,
    }
    expected = offline(models, hospital.stands)
    models_of = shown(stack, [f"p{number}" for number in range(PATIENTS)])
    current = {(name, m.finding): m.value for name, all_ in models_of.items() for m in all_ if m.model == "notes_words"}
    assert current == pytest.approx(expected, abs=1e-5)
    assert len(expected) == 2 * PATIENTS


def test_every_note_that_cannot_be_read_is_a_dead_letter_with_its_reason(stack: Stack) -> None:
    report = counted(stack)
    assert report.accounting.dead_letters == {}  # those are of the worker, not of the doors
    # Told again where an event was read again before it was acknowledged.
    reasons = {(one["topic"], one["partition"], one["offset"]): one["reason"] for one in dead_letters(stack)}
    assert Counter(reasons.values()) == {"encoding": UNREADABLE}


def dead_letters(stack: Stack) -> list[dict[str, Any]]:
    async def collect() -> list[dict[str, Any]]:
        async with reading(stack.settings, "cardiostream-test") as consumer:
            numbers = range(stack.settings.partitions)
            return [json.loads(r.value) for n in numbers for r in await read_to_end(consumer, topics.DEAD_LETTERS, n)]

    return asyncio.run(collect())


def test_while_triton_is_away_notes_wait_and_vital_signs_are_scored(stack: Stack) -> None:
    now = int(time.time() * 1000)
    hospital = Hospital(now)
    stack.stop_triton()
    try:
        waiting = resource("conclusion", "late", "p-late", b"The heart is weak, with atrial fibrillation.", "", now)
        send(stack, [waiting, *(hospital.vital("p-late", *one) for one in VITALS)])
        end = time.monotonic() + 120
        while not shown(stack, ["p-late"]):
            assert time.monotonic() < end
            time.sleep(0.2)
        assert not [m for m in shown(stack, ["p-late"])["p-late"] if m.model == "notes_words"]
    finally:
        stack.start_triton()
    end = time.monotonic() + 180
    while not [m for m in shown(stack, ["p-late"])["p-late"] if m.finding == "cardiovascular"]:
        assert time.monotonic() < end
        time.sleep(0.5)
    assert counted(stack).findings == ()


def test_no_word_of_a_note_is_logged_and_explain_prints_the_sentences(stack: Stack) -> None:
    for worker in stack.workers.values():
        text = worker.log_path.read_text(errors="replace")
        assert "atrial" not in text
        assert "p-late" not in text
    found = subprocess.run(
        [sys.executable, "-m", "streams.cli", "explain", "p-late", "--no-pictures"],
        env={**os.environ, **stack.env}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "DiagnosticReport/late" in found.stdout, found.stderr[-2000:]
    assert '"The heart is weak, with atrial fibrillation."' in found.stdout
