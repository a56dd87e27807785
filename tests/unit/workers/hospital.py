"""A hospital in memory for property tests: several partitions, their changelogs, owners that die or write late.

Everything that decides is the real thing: shares, gathering, relay. Only Kafka is a list, and nothing is scored.
"""

from __future__ import annotations

import random
from collections import defaultdict
from hashlib import blake2b
from typing import NamedTuple

from streams import topics
from streams.clock import HOUR
from streams.publish.identity import facts_digest
from streams.records import (
    Event,
    NotePredictions,
    ObservationVersion,
    Overruling,
    Said,
    StudyPredictions,
)
from streams.timeline.pieces import Piece
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.timeline.snapshot import snapshot
from streams.transport.runs import Run
from streams.workers.gathering import Gathered
from streams.workers.relay import Relay
from tests.unit.workers.fakes import Rec, encode

RETENTION = Retention(quick_ms=72 * HOUR, slow_ms=14 * 24 * HOUR)
PARTITIONS = 3
RELAY = Relay(PARTITIONS)

TOPICS = {
    ObservationVersion: topics.EVENTS_OBSERVATIONS,
    StudyPredictions: topics.PREDICTIONS_IMAGING,
    NotePredictions: topics.PREDICTIONS_NOTES,
}


class Message(NamedTuple):
    """One record of the hospital, as normalise hands it on: an event, and word to everyone where it may be a change."""

    event: Event | Said
    change: Overruling | None = None

    def records(self) -> list[tuple[str, int, Event | Said]]:
        """Topic, partition and event of each record that this becomes."""
        found: list[tuple[str, int, Event | Said]] = []
        if isinstance(self.event, Overruling):
            return [(topics.EVENTS_PATIENTS, number, self.event) for number in range(PARTITIONS)]
        topic = TOPICS.get(type(self.event), topics.EVENTS_PATIENTS)
        found.append((topic, RELAY.home(self.event.patient_id), self.event))
        if self.change is not None:
            told = topics.EVENTS_PATIENTS if topic == topics.EVENTS_OBSERVATIONS else topic
            found += [(told, number, self.change) for number in range(PARTITIONS)]
        return found


def message(event: Event | Said) -> Message:
    """Return what becomes of a version: also an overruling where versionId or status show that it may be a change."""
    if isinstance(event, ObservationVersion | Said) and (
        event.version.version_id != 1 or event.version.status_rank > 2
    ):
        word = Overruling(event.source, event.resource_id, event.version, event.patient_id, event.received_at)
        return Message(event, word)
    return Message(event)


class Owner:
    """One process that owns a partition until it dies; it may be one that only believes it still does."""

    def __init__(self, number: int, log: list[Piece]) -> None:
        self.number, self.log = number, log
        self.share = Share(blake2b(str(len(log)).encode(), digest_size=4).digest() + bytes([number]), RETENTION)
        if len(log) % 2:
            # Every second owner lays everything to rest between two flushes, as it does with a large hospital.
            self.share.timelines.open_bytes = 0
        announced = self.share.restore(log)
        log += announced
        log += self.share.superseded(announced)

    def flush(self, batch: list[Rec], *, writes: bool = True, cleans: bool = True) -> list[tuple[int, bytes]]:
        """Take a batch in; return what is sent to other partitions. `writes` False: killed before anything was."""
        self.said: dict[str, bytes | None] = {}
        gathered = Gathered()
        for rec in batch:
            gathered.take(rec, Run(topics.EVENTS_OBSERVATIONS, self.number, (rec,), 1), self.share)
        outs = gathered.relayed(self.share, self.number, RELAY)
        pieces = self.share.changed(gathered.arrivals)
        if not writes:
            return []
        self.log += pieces
        if cleans:
            self.log += self.share.superseded(pieces)
        self.said = self._words(gathered)
        return [(out.partition, out.value or b"") for out in outs]

    def _words(self, gathered: Gathered) -> dict[str, bytes | None]:
        """Return what this flush publishes: a digest of what each is judged by, None where one is taken back."""
        last = gathered.last_words(self.share, self.number, RELAY)
        said: dict[str, bytes | None] = {word.patient_id: None for word in last}
        for patient_id in gathered.patients(self.share, self.number, RELAY):
            seen = snapshot(patient_id, self.share.gathered(patient_id))
            if seen is not None:
                said[patient_id] = facts_digest(seen)
        return said


