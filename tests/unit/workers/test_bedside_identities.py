"""The bedside worker and who is who: merges, identifiers, words between partitions, and what waits for its patient."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from faust.types import TP

from streams import topics
from streams.identity import alias
from streams.inference.batches import Batches
from streams.inference.fake import FakeClient
from streams.inference.manifest import load
from streams.publish.headers import LEVEL
from streams.publish.retirement import HEADER
from streams.records import DeadLetter, EncounterVersion, Overruling, PatientVersion, Tick, Version
from streams.settings import Settings
from streams.transport.produce import partition_of
from streams.transport.runs import Again
from streams.workers import late_words, ownership
from streams.workers.bedside import BedsideWork
from tests.unit.workers.fakes import HOUR, MODEL_REPOSITORY, START, Broker, Host, encode, through, vitals

OBS, PAT, TRANSFERS = topics.EVENTS_OBSERVATIONS, topics.EVENTS_PATIENTS, topics.EVENTS_TRANSFERS
SCORES, STATE = topics.SCORES, topics.STATE
SPEC = load(MODEL_REPOSITORY, "deterioration_gru")
PARTITIONS = 2
ANN = alias("urn:mrn", "ann", "hospital")
HERE, THERE = "p2", "p6"
"""A patient of partition 0 and one of partition 1."""


def home(identity: str) -> int:
    return partition_of(identity.encode(), PARTITIONS)


class Process:
    """One process that owns both partitions; what it produces for itself comes back to it."""

    def __init__(self, broker: Broker) -> None:
        self.broker, self.host, self.triton = broker, Host(broker), FakeClient(SPEC.output.name)
        worker: Any = BedsideWork
        settings = Settings(model_repository=MODEL_REPOSITORY, partitions=PARTITIONS, park_limit_s=7200)
        scorer = Batches(self.triton, max_batch=8, calls_in_flight=1, breaker_pause_s=5.0)
        self.work: BedsideWork = worker(settings, self.host, scorer)
        self.heard = dict.fromkeys(range(PARTITIONS), 0)

    async def own(self) -> None:
        self.host.offsets.assigned()
        await self.work.assigned({TP(topic, n) for topic in self.work.topics for n in range(PARTITIONS)})

    async def take(self, *events: Any, numbers: tuple[int, ...] = ()) -> None:
        """Take events one flush each, in the partition of their patient or in those given."""
        for event in events:
            topic = OBS if type(event).__name__ == "ObservationVersion" else PAT
            for number in numbers or (home(event.patient_id),):
                record = self.broker.append(topic, number, b"", encode(event))
                await through(self.work, self.host.run(topic, [record], number))

    async def hear(self) -> None:
        """Take in what the partitions have sent each other, until nothing more comes."""
        while waiting := [n for n in self.heard if self.heard[n] < len(self.broker.log(TRANSFERS, n))]:
            for number in waiting:
                records = self.broker.log(TRANSFERS, number)[self.heard[number] :]
                self.heard[number] += len(records)
                await through(self.work, self.host.run(TRANSFERS, records, number))

    async def tick(self, at: int) -> None:
        for number in range(PARTITIONS):
            record = self.broker.append(topics.TICKS, number, b"", encode(Tick(at, {})))
            await through(self.work, self.host.run(topics.TICKS, [record], number))

    @property
    def words(self) -> list[tuple[str, str, str]]:
        """Patient, level and survivor of everything published, in order."""
        found = []
        for out in self.host.producer.on(SCORES):
            head = dict(out.headers)
            shown = "retired" if head[LEVEL] == b"retired" else "scored"
            found.append(((out.key or b"").decode(), shown, head.get(HEADER, b"").decode()))
        return found

    @property
    def last(self) -> dict[str, tuple[str, str]]:
        return {patient_id: (shown, survivor) for patient_id, shown, survivor in self.words}

    def basis(self, patient_id: str) -> list[str]:
        """What the last score of a patient rests on."""
        outs = [out for out in self.host.producer.on(SCORES) if out.key == patient_id.encode()]
        return [one["reference"] for one in json.loads(outs[-1].value or b"")["basis"]]

    @property
    def letters(self) -> list[DeadLetter]:
        outs = self.host.producer.on(topics.DEAD_LETTERS)
        return [msgspec.json.decode(out.value or b"", type=DeadLetter) for out in outs]


@pytest.fixture
async def process(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Process]:
    broker = Broker()
    monkeypatch.setattr(ownership, "reading", broker.reading)
    monkeypatch.setattr(late_words, "reader", broker.reader)
    made = Process(broker)
    await made.own()
    yield made
    await made.work.stop()


def person(patient_id: str, version_id: int = 1, **says: Any) -> PatientVersion:
    version = Version(0, version_id, 0, b"%d" % version_id)
    return PatientVersion("hospital", patient_id, patient_id, version, False, START, **says)


def test_the_patients_of_these_tests_are_of_different_partitions() -> None:
    assert (home(HERE), home(THERE)) == (0, 1)


async def test_a_merged_patient_gets_its_last_word_and_the_survivor_is_scored_by_its_facts(process: Process) -> None:
    await process.take(vitals(THERE, resource_id="old"), vitals(HERE, START + 1000, resource_id="new"))
    await process.take(person(THERE, 2, replaced_by=(HERE,)))
    await process.hear()
    assert process.last == {THERE: ("retired", HERE), HERE: ("scored", "")}
    assert sorted(process.basis(HERE)) == ["Observation/new", "Observation/old"]


async def test_a_retired_id_is_never_scored_again_whatever_comes_under_it(process: Process) -> None:
    await process.take(vitals(THERE), vitals(HERE), person(THERE, 2, replaced_by=(HERE,)))
    await process.hear()
    before = len(process.words)
    await process.take(vitals(THERE, START + 1000, resource_id="late"))
    await process.hear()
    await process.tick(START + 48 * HOUR)
    assert {word for word in process.words[before:] if word[0] == THERE} == {(THERE, "retired", HERE)}
    assert "Observation/late" in process.basis(HERE)


async def test_a_fact_of_a_retired_id_is_sent_on_before_its_input_is_acknowledged(process: Process) -> None:
    await process.take(vitals(HERE), person(THERE, 2, replaced_by=(HERE,)))
    await process.hear()
    sent = len(process.broker.log(TRANSFERS, home(HERE)))
    run = process.host.run(OBS, [process.broker.append(OBS, 1, b"", encode(vitals(THERE)))], 1)
    flush = process.work.begin([run])
    await process.work.judge(flush)
    await (await process.work.publish(flush))
    assert len(process.broker.log(TRANSFERS, home(HERE))) == sent + 1
    assert process.host.committable(OBS, 1) is None
    await process.work.settle(flush)
    assert process.host.committable(OBS, 1) == run.next_offset


async def test_a_redelivered_fact_and_a_redelivered_word_are_sent_on_again(process: Process) -> None:
    await process.take(vitals(HERE), vitals(THERE), person(THERE, 2, replaced_by=(HERE,)))
    await process.hear()

    def sent() -> int:
        return sum(len(process.broker.log(TRANSFERS, number)) for number in range(PARTITIONS))

    before = sent()
    await process.take(vitals(THERE))
    assert sent() == before + 1
    await process.take(person(THERE, 2, replaced_by=(HERE,)))
    assert sent() == before + 1 + PARTITIONS + 1, "the word to both partitions, and the demographics"
    await process.hear()
    assert sent() > before + 1 + PARTITIONS + 1


async def test_an_unmerge_scores_both_again(process: Process) -> None:
    await process.take(vitals(THERE, resource_id="old"), vitals(HERE, resource_id="new"))
    await process.take(person(THERE, 2, replaced_by=(HERE,)))
    await process.hear()
    await process.take(person(THERE, 3))
    await process.hear()
    assert process.last == {THERE: ("scored", ""), HERE: ("scored", "")}
    assert process.basis(HERE) == ["Observation/new"]
    assert process.basis(THERE) == ["Observation/old"]


async def test_of_a_survivor_without_facts_of_its_own_an_unmerge_takes_the_assessment_back(process: Process) -> None:
    await process.take(vitals(THERE), person(THERE, 2, replaced_by=(HERE,)))
    await process.hear()
    assert process.last[HERE] == ("scored", "")
    await process.take(person(THERE, 3))
    await process.hear()
    assert process.last == {THERE: ("scored", ""), HERE: ("retired", "")}


async def test_a_debt_of_a_retired_id_is_forgotten(process: Process) -> None:
    process.triton.down = True
    await process.take(vitals(THERE), person(THERE, 2, replaced_by=(HERE,)))
    await process.hear()
    assert {number: share.owed for number, share in process.work.shares.items()} == {0: {HERE}, 1: set()}


async def test_a_debt_that_a_patient_left_without_facts_has_is_forgotten(process: Process) -> None:
    process.triton.down = True
    await process.take(vitals(THERE), person(THERE, 2, replaced_by=(HERE,)))
    await process.hear()
    await process.take(person(THERE, 3))
    await process.hear()
    assert {number: share.owed for number, share in process.work.shares.items()} == {0: set(), 1: {THERE}}


async def test_a_former_owners_score_of_a_retired_id_is_answered_by_its_last_word(process: Process) -> None:
    await process.take(vitals(THERE), person(THERE, 2, replaced_by=(HERE,)))
    await process.hear()
    before = len(process.words)
    await through(process.work, Again(1, (THERE,), 1, process.host.generation))
    assert process.words[before:] == [(THERE, "retired", HERE)]


async def test_a_patient_who_lost_a_fact_is_published_again_with_a_redelivered_overruling(process: Process) -> None:
    await process.take(vitals(THERE, resource_id="a"), vitals(THERE, START + 1000, resource_id="b"))
    gone = Overruling("hospital", "a", Version(0, 2), HERE, START)
    await process.take(gone, numbers=(0, 1))
    await process.take(gone, numbers=(0, 1))
    assert [patient_id for patient_id, *_ in process.words] == [THERE] * 4
    assert process.basis(THERE) == ["Observation/b"]


async def test_facts_by_identifier_are_parked_until_the_patient_comes(process: Process) -> None:
    await process.tick(START)
    await process.take(vitals(ANN))
    assert (process.words, process.work.shares[home(ANN)].parked) == ([], {ANN: START})
    await process.take(person(HERE, aliases=(ANN,)))
    await process.hear()
    assert process.last == {HERE: ("scored", "")}
    assert process.work.shares[home(ANN)].parked == {}


async def test_what_waited_before_the_first_tick_waits_from_then_on(process: Process) -> None:
    await process.take(vitals(ANN))
    assert process.work.shares[home(ANN)].parked == {}
    await process.tick(START)
    assert process.work.shares[home(ANN)].parked == {ANN: START}


async def test_what_waits_too_long_becomes_one_dead_letter_without_the_identifier(process: Process) -> None:
    await process.tick(START)
    await process.take(vitals(ANN))
    for hours in (1, 2, 3):
        await process.tick(START + hours * HOUR)
    [letter] = process.letters
    assert (letter.reason, letter.topic, letter.partition) == ("patient-unknown", OBS, home(ANN))
    assert letter.received_at == START + 2 * HOUR
    assert ANN not in encode(letter).decode()
    assert ANN not in process.work.shares[home(ANN)].timelines


async def test_an_encounter_that_waits_too_long_becomes_a_dead_letter_too(process: Process) -> None:
    await process.tick(START)
    await process.take(EncounterVersion("hospital", "Encounter/e", ANN, Version(0, 1), False, START))
    await process.tick(START + 2 * HOUR)
    assert [(letter.reason, letter.topic) for letter in process.letters] == [("patient-unknown", PAT)]


async def test_what_has_been_given_up_does_not_come_back_with_the_next_owner(process: Process) -> None:
    await process.tick(START)
    await process.take(vitals(ANN))
    second = Process(process.broker)
    await second.own()
    await second.tick(START + 2 * HOUR)
    third = Process(process.broker)
    await third.own()
    await third.tick(START + 5 * HOUR)
    assert (len(process.letters), len(second.letters), len(third.letters)) == (0, 1, 0)
    assert ANN not in third.work.shares[home(ANN)].timelines
    for one in (second, third):
        await one.work.stop()


async def test_a_patient_who_comes_in_the_flush_of_the_last_tick_is_in_time(process: Process) -> None:
    await process.tick(START)
    await process.take(vitals(ANN), person(HERE, aliases=(ANN,)))
    number = home(ANN)
    words = process.broker.log(TRANSFERS, number)
    tick = process.broker.append(topics.TICKS, number, b"", encode(Tick(START + 2 * HOUR, {})))
    runs = process.host.run(TRANSFERS, words, number), process.host.run(topics.TICKS, [tick], number)
    process.heard[number] = len(words)
    await through(process.work, *runs)
    await process.hear()
    assert process.letters == []
    assert process.last == {HERE: ("scored", "")}


async def test_the_state_forgets_a_parked_fact_only_after_its_dead_letter_is_acknowledged(process: Process) -> None:
    await process.tick(START)
    await process.take(vitals(ANN))
    await process.tick(START + 2 * HOUR)
    topics_of = [{out.topic for out in batch} for batch in process.host.producer.batches]
    [place] = [k for k, found in enumerate(topics_of) if topics.DEAD_LETTERS in found]
    assert topics_of[place] == {topics.DEAD_LETTERS}
    removed = [k for k, batch in enumerate(process.host.producer.batches) for out in batch if out.value is None]
    assert min(removed) > place
