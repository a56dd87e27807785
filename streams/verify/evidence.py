"""What stands on our own topics and in Redis, read whole: results, state, dead letters, ticks, the view."""

from __future__ import annotations

from typing import Any

import msgspec

from streams import topics
from streams.clock import Instant
from streams.fusion.stage import Cutoffs
from streams.publish.alert_lists import Name, listed
from streams.publish.alerts_view import AlertRow, open_alerts
from streams.publish.board import Board
from streams.publish.headers import LEVEL, RETIRED, epoch_of
from streams.publish.keys import latest, ward_of_alerts
from streams.publish.modes_view import read_modes
from streams.publish.redis_client import client
from streams.records import DeadLetter, Tick
from streams.settings import Settings
from streams.timeline.share import Share
from streams.timeline.timeline import Timeline
from streams.transport.reading import read_to_end
from streams.verify.expectation import Letter
from streams.workers.ageing import aged
from streams.workers.alerts_shown import place, rows_of
from streams.workers.assessment import RECEIVED_AT
from streams.workers.gathering import Gathered
from streams.workers.ownership import cutoffs, retention_of
from streams.workers.parking import UNKNOWN
from streams.workers.relay import Relay


class Results(msgspec.Struct):
    """The results topic, read whole, and the compacted one made of it."""

    last: dict[str, bytes] = {}
    """By (epoch, offset): what a reader who knows the order takes for the last word."""
    behind: dict[str, str] = {}
    """By offset alone: the version that a reader who does not know it takes for the last word."""
    versions: dict[str, str] = {}
    retired: set[str] = set()
    """Ids whose last word is that they have been merged into another."""
    places: dict[str, tuple[int, int]] = {}
    written_at: dict[str, Instant] = {}
    """When the last word on each patient was published."""
    latest: dict[str, bytes] = {}
    """The last record of each patient on the compacted topic."""
    count: int = 0
    first_at: Instant | None = None
    """When the first score was published."""
    latencies_ms: list[int] = []

    def read(self, record: Any) -> None:
        """Take in one record of the results topic."""
        head = dict(record.headers)
        patient_id = record.key.decode()
        place = epoch_of(record), record.offset
        self.count += 1
        self.first_at = record.timestamp if self.first_at is None else min(self.first_at, record.timestamp)
        self.behind[patient_id] = version = head["ce_id"].decode()
        if RECEIVED_AT in head:
            self.latencies_ms.append(record.timestamp - int(head[RECEIVED_AT]))
        if place >= self.places.get(patient_id, (0, -1)):
            self.places[patient_id], self.last[patient_id], self.versions[patient_id] = place, record.value, version
            self.written_at[patient_id] = record.timestamp
            (self.retired.add if head[LEVEL] == RETIRED else self.retired.discard)(patient_id)

    def said_before(self, instant: Instant) -> set[str]:
        """Return the patients of whom nothing has been published since."""
        return {patient_id for patient_id, at in self.written_at.items() if at < instant}

    @property
    def late_words(self) -> int:
        """Patients for whom a former owner has the last word by offset."""
        return sum(self.behind[p] != self.versions[p] for p in self.versions)


class Evidence(msgspec.Struct):
    """Everything that the workers have written."""

    results: Results
    letters: set[Letter]
    state: dict[str, Timeline]
    """What is remembered at home, by the identity under which it came."""
    cutoffs: dict[str, Cutoffs]
    """Patient to what the highest tick acted on makes of the scores."""
    given_up: set[str] = set()
    """Digests of versions that waited for their patient beyond the limit."""
    copies: list[tuple[str, Timeline]] = []
    """What came under a retired id or an alias, where the patient is whose it is."""
    alerts: dict[str, AlertRow] = {}
    """The newest word on each alert, by its id."""
    ticks: dict[int, Instant] = {}
    """Partition to the highest tick that it has acted on."""
    watches: dict[str, bytes] = {}
    """Patient to what the bedside keeps of the alerts."""
    passed: dict[str, Instant] = {}
    """Patient to the highest tick acted on; without those of partitions where none was."""
    ticks_missed: int = 0
    """Partitions whose state has not acted on a tick that was there before."""