class Hospital:
    """Partitions with their inputs and owners, worked off in an order that chance decides."""

    def __init__(self, rng: random.Random, trouble: float = 0.0) -> None:
        self.rng, self.trouble = rng, trouble
        self.logs: list[list[Piece]] = [[] for _ in range(PARTITIONS)]
        self.owners = [Owner(n, self.logs[n]) for n in range(PARTITIONS)]
        self.former: list[Owner] = []
        self.inputs: dict[tuple[str, int], list[bytes]] = defaultdict(list)
        self.done: dict[tuple[str, int], int] = defaultdict(int)
        self.published: dict[str, bytes | None] = {}
        """The last word on each patient; None where it takes back what stood."""

    def send(self, messages: list[Message]) -> None:
        """Put messages on the inputs; the records of one keep no order among partitions."""
        for one in messages:
            for topic, number, event in one.records():
                self.inputs[topic, number].append(encode(event))

    def work_off(self) -> None:
        """Take in everything, in batches of any size from any input, with restarts and former owners on the way."""
        while waiting := [place for place, values in sorted(self.inputs.items()) if self.done[place] < len(values)]:
            place = self.rng.choice(waiting)
            self._step(place)
        for old in self.former:
            old.flush([])

    def _step(self, place: tuple[str, int]) -> None:
        number, begin = place[1], self.done[place]
        batch = [Rec(0, value) for value in self.inputs[place][begin : begin + self.rng.randint(1, 4)]]
        owner = self.owners[number]
        fate = self.rng.random() if self.trouble else 1.0
        if fate < self.trouble:
            self._lose(owner, batch)
            return
        self._sent(owner.flush(batch, cleans=self.rng.random() < 0.7))
        self.published |= owner.said
        if not (self.trouble and self.rng.random() < self.trouble):
            self.done[place] = begin + len(batch)
        # Otherwise it was killed between the effect and the commit, and all of it comes again.

    def lose_all_results(self) -> None:
        """Take in everything that waits; each time the state is written, nothing else is, and another takes over."""
        while waiting := [place for place, values in sorted(self.inputs.items()) if self.done[place] < len(values)]:
            for topic, number in waiting:
                batch = [Rec(0, value) for value in self.inputs[topic, number][self.done[topic, number] :]]
                self.owners[number].flush(batch)
                self.owners[number] = Owner(number, self.logs[number])
                self._sent(self.owners[number].flush(batch))
                self.published |= self.owners[number].said
                self.done[topic, number] += len(batch)

    def _lose(self, owner: Owner, batch: list[Rec]) -> None:
        """Let another take over; the former owner died before it wrote anything, after all of it, or writes late."""
        kind = self.rng.randrange(3)
        if kind == 0:
            owner.flush(batch, writes=False)
        elif kind == 1:
            # The state was written, what follows from it was not.
            owner.flush(batch)
        self.owners[owner.number] = Owner(owner.number, owner.log)
        if kind == 2:
            self._sent(owner.flush(batch, cleans=False))

    def _sent(self, outs: list[tuple[int, bytes]]) -> None:
        for number, value in outs:
            self.inputs[topics.EVENTS_TRANSFERS, number].append(value)

    def restart(self) -> None:
        """Let every partition be taken over."""
        self.owners = [Owner(n, self.logs[n]) for n in range(PARTITIONS)]

    def standing(self) -> dict[str, bytes]:
        """Return the last word published on each patient, but for those that took it back."""
        return {patient_id: word for patient_id, word in self.published.items() if word is not None}

    def judged(self) -> dict[str, bytes]:
        """Return a digest of what each patient is judged by, where it is at home."""
        found: dict[str, bytes] = {}
        for owner in self.owners:
            everyone = Gathered(arrivals=dict.fromkeys(owner.share.timelines))
            for patient_id in everyone.patients(owner.share, owner.number, RELAY):
                seen = snapshot(patient_id, owner.share.gathered(patient_id))
                if seen is not None:
                    found[patient_id] = facts_digest(seen)
        return found
