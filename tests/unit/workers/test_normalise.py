"""The normalise worker: what goes where, when a source stops, and what is then not acknowledged."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from faust.types import TP

from streams import metrics, topics
from streams.errors import ContractError
from streams.normalise import LARGEST_PAYLOAD
from streams.records import DeadLetter, EncounterVersion, Overruling, PatientVersion, Version
from streams.settings import Settings, Source
from streams.workers.intake import SourceGuard, dead_letter_out, event_out, route
from streams.workers.normalise import NormaliseWork
from tests.unit.normalise.fhir_messages import NOON, bundle, heart_rate
from tests.unit.normalise.test_normalise_studies import study
from tests.unit.workers.fakes import START, Broker, Host, Rec, through, vitals

GOOD = json.dumps(heart_rate()).encode()
BAD = b"not JSON"
ON_PATIENTS: Any = PatientVersion | EncounterVersion | Overruling


def trips(sequence: list[bool], window: int = 1000) -> list[int]:
    """Places in the sequence at which the guard says stop."""
    guard = SourceGuard(window)
    return [i for i, refused in enumerate(sequence) if guard.tripped(refused)]


def test_half_of_a_thousand_messages_refused_does_not_stop_a_source() -> None:
    assert trips([False, True] * 500) == []


def test_one_more_than_half_stops_it_and_at_the_thousandth_message() -> None:
    assert trips([False] * 499 + [True] * 501) == [999]


def test_nothing_stops_before_a_thousand_messages_have_come() -> None:
    assert trips([True] * 999) == []
    assert trips([True] * 1000) == [999]


def test_what_was_refused_long_ago_no_longer_counts() -> None:
    assert trips([True] * 500 + [False] * 1000 + [True] * 500) == []


def test_the_window_slides_by_one_message() -> None:
    assert trips([True, True, False, False, True, True, True], window=4) == [6]


def work_on(host: Host, **settings: Any) -> NormaliseWork:
    worker: Any = NormaliseWork
    made: NormaliseWork = worker(Settings(**settings), host)
    return made


def records(*values: bytes, first: int = 0) -> list[Rec]:
    return [Rec(first + i, value, timestamp=NOON) for i, value in enumerate(values)]


async def test_an_observation_becomes_an_event_and_is_acknowledged_once_it_is_produced() -> None:
    host = Host(Broker())
    await through(work_on(host), host.run(topics.OBSERVATIONS, records(GOOD)))
    [out] = host.producer.on(topics.EVENTS_OBSERVATIONS)
    assert (out.key, json.loads(out.value or b"")["measures"]) == (b"p1", [["8867-4", "8867-4", 72.0]])
    assert host.committable(topics.OBSERVATIONS) == 1


async def test_a_refused_message_becomes_a_dead_letter_and_is_acknowledged_too() -> None:
    host = Host(Broker())
    await through(work_on(host), host.run(topics.OBSERVATIONS, records(BAD)))
    [out] = host.producer.sent
    letter = msgspec.json.decode(out.value or b"", type=DeadLetter)
    assert (out.topic, out.key, letter.topic, letter.offset, letter.payload) == (
        topics.DEAD_LETTERS,
        b"hospital",
        topics.OBSERVATIONS,
        0,
        BAD,
    )
    assert host.committable(topics.OBSERVATIONS) == 1


async def test_every_entry_of_a_bundle_ends_as_an_event_or_a_dead_letter() -> None:
    host = Host(Broker())
    mixed = bundle(heart_rate(), heart_rate(id="hr-2", subject=None), heart_rate(id="hr-3"))
    await through(work_on(host), host.run(topics.OBSERVATIONS, records(json.dumps(mixed).encode())))
    events = [json.loads(o.value or b"")["resource_id"] for o in host.producer.on(topics.EVENTS_OBSERVATIONS)]
    [letter] = host.producer.on(topics.DEAD_LETTERS)
    assert events == ["hr-1", "hr-3"]
    assert msgspec.json.decode(letter.value or b"", type=DeadLetter).entry == 1


async def test_a_source_most_of_whose_messages_are_refused_stops_and_is_not_acknowledged() -> None:
    host = Host(Broker())
    work = work_on(host)
    await through(work, host.run(topics.OBSERVATIONS, records(*[GOOD] * 499)))
    await through(work, host.run(topics.OBSERVATIONS, records(*[BAD] * 501, first=499)))
    assert host.committable(topics.OBSERVATIONS) == 499
    await through(work, host.run(topics.OBSERVATIONS, records(GOOD, first=1000)))
    assert host.committable(topics.OBSERVATIONS) == 499
    assert len(host.producer.on(topics.EVENTS_OBSERVATIONS)) == 499
    assert len(host.producer.on(topics.DEAD_LETTERS)) == 501


async def test_other_sources_go_on_when_one_is_stopped() -> None:
    host = Host(Broker())
    work = work_on(host)
    await through(work, host.run(topics.OBSERVATIONS, records(*[BAD] * 1000)))
    await through(work, host.run(topics.REPLAY, records(GOOD)))
    assert host.committable(topics.OBSERVATIONS) is None
    assert host.committable(topics.REPLAY) == 1


async def test_corrections_that_cannot_be_placed_count_as_refused_though_they_are_told_to_all() -> None:
    host = Host(Broker())
    unplaced = json.dumps(heart_rate(status="corrected", effectiveDateTime="2025-03-01")).encode()
    await through(work_on(host, partitions=1), host.run(topics.OBSERVATIONS, records(*[unplaced] * 1000)))
    assert host.committable(topics.OBSERVATIONS) is None
    assert len(host.producer.on(topics.EVENTS_PATIENTS)) == len(host.producer.on(topics.DEAD_LETTERS)) == 1000


async def test_deletes_and_corrections_that_name_nobody_do_not_count_as_refused() -> None:
    host = Host(Broker())
    nobody = json.dumps(heart_rate(status="corrected", subject=None)).encode()
    await through(work_on(host, partitions=1), host.run(topics.OBSERVATIONS, records(*[nobody] * 1000)))
    assert host.committable(topics.OBSERVATIONS) == 1000


async def test_half_refused_goes_on() -> None:
    host = Host(Broker())
    await through(work_on(host), host.run(topics.OBSERVATIONS, records(*[GOOD, BAD] * 500)))
    assert host.committable(topics.OBSERVATIONS) == 1000


async def test_a_stopped_sources_partitions_stay_paused_and_only_they() -> None:
    host = Host(Broker())
    work = work_on(host)
    stopped, other = (topics.OBSERVATIONS, 0), (topics.REPLAY, 0)
    host.app.run_consumer.tps = {TP(*stopped), TP(*other)}
    await work.idle()
    assert host.app.run_consumer.paused == set()
    await through(work, host.run(topics.OBSERVATIONS, records(*[BAD] * 1000)))
    await work.idle()
    assert host.app.run_consumer.paused == {TP(*stopped)}


async def test_a_stopped_source_is_named_in_the_log_and_nothing_of_its_messages_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    host = Host(Broker())
    await through(work_on(host), host.run(topics.OBSERVATIONS, records(*[b"MARKED-7f3a"] * 1000)))
    assert "source=hospital topic=fhir.observations stopped" in caplog.text
    assert "MARKED-7f3a" not in caplog.text


async def test_a_run_of_an_older_assignment_produces_nothing_and_counts_for_nothing() -> None:
    host = Host(Broker())
    run = host.run(topics.OBSERVATIONS, records(GOOD))
    host.offsets.assigned()
    await through(work_on(host), run)
    assert host.producer.sent == []
    assert host.committable(topics.OBSERVATIONS) is None


async def test_what_the_broker_does_not_take_is_not_acknowledged() -> None:
    host = Host(Broker())
    host.broker.refuses = True
    with pytest.raises(Exception, match="expected an acknowledgement"):
        await through(work_on(host), host.run(topics.OBSERVATIONS, records(GOOD)))
    assert host.committable(topics.OBSERVATIONS) is None


@pytest.mark.parametrize(("patient_id", "partition"), [("p1", 2), ("p2", 2), ("p3", 0), ("10014729", 0), ("é", 3)])
def test_an_event_goes_to_the_murmur2_partition_of_its_patient(patient_id: str, partition: int) -> None:
    out = event_out(vitals(patient_id), 6)
    assert (out.topic, out.partition, out.key) == (topics.EVENTS_OBSERVATIONS, partition, patient_id.encode())


def test_demographics_go_to_the_same_partition_of_their_own_topic() -> None:
    patient = PatientVersion("hospital", "p1", "p1", Version(), False, START, "1950", "female")
    assert event_out(patient, 6)[:3] == (topics.EVENTS_PATIENTS, event_out(vitals("p1"), 6).partition, b"p1")


def test_an_encounter_goes_beside_the_demographics_of_its_patient() -> None:
    stay = EncounterVersion("hospital", "Encounter/e1", "p1", Version(), False, START)
    [out] = route(stay, 6)
    assert out[:3] == (topics.EVENTS_PATIENTS, event_out(vitals("p1"), 6).partition, b"p1")
    assert msgspec.json.decode(out.value or b"", type=ON_PATIENTS) == stay


def test_an_overruling_goes_to_every_partition_whoever_it_names() -> None:
    word = Overruling("hospital", "hr-1", Version(START, 2, 3, b"x"), "p1", START)
    outs = route(word, 6)
    assert [out[:3] for out in outs] == [(topics.EVENTS_PATIENTS, n, b"overruling") for n in range(6)]
    decoded = {msgspec.json.decode(out.value or b"", type=ON_PATIENTS) for out in outs}
    assert decoded == {word}


async def test_an_imaging_study_goes_to_the_worker_for_them_and_its_overruling_at_once_to_the_bedside_too() -> None:
    host = Host(Broker())
    changed = json.dumps(study(meta={"versionId": "2"})).encode()
    await through(work_on(host, partitions=3), host.run(topics.IMAGING, records(changed)))
    assert {out.key for out in host.producer.on(topics.EVENTS_IMAGING)} == {b"p1", b"overruling"}
    assert [(out.partition, out.key) for out in host.producer.on(topics.EVENTS_PATIENTS)] == [
        (n, b"overruling") for n in range(3)
    ]
    assert len(host.producer.sent) == 4 + 3
    assert host.committable(topics.IMAGING) == 1


async def test_a_correction_becomes_an_event_and_an_overruling_each_counted_once() -> None:
    host = Host(Broker())
    before = [counted(kind) for kind in ("observation", "overruling")]
    corrected = json.dumps(heart_rate(status="corrected")).encode()
    await through(work_on(host, partitions=4), host.run(topics.OBSERVATIONS, records(corrected)))
    assert len(host.producer.on(topics.EVENTS_OBSERVATIONS)) == 1
    assert [out.partition for out in host.producer.on(topics.EVENTS_PATIENTS)] == [0, 1, 2, 3]
    assert [counted(kind) for kind in ("observation", "overruling")] == [n + 1 for n in before]


async def test_a_tombstone_of_a_declared_topic_is_told_to_every_partition() -> None:
    host = Host(Broker())
    source = Source(name="hospital", topic=topics.OBSERVATIONS, key_is_id_of="Observation")
    work = work_on(host, partitions=3, sources=(source,))
    await through(work, host.run(topics.OBSERVATIONS, [Rec(0, None, b"hr-1", timestamp=NOON)]))
    assert [out.partition for out in host.producer.on(topics.EVENTS_PATIENTS)] == [0, 1, 2]
    assert host.producer.on(topics.DEAD_LETTERS) == []
    assert host.committable(topics.OBSERVATIONS) == 1


def counted(kind: str) -> float:
    return metrics.EVENTS.labels("hospital", kind)._value.get()  # type: ignore[no-any-return]


def letter(payload: bytes | None, field: str = "Observation.subject") -> DeadLetter:
    return DeadLetter("no-subject", field, "a reference", "none", "hospital", "fhir.observations", 3, 41, -1,
                      "0" * 64, START, payload)  # fmt: skip


def kept(made: DeadLetter) -> DeadLetter:
    return msgspec.json.decode(dead_letter_out(made, 6).value or b"", type=DeadLetter)


def test_a_dead_letter_that_fits_keeps_its_payload() -> None:
    assert kept(letter(b"x" * LARGEST_PAYLOAD)) == letter(b"x" * LARGEST_PAYLOAD)


def test_a_dead_letter_too_large_loses_its_payload_and_not_its_existence() -> None:
    assert kept(letter(b"x" * 2 * topics.MIB)) == letter(None)


def test_the_largest_payload_that_normalise_keeps_fits_the_topic() -> None:
    value = dead_letter_out(letter(b"\xff" * LARGEST_PAYLOAD), 6).value or b""
    assert len(value) <= topics.BY_NAME[topics.DEAD_LETTERS].max_message_bytes


def test_a_dead_letter_whose_fields_alone_are_too_large_stops_the_worker_without_quoting_them() -> None:
    with pytest.raises(ContractError) as caught:
        dead_letter_out(letter(None, field="MARKED-7f3a" * 300_000), 6)
    assert "MARKED" not in str(caught.value)