async def collect(consumer: Any, settings: Settings) -> Evidence:
    """Read all partitions of our own topics."""
    evidence = Evidence(Results(), set(), {}, {})
    for number in range(settings.partitions):
        for record in await read_to_end(consumer, topics.DEAD_LETTERS, number):
            _read_letter(record.value, evidence)
        for record in await read_to_end(consumer, topics.SCORES, number):
            evidence.results.read(record)
        for record in await read_to_end(consumer, topics.LATEST, number):
            evidence.results.latest[record.key.decode()] = record.value
        await _read_state(consumer, number, settings, evidence)
        # After the state: what is told of alerts meanwhile says how far time had passed.
        for word in rows_of(await read_to_end(consumer, topics.ALERTS, number)):
            if place(word) >= place(evidence.alerts.get(word.alert_id, word)):
                evidence.alerts[word.alert_id] = word
    return evidence


async def _read_state(consumer: Any, number: int, settings: Settings, evidence: Evidence) -> None:
    ticks = [msgspec.json.decode(r.value, type=Tick).at for r in await read_to_end(consumer, topics.TICKS, number)]
    share = Share(b"verify", retention_of(settings))
    share.restore((r.key, r.value) for r in await read_to_end(consumer, topics.STATE, number))
    evidence.ticks_missed += bool(ticks) and (share.tick is None or share.tick < max(ticks))
    if share.tick is not None:
        evidence.ticks[number] = share.tick
        aged(share, len(share.timelines))
    relay, everyone = Relay(settings.partitions), Gathered(arrivals=dict.fromkeys(share.timelines))
    for identity, timeline in share.timelines.items():
        if relay.home(identity) == number:
            evidence.state[identity] = timeline
        elif relay.home(share.identities.resolve(identity)) == number:
            evidence.copies.append((identity, timeline))
    patients = everyone.patients(share, number, relay)
    evidence.cutoffs |= dict.fromkeys(patients, cutoffs(share, settings))
    evidence.watches |= {patient_id: share.alerts[patient_id] for patient_id in patients if patient_id in share.alerts}
    if share.tick is not None:
        evidence.passed |= dict.fromkeys(patients, share.tick)


def _read_letter(value: bytes, evidence: Evidence) -> None:
    letter = msgspec.json.decode(value, type=DeadLetter)
    if letter.reason == UNKNOWN:
        evidence.given_up.add(letter.sha256)
    elif letter.topic not in {*topics.IMAGING_INPUTS, *topics.NOTES_INPUTS}:
        # What becomes of studies and notes is counted by `streams.verify.studies`.
        evidence.letters.add((letter.topic, letter.partition, letter.offset, letter.entry, letter.reason))


class View(msgspec.Struct, frozen=True):
    """Redis, as a reader sees it."""

    latest: dict[str, bytes]
    ranking: dict[str, float]
    """Patient to place; as it stands, not mended."""
    wards: dict[str, dict[str, float]] = {}
    """Ward to its ranking, as it stands too."""
    modes: dict[str, str] = {}
    """Model to the change that made its modes."""
    alerts: dict[str, bytes] = {}
    """Alert id to the alert, of those that stand open."""
    alert_lists: dict[Name, set[str]] = {}
    """Patient and alert to the wards in whose lists they are, as they stand; empty for that of all."""


async def read_view(settings: Settings) -> View:
    """Read the view whole."""
    redis: Any = client(settings)
    try:
        found: dict[str, bytes] = {}
        async for key in redis.scan_iter(match=latest("*"), count=1000):
            patient_id = key.decode()[len("risk:{") : -len("}:latest")]
            found[patient_id] = await redis.hget(key, "json")
        board = Board(redis)
        wards = {ward: await board.places(ward) for ward in await board.wards()}
        modes = {model: one.change for model, one in (await read_modes(redis)).items()}
        lists = {name: set(map(ward_of_alerts, of)) for name, of in (await listed(redis)).items()}
        alerts = {line.alert_id: line.json for line in await open_alerts(redis)}
        return View(found, await board.places(), wards, modes, alerts, lists)
    finally:
        await redis.aclose()
