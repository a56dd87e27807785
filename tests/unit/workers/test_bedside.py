"""The bedside worker on partitions in memory: what a flush takes in, publishes, owes and acknowledges."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from faust.types import TP
from prometheus_client import REGISTRY

from streams import topics
from streams.errors import ContractError, RetryableError
from streams.identity import alias
from streams.inference.batches import Batches
from streams.inference.fake import FakeClient
from streams.inference.manifest import load
from streams.publish.headers import BED, EPOCH, WARD
from streams.publish.summary import Summary, read
from streams.records import (
    EncounterVersion,
    Event,
    Measure,
    Overruling,
    PatientVersion,
    Tick,
    Version,
)
from streams.settings import Settings
from streams.timeline.encoding import decode_key
from streams.timeline.hour import SLOT
from streams.timeline.share import DEBT, TICK
from streams.timeline.snapshot import as_of
from streams.transport.runs import Due, Run
from streams.workers import ownership
from streams.workers.assessment import RECEIVED_AT
from streams.workers.bedside import BedsideWork
from tests.unit.workers.fakes import HOUR, MARKED, MODEL_REPOSITORY, START, Broker, Host, Rec, encode, through, vitals

OBS, PAT, TICKS, SCORES, STATE = (
    topics.EVENTS_OBSERVATIONS,
    topics.EVENTS_PATIENTS,
    topics.TICKS,
    topics.SCORES,
    topics.STATE,
)
SPEC = load(MODEL_REPOSITORY, "deterioration_gru")
PULSE = (Measure("8867-4", "8867-4", 80.0),)


class Bedside:
    """One process of the worker with its host, model and broker."""

    def __init__(self, broker: Broker, **settings: Any) -> None:
        self.broker, self.host, self.triton = broker, Host(broker), FakeClient(SPEC.output.name)
        worker: Any = BedsideWork
        self.work: BedsideWork = worker(
            Settings(**{"model_repository": MODEL_REPOSITORY, "partitions": 1} | settings),
            self.host,
            Batches(self.triton, max_batch=8, calls_in_flight=1, breaker_pause_s=5.0),
        )

    async def own(self, *partitions: int) -> None:
        """Get an assignment, as after a rebalance."""
        self.host.offsets.assigned()
        await self.work.assigned({TP(topic, n) for topic in self.work.topics for n in partitions})

    def run_of(self, *events: Event) -> Run:
        """Produce events and fetch them."""
        kept = [self.broker.append(OBS, 0, e.patient_id.encode(), encode(e)) for e in events]
        return self.host.run(OBS, kept)

    async def take(self, *events: Event) -> None:
        await through(self.work, self.run_of(*events))

    async def tick(self, at: int, **ends: int) -> None:
        record = self.broker.append(TICKS, 0, b"0", encode(Tick(at, {OBS: ends.get("obs", 0), PAT: 0})))
        await through(self.work, self.host.run(TICKS, [record]))

    @property
    def scores(self) -> list[Summary]:
        return [read(out.value or b"") for out in self.host.producer.on(SCORES)]

    @property
    def heads(self) -> list[dict[str, bytes]]:
        return [dict(out.headers) for out in self.host.producer.on(SCORES)]

    def pieces(self, number: int) -> list[tuple[str, bool]]:
        """Patients of the state's pieces of one kind, and whether each was written or removed."""
        keys = [(decode_key(out.key or b""), out.value is not None) for out in self.host.producer.on(STATE)]
        return [(key.patient_id, written) for key, written in keys if key.piece == number]


@pytest.fixture
async def bedside(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bedside]:
    broker = Broker()
    monkeypatch.setattr(ownership, "reading", broker.reading)
    made = Bedside(broker)
    await made.own(0)
    yield made
    await made.work.stop()


@asynccontextmanager
async def successor(of: Bedside) -> AsyncIterator[Bedside]:
    """Another process that acquires the partition next."""
    made = Bedside(of.broker)
    await made.own(0)
    yield made
    await made.work.stop()


