"""The bedside worker: what a flush takes in, publishes and acknowledges."""

from __future__ import annotations

import json

import pytest
from faust.types import TP
from prometheus_client import REGISTRY

from streams import topics
from streams.errors import ContractError, RetryableError
from streams.identity import alias
from streams.publish.headers import EPOCH
from streams.records import (
    PatientVersion,
    Version,
)
from streams.timeline.encoding import decode_key
from streams.timeline.slot import SLOT
from streams.timeline.snapshot import as_of
from streams.workers.assessment import RECEIVED_AT
from tests.unit.workers.bedsides import OBS, PAT, PULSE, SCORES, STATE, TICKS, Bedside, successor
from tests.unit.workers.fakes import HOUR, MARKED, START, Rec, encode, through, vitals


async def test_an_observation_is_in_the_state_and_scored_before_it_is_acknowledged(bedside: Bedside) -> None:
    await bedside.take(vitals())
    [score] = bedside.scores
    assert (score.patient_id, score.as_of) == ("p1", START)
    assert {m.model: m.status for m in score.models} == {"deterioration_gru": "ok", "news2": "ok"}
    assert bedside.host.committable(OBS) == 1


async def test_the_states_pieces_are_produced_with_the_results_and_before_them(bedside: Bedside) -> None:
    await bedside.take(vitals())
    assert [out.topic for out in bedside.host.producer.batches[-1]] == [
        STATE,  # what patients are judged by, once
        STATE,
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
        {TP(OBS, 0), TP(PAT, 0)},
        {TP(OBS, 0), TP(OBS, 1), TP(PAT, 0), TP(TICKS, 0)},
        {TP(OBS, 0), TP(PAT, 1), TP(TICKS, 0)},
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
