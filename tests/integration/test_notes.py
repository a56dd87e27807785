"""Notes of every form from the hospital's topics to the score: with a real broker, a real Redis and a real Triton."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
from kafka import KafkaProducer

from bench.notes_models import write_repository
from streams import topics
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
from streams.transport.reading import read_to_end, reading
from streams.verify.audit import Report, audit
from streams.verify.settled import wait_until_settled
from tests.conftest import MODEL_REPOSITORY
from tests.integration.note_hospital import (
    NOTES,
    PATIENTS,
    REPLACED,
    UNREADABLE,
    VITALS,
    WITHDRAWN,
    Hospital,
    Message,
    Said,
    resource,
)

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(420)]


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
