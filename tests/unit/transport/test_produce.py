"""Which partition a key goes to, and how the records of a flush become batches."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from aiokafka.producer import message_accumulator
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import RecordMetadata
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import DefaultPartitioner

from streams.errors import RetryableError
from streams.settings import Settings
from streams.transport.produce import BATCH_BYTES, Out, Producer, partition_of

# org.apache.kafka.common.utils.UtilsTest, testMurmur2
KAFKAS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("key", KAFKAS)
@pytest.mark.parametrize("partitions", [1, 6, 12, 1024])
def test_the_partition_is_that_of_kafkas_own_vectors(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == (KAFKAS[key] & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize(("key", "partition"), [(b"p1", 2), (b"p2", 2), (b"p3", 0), (b"10014729", 0), (b"", 3)])
def test_patients_of_a_ward_with_six_partitions(key: bytes, partition: int) -> None:
    assert partition_of(key, 6) == partition


class Cluster:
    """A topic of so many partitions, all of them available."""

    def __init__(self, partitions: int) -> None:
        self._everyone = set(range(partitions))

    def topics(self) -> set[str]:
        return {"t"}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return self._everyone

    available_partitions_for_topic = partitions_for_topic


@given(st.binary(max_size=80), st.integers(1, 200))
def test_another_implementation_of_kafkas_default_partitioner_agrees(key: bytes, partitions: int) -> None:
    hospitals_client = DefaultPartitioner().partition("t", key, key, None, None, Cluster(partitions))
    assert partition_of(key, partitions) == hospitals_client


def test_ten_thousand_patients_spread_over_all_partitions() -> None:
    counts = [0] * 6
    for number in range(10_000):
        counts[partition_of(f"{10_000_000 + number}".encode(), 6)] += 1
    assert min(counts) > 1500


class Wire:
    """Takes batches as aiokafka's producer does, with aiokafka's own builder."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, int, list[Any]]] = []
        self.error: Exception | None = None
        self.known = 40
        """Records that are on the broker already, in every partition."""

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(BATCH_BYTES, 0, is_transactional=0)

    async def send_batch(self, builder: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[Any]:
        memory = MemoryRecords(bytes(builder._build()))
        found = []
        while memory.has_next():
            found += list(memory.next_batch())
        base = self.known + len(self.records(topic, partition))
        self.batches.append((topic, partition, found))
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self.error is None:
            future.set_result(RecordMetadata(topic, partition, TopicPartition(topic, partition), base, 0, 0, 0))
        else:
            future.set_exception(self.error)
        return future

    def records(self, topic: str, partition: int = 0) -> list[Any]:
        return [r for name, number, found in self.batches if (name, number) == (topic, partition) for r in found]


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def send(wire: Wire, *outs: Out) -> list[int]:
    producer = Producer(Settings(), "test")
    producer._producer = wire
    return await (await producer.send(outs))


async def test_the_records_of_a_partition_are_one_batch_in_their_order(wire: Wire) -> None:
    await send(wire, *(Out("a", 0, b"k", b"%d" % i) for i in range(100)))
    assert len(wire.batches) == 1
    assert [record.value for record in wire.records("a")] == [b"%d" % i for i in range(100)]


async def test_topics_and_partitions_are_batches_of_their_own(wire: Wire) -> None:
    await send(wire, Out("a", 0, b"k", b"1"), Out("b", 0, b"k", b"2"), Out("a", 1, b"k", b"3"), Out("a", 0, b"k", b"4"))
    assert [(topic, n, [r.value for r in found]) for topic, n, found in wire.batches] == [
        ("a", 0, [b"1", b"4"]),
        ("b", 0, [b"2"]),
        ("a", 1, [b"3"]),
    ]


async def test_each_record_is_told_its_offset_in_its_own_partition(wire: Wire) -> None:
    outs = [Out("a", 0, b"k", b"1"), Out("b", 0, b"k", b"2"), Out("a", 1, b"k", b"3"), Out("a", 0, b"k", b"4")]
    assert await send(wire, *outs) == [40, 40, 40, 41]
    assert await send(wire, outs[3]) == [42]


async def test_offsets_go_on_over_the_batches_that_the_records_of_a_partition_need(wire: Wire) -> None:
    assert await send(wire, *(Out("a", 0, b"k", bytes(200_000)) for _ in range(7))) == list(range(40, 47))


async def test_keys_headers_and_removals_arrive_as_they_are(wire: Wire) -> None:
    await send(wire, Out("a", 0, b"k", None, [("cs_epoch", b"7")]))
    [record] = wire.records("a")
    assert (record.key, record.value, list(record.headers)) == (b"k", None, [("cs_epoch", b"7")])


async def test_more_than_a_batch_holds_becomes_several_and_loses_nothing(wire: Wire) -> None:
    values = [bytes([i]) * 200_000 for i in range(7)]
    await send(wire, *(Out("a", 0, b"k", value) for value in values))
    assert len(wire.batches) > 1
    assert [record.value for record in wire.records("a")] == values


@pytest.mark.parametrize("before", [0, 1])
async def test_one_record_larger_than_a_batch_is_sent_whole_wherever_it_stands(wire: Wire, before: int) -> None:
    values = [b"small"] * before + [b"x" * 2 * BATCH_BYTES] + [b"small"]
    await send(wire, *(Out("a", 0, b"k", value) for value in values))
    assert [record.value for record in wire.records("a")] == values


async def test_nothing_to_send_is_taken_at_once(wire: Wire) -> None:
    await send(wire)
    assert wire.batches == []


async def test_a_batch_that_the_broker_does_not_take_is_retryable(wire: Wire) -> None:
    wire.error = KafkaTimeoutError()
    with pytest.raises(RetryableError, match="received KafkaTimeoutError; the inputs stay uncommitted"):
        await send(wire, Out("a", 0, b"k", b"1"))


class SlowBroker:
    """aiokafka's own place for waiting batches, emptied by one batch a second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.values, self.waiting = 0.0, [], MessageAccumulator(None, BATCH_BYTES, 0, 30.0)
        monkeypatch.setattr(message_accumulator.time, "monotonic", lambda: self.now)

    def create_batch(self) -> BatchBuilder:
        return self.waiting.create_builder()

    async def send_batch(self, builder: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[Any]:
        return await self.waiting.add_batch(builder, TopicPartition(topic, partition), 30.0)

    async def take(self, count: int) -> None:
        """Take so many batches of the first partition, each a second after the one before."""
        queue = self.waiting._batches[TopicPartition("a", 0)]
        for _ in range(count):
            for _turn_of_the_next in range(8):
                await asyncio.sleep(0)
            batch = queue.popleft()
            self.now += 1.0
            self.values += [record.value for record in MemoryRecords(bytes(batch.get_data_buffer())).next_batch()]
            batch.drain_ready()
            batch.done(base_offset=len(self.values) - 1)


async def test_of_many_who_wait_for_one_partition_each_waits_its_own_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = SlowBroker(monkeypatch)
    producer = Producer(Settings(), "test")
    producer._producer = broker
    sent = asyncio.gather(*(producer.send([Out("a", 0, b"k", b"%d" % i)]) for i in range(20)))
    await broker.take(20)
    assert [await one for one in await sent] == [[i] for i in range(20)]
    assert broker.values == [b"%d" % i for i in range(20)]


async def test_a_refusal_never_quotes_what_was_sent(wire: Wire) -> None:
    wire.error = KafkaTimeoutError("MARKED-7f3a")
    with pytest.raises(RetryableError) as caught:
        await send(wire, Out("a", 0, b"MARKED-7f3a", b"MARKED-7f3a"))
    assert "MARKED" not in str(caught.value)


async def test_a_producer_that_was_never_started_can_be_stopped() -> None:
    await Producer(Settings(), "test").stop()