async def test_an_observation_is_in_the_state_and_scored_before_it_is_acknowledged(bedside: Bedside) -> None:
    await bedside.take(vitals())
    [score] = bedside.scores
    assert (score.patient_id, score.as_of) == ("p1", START)
    assert {m.model: m.status for m in score.models} == {"deterioration_gru": "ok", "news2": "ok"}
    assert bedside.host.committable(OBS) == 1


async def test_the_states_pieces_are_produced_with_the_results_and_before_them(bedside: Bedside) -> None:
    await bedside.take(vitals())
    assert [out.topic for out in bedside.host.producer.batches[-1]] == [
        STATE,
        topics.PREDICTIONS,
        topics.PREDICTIONS,
        SCORES,
    ]


async def test_a_redelivered_input_publishes_again_and_is_the_same_version(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.take(vitals())
    first, second = bedside.heads
    assert first["ce_id"] == second["ce_id"]
    assert bedside.host.committable(OBS) == 2


async def test_patients_of_one_flush_are_published_once_each(bedside: Bedside) -> None:
    await bedside.take(vitals("p1", START), vitals("p2", START), vitals("p1", START + 1000))
    assert sorted((s.patient_id, s.as_of) for s in bedside.scores) == [("p1", START + 1000), ("p2", START)]
    assert bedside.triton.calls == [2]


async def test_a_score_tells_the_arrival_of_the_oldest_input_of_its_flush(bedside: Bedside) -> None:
    await bedside.take(vitals(received_at=START + 900), vitals(at=START + 1, received_at=START + 300))
    assert bedside.heads[0][RECEIVED_AT] == b"%d" % (START + 300)


async def test_an_insufficient_patient_is_published_and_the_model_is_not_asked(bedside: Bedside) -> None:
    await bedside.take(vitals(measures=PULSE))
    assert {m.model: m.status for m in bedside.scores[0].models}["deterioration_gru"] == "indeterminate"
    assert bedside.triton.calls == []


async def test_demographics_alone_are_kept_and_nothing_is_published(bedside: Bedside) -> None:
    await bedside.take(PatientVersion("hospital", "p1", "p1", Version(), False, START, "1950", "female"))
    assert bedside.scores == []
    assert bedside.host.producer.on(STATE)
    assert bedside.host.committable(OBS) == 1


def stay(version: int, ward: str, bed: str = "", patient_id: str = "p1", **more: Any) -> EncounterVersion:
    return EncounterVersion(
        "hospital", "Encounter/e1", patient_id, Version(version_id=version), False, START, ward=ward, bed=bed, **more
    )


async def test_an_admission_alone_publishes_the_score_again_with_ward_and_bed(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.take(stay(1, "North", "12"))
    before, after = bedside.scores
    assert [(s.ward, s.bed, s.as_of) for s in (before, after)] == [("", "", START), ("North", "12", START)]
    assert before.version_id != after.version_id
    assert (after.level, after.index, after.corrected) == (before.level, before.index, False)
    assert (bedside.heads[1][WARD], bedside.heads[1][BED]) == (b"North", b"12")


async def test_a_transfer_alone_is_a_new_version_and_a_discharge_leaves_the_ward(bedside: Bedside) -> None:
    await bedside.take(vitals(), stay(1, "North", "12"))
    await bedside.take(stay(2, "ICU", "3"))
    await bedside.take(stay(3, "ICU", "3", status="finished", end=START + HOUR))
    assert [(s.ward, s.bed) for s in bedside.scores] == [("North", "12"), ("ICU", "3"), ("", "")]
    assert len({s.version_id for s in bedside.scores}) == 3
    assert WARD not in bedside.heads[2]


async def test_an_encounter_that_comes_before_any_fact_is_known_when_the_fact_comes(bedside: Bedside) -> None:
    await bedside.take(stay(1, "North"))
    await bedside.take(vitals())
    assert [s.ward for s in bedside.scores] == ["North"]


async def test_a_redelivered_encounter_publishes_the_same_version_again(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.take(stay(1, "North"))
    await bedside.take(stay(1, "North"))
    assert bedside.heads[1]["ce_id"] == bedside.heads[2]["ce_id"]


async def test_an_encounter_that_moves_to_another_patient_takes_its_ward_along(bedside: Bedside) -> None:
    await bedside.take(vitals("p1"), vitals("p2"), stay(1, "North"))
    await bedside.take(stay(2, "North", patient_id="p2"), Overruling("hospital", "Encounter/e1", Version(version_id=2),
                                                                     "p2", START))  # fmt: skip
    assert {s.patient_id: s.ward for s in bedside.scores} == {"p1": "", "p2": "North"}


async def test_a_successor_knows_where_its_patients_lie(bedside: Bedside) -> None:
    await bedside.take(stay(1, "North", "12"), vitals())
    async with successor(bedside) as second:
        await second.take(vitals())
        assert [(s.ward, s.bed) for s in second.scores] == [("North", "12")]
        assert bedside.heads[0]["ce_id"] == second.heads[0]["ce_id"]


async def test_demographics_alone_publish_the_score_again_where_they_change_it(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.take(PatientVersion("hospital", "p1", "p1", Version(), False, START, "1950", "female"))
    before, after = bedside.scores
    assert before.version_id != after.version_id


async def test_a_correction_is_published_as_corrected_and_at_its_clinical_time(bedside: Bedside) -> None:
    await bedside.take(vitals(at=START), vitals(at=START + HOUR, resource_id="late"))
    await bedside.take(vitals(at=START, version=Version(version_id=2), values={"8867-4": 150.0}))
    assert [(s.as_of, s.corrected) for s in bedside.scores] == [(START + HOUR, False), (START + HOUR, True)]


async def test_a_flush_of_an_older_generation_publishes_nothing_and_acknowledges_nothing(bedside: Bedside) -> None:
    before = len(bedside.host.producer.sent)
    flush = bedside.work.begin([bedside.run_of(vitals())])
    await bedside.work.judge(flush)
    bedside.host.offsets.assigned()
    await (await bedside.work.publish(flush))
    await bedside.work.settle(flush)
    assert len(bedside.host.producer.sent) == before
    assert bedside.host.committable(OBS) is None


async def test_a_run_fetched_under_an_older_assignment_is_not_taken_in(bedside: Bedside) -> None:
    stale = bedside.run_of(vitals())
    await bedside.own(0)
    await through(bedside.work, stale)
    assert bedside.scores == []
    assert bedside.work.shares[0].timelines == {}


async def test_what_the_broker_does_not_take_is_not_acknowledged(bedside: Bedside) -> None:
    run = bedside.run_of(vitals())
    bedside.broker.refuses = True
    with pytest.raises(RetryableError):
        await through(bedside.work, run)
    assert bedside.host.committable(OBS) is None


async def test_a_successor_has_the_state_and_publishes_a_redelivered_input_under_its_own_epoch(
    bedside: Bedside,
) -> None:
    await bedside.take(vitals())
    async with successor(bedside) as second:
        await second.take(vitals())
        assert [h[EPOCH] for h in bedside.heads + second.heads] == [b"1", b"2"]
        assert bedside.heads[0]["ce_id"] == second.heads[0]["ce_id"]


async def test_a_successor_removes_its_predecessors_piece_only_after_its_own_is_acknowledged(bedside: Bedside) -> None:
    await bedside.take(vitals())
    async with successor(bedside) as second:
        await second.take(vitals(at=START + 1000))
        slot = START // SLOT
        keys = [(decode_key(o.key or b""), o.value is None) for o in second.host.producer.on(STATE)]
        assert [(key.epoch, removed) for key, removed in keys if key.piece == slot] == [(2, False), (1, True)]
        assert [out.topic for out in second.host.producer.batches[-1]] == [STATE]


def echoes(bedside: Bedside, epoch: int, patient_id: str = "p1") -> Run:
    """A record on the results topic as the worker reads it back."""
    record = bedside.broker.append(SCORES, 0, patient_id.encode(), b"{}", [(EPOCH, b"%d" % epoch)])
    return bedside.host.run(SCORES, [record])


async def test_a_former_owners_record_behind_ones_own_publishes_that_patient_again(bedside: Bedside) -> None:
    await bedside.take(vitals())
    async with successor(bedside) as second:
        await second.take(vitals("p2"))
        late = echoes(second, 1)
        await through(second.work, late)
        assert [s.patient_id for s in second.scores] == ["p2", "p1"]
        assert RECEIVED_AT not in second.heads[1]
        assert second.host.committable(SCORES) == late.next_offset


async def test_ones_own_record_publishes_nothing_and_is_acknowledged(bedside: Bedside) -> None:
    await bedside.take(vitals())
    own = echoes(bedside, 1)
    await through(bedside.work, own)
    assert len(bedside.scores) == 1
    assert bedside.host.committable(SCORES) == own.next_offset


async def test_a_former_owners_record_of_a_patient_of_whom_nothing_is_known_publishes_nothing(
    bedside: Bedside,
) -> None:
    async with successor(bedside) as second:
        await through(second.work, echoes(second, 1, "unknown"))
        assert second.scores == []


async def test_while_triton_is_away_news2_stands_alone_and_the_patient_is_owed(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    assert bedside.scores[0].degraded
    assert bedside.pieces(DEBT) == [("p1", True)]
    assert bedside.host.committable(OBS) == 1


async def settled(bedside: Bedside) -> None:
    """Let the pipeline work off what waits in it."""
    running = asyncio.create_task(bedside.work.pipeline.run())
    for _ in range(500):
        await asyncio.sleep(0)
    running.cancel()
    assert not bedside.work.pipeline.busy


async def test_a_debt_is_paid_when_triton_is_back(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    bedside.triton.down = False
    await bedside.work.idle()
    await settled(bedside)
    assert [s.degraded for s in bedside.scores] == [True, False]
    assert bedside.pieces(DEBT) == [("p1", True), ("p1", False)]
    await bedside.work.idle()
    assert not bedside.work.pipeline.busy


async def test_a_debt_stays_while_triton_is_still_away(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    await bedside.work.idle()
    await settled(bedside)
    assert bedside.pieces(DEBT) == [("p1", True)]
    assert bedside.work.shares[0].owed == {"p1"}


async def test_a_newer_observation_pays_the_debt_too(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    bedside.triton.down = False
    await bedside.take(vitals(at=START + 1000))
    assert bedside.work.shares[0].owed == set()


async def test_while_the_breaker_is_open_debts_are_not_tried(bedside: Bedside) -> None:
    bedside.triton.down = True
    for n in range(10):
        await bedside.take(vitals(f"p{n}"))
    calls = len(bedside.triton.calls)
    await bedside.work.idle()
    assert not bedside.work.pipeline.busy
    assert len(bedside.triton.calls) == calls


async def test_a_debt_survives_a_restart(bedside: Bedside) -> None:
    bedside.triton.down = True
    await bedside.take(vitals())
    async with successor(bedside) as second:
        await second.work.idle()
        await settled(second)
        assert [s.degraded for s in second.scores] == [False]


async def test_a_patient_judged_for_a_debt_of_an_older_assignment_is_left_alone(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await through(bedside.work, Due(0, ("p1",), bedside.host.generation - 1))
    assert len(bedside.scores) == 1


async def test_a_tick_long_after_the_last_fact_publishes_the_score_as_stale_once(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 4 * HOUR, obs=1)
    await bedside.tick(START + 5 * HOUR, obs=1)
    assert [s.stale for s in bedside.scores] == [False, True]
    assert RECEIVED_AT not in bedside.heads[1]
    assert bedside.pieces(TICK) == [("", True), ("", True)]


async def test_a_patient_who_falls_silent_is_published_as_stale_and_then_as_indeterminate(bedside: Bedside) -> None:
    await bedside.take(vitals())
    for hours in (3, 4, 5, 11, 12, 13, 48):
        await bedside.tick(START + hours * HOUR, obs=1)
    assert [(s.stale, s.silent) for s in bedside.scores] == [(False, False), (True, False), (True, True)]
    assert bedside.scores[-1].level == "indeterminate"
    assert bedside.scores[-1].models == bedside.scores[0].models


async def test_a_new_fact_ends_the_silence(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 12 * HOUR)
    await bedside.take(vitals(at=START + 12 * HOUR))
    assert [(s.stale, s.silent) for s in bedside.scores] == [(False, False), (True, True), (False, False)]


async def test_a_tick_too_early_publishes_nothing(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 4 * HOUR - 1, obs=1)
    assert [s.stale for s in bedside.scores] == [False]


async def test_a_tick_is_acknowledged_only_when_it_has_been_acted_on(bedside: Bedside) -> None:
    await bedside.tick(START + 9 * HOUR, obs=1)
    assert bedside.host.committable(TICKS) is None
    assert bedside.pieces(TICK) == []
    await bedside.take(vitals())
    assert bedside.host.committable(TICKS) == 1
    assert bedside.pieces(TICK) == [("", True)]


async def test_a_backlog_is_read_before_anyone_is_called_late(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 5 * HOUR, obs=2)
    await bedside.take(vitals(at=START + 4 * HOUR))
    assert [s.stale for s in bedside.scores] == [False, False]


async def test_a_new_fact_makes_a_stale_score_fresh_and_it_falls_due_again(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 4 * HOUR)
    await bedside.take(vitals(at=START + 4 * HOUR))
    await bedside.tick(START + 8 * HOUR)
    assert [s.stale for s in bedside.scores] == [False, True, False, True]


async def test_an_older_tick_never_takes_time_back(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 4 * HOUR)
    await bedside.tick(START)
    await bedside.take(vitals())
    assert [s.stale for s in bedside.scores] == [False, True, True]
    assert bedside.pieces(TICK) == [("", True)]


async def test_the_first_tick_after_an_assignment_publishes_due_results_again(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await bedside.tick(START + 4 * HOUR)
    async with successor(bedside) as second:
        await second.tick(START + 4 * HOUR)
        assert [s.stale for s in second.scores] == [True]


async def test_positions_of_a_new_assignment_begin_at_what_is_committed(bedside: Bedside) -> None:
    async with successor(bedside) as second:
        second.host.app.run_consumer.committed_offsets = {(OBS, 0): 7}
        await second.own(0)
        await second.tick(START, obs=7)
        assert second.host.committable(TICKS) == 1
        await second.tick(START + 1000, obs=8)
        assert second.host.committable(TICKS) == 1


async def test_ownership_restores_every_patients_newest_fact(bedside: Bedside) -> None:
    await bedside.take(vitals("p1", START), vitals("p2", START + HOUR))
    async with successor(bedside) as second:
        timelines = second.work.shares[0].timelines
        assert {p: as_of([t]) for p, t in timelines.items()} == {"p1": START, "p2": START + HOUR}


@pytest.mark.parametrize(
    "assignment",
    [
        {TP(OBS, 0), TP(PAT, 0), TP(TICKS, 0)},
        {TP(OBS, 0), TP(OBS, 1), TP(PAT, 0), TP(TICKS, 0), TP(SCORES, 0)},
        {TP(OBS, 0), TP(PAT, 1), TP(TICKS, 0), TP(SCORES, 0)},
    ],
)
async def test_unlike_partition_numbers_stop_the_worker_before_it_owns_anything(
    bedside: Bedside, assignment: set[TP]
) -> None:
    written = len(bedside.broker.log(STATE))
    with pytest.raises(ContractError, match="expected the same partition numbers of all its topics"):
        await bedside.work.assigned(assignment)
    assert len(bedside.broker.log(STATE)) == written


@pytest.mark.parametrize(
    "value",
    [
        f"{MARKED} is not JSON".encode(),
        encode({"type": "observation", "patient_id": MARKED}),
        encode({"type": MARKED}),
        encode([MARKED]),
        b"",
        None,
    ],
)
@pytest.mark.parametrize("topic", [OBS, PAT, TICKS])
async def test_an_undecodable_record_on_a_topic_of_our_own_stops_the_worker_without_being_quoted(
    bedside: Bedside, topic: str, value: bytes | None
) -> None:
    run = bedside.host.run(topic, [Rec(12, value, MARKED.encode())])
    with pytest.raises(ContractError, match=f"{topic}/0@12: expected a record of our own") as caught:
        bedside.work.begin([run])
    assert MARKED not in str(caught.value)
    assert bedside.host.committable(topic) is None


async def test_predictions_are_published_under_the_patients_key(bedside: Bedside) -> None:
    await bedside.take(vitals())
    assert [
        (out.key, json.loads(out.value or b"")["model"]) for out in bedside.host.producer.on(topics.PREDICTIONS)
    ] == [
        (b"p1", "deterioration_gru"),
        (b"p1", "news2"),
    ]


async def test_facts_given_up_because_their_patient_never_came_count_as_dead_letters(bedside: Bedside) -> None:
    def counted() -> float:
        labels = {"source": "hospital", "reason": "patient-unknown"}
        return REGISTRY.get_sample_value("cardiostream_dead_letters_total", labels) or 0.0

    before = counted()
    await bedside.take(vitals(alias("urn:mrn", "4711", "hospital")))
    await bedside.tick(START)
    assert counted() == before
    await bedside.tick(START + 24 * HOUR)
    assert counted() == before + 1
    assert len(bedside.host.producer.on(topics.DEAD_LETTERS)) == 1


@pytest.fixture
async def single(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bedside]:
    broker = Broker()
    monkeypatch.setattr(ownership, "reading", broker.reading)
    made = Bedside(broker, coalesce=False)
    await made.own(0)
    yield made
    await made.work.stop()


async def test_without_coalescing_every_observation_gets_the_score_that_stood_when_it_came(single: Bedside) -> None:
    minute = 60_000
    await single.take(vitals("p1", START), vitals("p2", START), vitals("p1", START + minute), vitals("p1", START))
    assert [(s.patient_id, s.as_of) for s in single.scores] == [
        ("p1", START),
        ("p2", START),
        ("p1", START + minute),
        ("p1", START + minute),
    ]
    assert single.triton.calls == [4]
    assert single.host.committable(OBS) == 4


async def test_without_coalescing_state_is_written_once_per_flush_and_the_last_score_is_the_same(
    single: Bedside, bedside: Bedside
) -> None:
    events = [vitals("p1", START + k * 1000, resource_id=f"o{k}") for k in range(5)]
    await single.take(*events)
    await bedside.take(*events)
    assert single.heads[-1]["ce_id"] == bedside.heads[-1]["ce_id"]
    assert single.pieces(START // SLOT) == bedside.pieces(START // SLOT) == [("p1", True)]


async def test_without_coalescing_a_tick_in_the_same_flush_still_publishes_again(single: Bedside) -> None:
    stale = START + 5 * HOUR
    record = single.broker.append(TICKS, 0, b"0", encode(Tick(stale, {OBS: 1, PAT: 0})))
    await through(single.work, single.run_of(vitals()), single.host.run(TICKS, [record]))
    assert len(single.scores) == 2


async def test_without_coalescing_nothing_is_said_of_an_id_after_its_retirement(single: Bedside) -> None:
    merged = PatientVersion("hospital", "p1", "p1", Version(version_id=2), False, START, "", "", replaced_by=("p2",))
    await single.take(merged)
    words = [out for out in single.host.producer.sent if out.topic == topics.EVENTS_TRANSFERS]
    before = single.run_of(vitals("p1"))
    kept = [single.broker.append(OBS, 0, out.key or b"", out.value or b"") for out in words]
    await through(single.work, before, single.host.run(OBS, kept))
    said = [out.value or b"" for out in single.host.producer.on(SCORES) if out.key == b"p1"]
    assert [b"merged into another" in value for value in said] == [True]
