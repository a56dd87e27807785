"""Recorded feeds at full speed: every last score is the one that its facts give, and nothing is missing."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from bench.observations import observations
from streams import topics
from streams.settings import Settings, Source
from streams.timeline.encoding import decode_key
from streams.timeline.pieces import TICK
from streams.transport.produce import Out, Producer
from streams.transport.reading import read_to_end, reading
from tests.acceptance.conftest import Ward, opened


def adds_up(ward: Ward) -> None:
    report = ward.eventually()
    assert report.findings == ()
    assert report.largest_difference <= 1e-5
    assert sum(report.accounting.fates.values()) == report.accounting.versions


@pytest.mark.kafka
def test_a_simulated_ward_on_apache_kafka(kafka_ward: Ward) -> None:
    kafka_ward.run("replay", str(kafka_ward.recorded(60, 24)), "--speed", "max")
    adds_up(kafka_ward)


@pytest.mark.embedded
def test_a_simulated_ward_on_the_wheels_broker(wheel_ward: Ward) -> None:
    wheel_ward.run("replay", str(wheel_ward.recorded(20, 8)), "--speed", "max")
    adds_up(wheel_ward)


@pytest.mark.kafka
@pytest.mark.realdata
def test_real_patients_of_the_emergency_department_and_intensive_care(kafka_ward: Ward) -> None:
    demo = Path(os.environ["CARDIOSTREAM_DATA"])
    kafka_ward.run(
        "replay",
        str(demo / "mimic-iv-fhir-demo/MimicPatient.ndjson.gz"),
        str(demo / "mimic-iv-fhir-demo/MimicObservationVitalSignsED.ndjson.gz"),
        str(demo / "mimic-iv-fhir-demo-icu-vitals/ObservationIcuVitals.ndjson.gz"),
        "--speed",
        "max",
    )
    adds_up(kafka_ward)


@pytest.mark.kafka
def test_a_source_keyed_by_patient_reaches_its_scores_in_one_hop(tmp_path: Path) -> None:
    keyed = Source(name="monitors", topic=topics.OBSERVATIONS, keyed_by_patient=True, refuse_future=False)
    with opened(tmp_path, "kafka", ("bedside", "cache"), sources=(keyed,)) as ward:
        patients = [f"bench-{n}" for n in range(40)]
        outs = observations(patients, 60, 1_700_000_000_000, topics.OBSERVATIONS, ward.stack.settings.partitions)
        asyncio.run(_produce(ward.stack.settings, outs))
        adds_up(ward)
        assert asyncio.run(count(ward.stack.settings, topics.EVENTS_OBSERVATIONS)) == 0


@pytest.mark.kafka
def test_time_passes_though_a_transaction_left_its_mark_behind_the_last_record(tmp_path: Path) -> None:
    keyed = Source(name="monitors", topic=topics.OBSERVATIONS, keyed_by_patient=True, refuse_future=False)
    quick = {"partitions": 1, "sources": (keyed,), "tick_interval_s": 1.0, "first_tick_s": 0.5}
    with opened(tmp_path, "kafka", ("bedside", "cache"), **quick) as ward:
        asyncio.run(_produce_in_a_transaction(ward.stack.settings))
        end = time.monotonic() + 60
        while not (acted := asyncio.run(_has_tick(ward.stack.settings))) and time.monotonic() < end:
            time.sleep(0.5)
        assert acted


async def _produce_in_a_transaction(settings: Settings) -> None:
    [out] = observations(["bench-1"], 1, 1_700_000_000_000, topics.OBSERVATIONS, 1)[:1]
    servers = settings.bootstrap_servers
    async with (
        AIOKafkaProducer(bootstrap_servers=servers, transactional_id="monitors") as producer,
        producer.transaction(),
    ):
        await producer.send_and_wait(out.topic, out.value, key=out.key, partition=0)


async def _has_tick(settings: Settings) -> bool:
    async with reading(settings, "test") as consumer:
        return any(decode_key(record.key).piece == TICK for record in await read_to_end(consumer, topics.STATE, 0))


async def _produce(settings: Settings, outs: list[Out]) -> None:
    producer = Producer(settings, "test")
    await producer.start()
    await (await producer.send(outs))
    await producer.stop()


async def count(settings: Settings, topic: str) -> int:
    """Count the records of a topic."""
    async with reading(settings, "test") as consumer:
        return sum([len(await read_to_end(consumer, topic, n)) for n in range(settings.partitions)])
