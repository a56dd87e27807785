"""Reading the topics and putting the parts of the verification together."""

from __future__ import annotations

from typing import Any

import msgspec

from streams import topics
from streams.clock import Instant
from streams.inference.manifest import load
from streams.normalise import Raw
from streams.publish.headers import EPOCH
from streams.publish.keys import latest
from streams.publish.view import connect
from streams.records import DeadLetter
from streams.settings import Settings
from streams.timeline.share import Share
from streams.timeline.timeline import Timeline
from streams.transport.reading import read_to_end, reading
from streams.verify.comparison import (
    Finding,
    compare_letters,
    compare_scores,
    compare_states,
    compare_view,
    expected_scores,
)
from streams.verify.expectation import Accounting, Expectation, Letter
from streams.verify.offline import OfflineScorer
from streams.workers.ownership import retention_of, stale_before

MODEL = "deterioration_gru"


class Report(msgspec.Struct, frozen=True):
    """What was counted and what differs; agreement means no findings."""

    accounting: Accounting
    patients: int
    scores: int
    """Records on the results topic, repeats included."""
    largest_difference: float
    """Of any model's last value from the same model run offline."""
    latencies_ms: tuple[int, ...]
    """Arrival of the oldest input to the published score, of every score that an input made due."""
    findings: tuple[Finding, ...]


class _Results(msgspec.Struct):
    """The results topic, read whole."""

    last: dict[str, bytes] = {}
    """By (epoch, offset): what a reader who knows the order takes for the last word."""
    behind: dict[str, str] = {}
    """By offset alone: the version that a reader who does not know it takes for the last word."""
    versions: dict[str, str] = {}
    places: dict[str, tuple[int, int]] = {}
    count: int = 0
    latencies_ms: list[int] = []

    def read(self, record: Any) -> None:
        head = dict(record.headers)
        patient_id = record.key.decode()
        place = int(head[EPOCH]), record.offset
        self.count += 1
        self.behind[patient_id] = version = head["ce_id"].decode()
        if "cs_received_at" in head:
            self.latencies_ms.append(record.timestamp - int(head["cs_received_at"]))
        if place >= self.places.get(patient_id, (0, -1)):
            self.places[patient_id], self.last[patient_id], self.versions[patient_id] = place, record.value, version

    def late_words(self) -> list[Finding]:
        """Count patients for whom a former owner has the last word by offset."""
        late = sum(self.behind[p] != self.versions[p] for p in self.versions)
        return [Finding("scores behind which a former owner's stands", late)] if late else []


async def audit(settings: Settings, *, with_view: bool = True) -> Report:
    """Verify everything between the sources and the view, independently, from the topics."""
    expectation, letters, results = Expectation(settings), set[Letter](), _Results()
    state: dict[str, Timeline] = {}
    limits: dict[str, Instant | None] = {}
    async with reading(settings, "cardiostream-verify") as consumer:
        for number in range(settings.partitions):
            await _read_sources(consumer, number, settings, expectation)
            letters |= {_letter(r.value) for r in await read_to_end(consumer, topics.DEAD_LETTERS, number)}
            for record in await read_to_end(consumer, topics.SCORES, number):
                results.read(record)
            share = Share(b"verify", retention_of(settings))
            share.restore((r.key, r.value) for r in await read_to_end(consumer, topics.STATE, number))
            state |= share.timelines
            limits |= dict.fromkeys(share.timelines, stale_before(share, settings))
    findings, largest = _score_findings(settings, expectation, limits, results)
    findings += results.late_words()
    findings += compare_states(expectation.timelines, state) + compare_letters(expectation.letters, letters)
    if with_view:
        findings += compare_view(results.last, await _view(settings))
    return Report(
        expectation.accounting(),
        len(expectation.timelines),
        results.count,
        largest,
        tuple(sorted(results.latencies_ms)),
        tuple(findings),
    )


async def _read_sources(consumer: Any, number: int, settings: Settings, expectation: Expectation) -> None:
    for source in settings.sources:
        for r in await read_to_end(consumer, source.topic, number):
            raw = Raw(
                value=r.value, key=r.key, topic=r.topic, partition=number, offset=r.offset, received_at=r.timestamp
            )
            expectation.read(raw, source)


def _score_findings(
    settings: Settings, expectation: Expectation, limits: dict[str, Instant | None], results: _Results
) -> tuple[list[Finding], float]:
    spec = load(settings.model_repository, MODEL)
    scorer = OfflineScorer(settings.model_repository, spec)
    return compare_scores(expected_scores(expectation.timelines, limits, spec, scorer), results.last)


def _letter(value: bytes) -> Letter:
    letter = msgspec.json.decode(value, type=DeadLetter)
    return letter.topic, letter.partition, letter.offset, letter.entry, letter.reason


async def _view(settings: Settings) -> dict[str, bytes]:
    redis: Any = connect(settings.redis_url)
    try:
        found: dict[str, bytes] = {}
        async for key in redis.scan_iter(match=latest("*"), count=1000):
            patient_id = key.decode()[len("risk:{") : -len("}:latest")]
            found[patient_id] = await redis.hget(key, "json")
        return found
    finally:
        await redis.aclose()
