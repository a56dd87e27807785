"""Kafka in memory, and a host that owns partitions of it: what the workers touch, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import TopicPartition
from faust.types import TP

from streams.errors import RetryableError
from streams.records import Measure, ObservationVersion, Version
from streams.settings import Settings
from streams.transport.offsets import Offsets
from streams.transport.produce import Out
from streams.transport.runs import Item, Run

MODEL_REPOSITORY = Path(__file__).parents[3] / "model_repo"
START = 1_700_000_000_000
HOUR = 3_600_000
MARKED = "MARKED-7f3a"
"""Stands for whatever must never be read in a message of ours."""

VITALS = {"8867-4": 80.0, "8480-6": 120.0, "8462-4": 75.0, "9279-1": 16.0, "2708-6": 97.0, "8310-5": 37.0}

encode = msgspec.json.Encoder().encode


class Rec(msgspec.Struct, frozen=True):
    """A record as a fetch brings it."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = START
    topic: str = ""
    partition: int = 0


class Broker:
    """Topics in memory; what is produced is there at once."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, int], list[Rec]] = {}
        self.refuses = False
        """True: no batch is acknowledged, and none is kept."""

    def append(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]] = (),
    ) -> Rec:
        log = self.records.setdefault((topic, partition), [])
        log.append(Rec(len(log), value, key, tuple(headers), topic=topic, partition=partition))
        return log[-1]

    def log(self, topic: str, partition: int = 0) -> list[Rec]:
        return self.records.get((topic, partition), [])

    @asynccontextmanager
    async def reading(self, settings: Settings, client_id: str) -> AsyncIterator[Reader]:
        yield Reader(self)

    def reader(self, settings: Settings, client_id: str, wait_ms: int = 50) -> Reader:
        return Reader(self)


class Reader:
    """A consumer outside any group."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._positions: dict[Any, int] = {}

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assign(self, places: Sequence[Any]) -> None:
        self._positions = dict.fromkeys(places, 0)

    def seek(self, place: Any, offset: int) -> None:
        self._positions[place] = offset

    async def seek_to_beginning(self, place: Any) -> None:
        self._positions[place] = 0

    async def end_offsets(self, places: Sequence[Any]) -> dict[Any, int]:
        return {place: len(self._broker.log(*place)) for place in places}

    async def position(self, place: Any) -> int:
        return self._positions[place]

    def highwater(self, place: Any) -> int:
        return len(self._broker.log(*place))

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {number for name, number in self._broker.records if name == topic}

    @property
    def _client(self) -> Reader:
        return self

    async def _wait_on_metadata(self, topic: str) -> None: ...

    def last_stable_offset(self, place: Any) -> int:
        return len(self._broker.log(*place))

    async def getmany(self, *places: Any, timeout_ms: int = 0, max_records: int | None = None) -> dict[Any, list[Rec]]:
        found = {}
        for place in places or tuple(self._positions):
            records = self._broker.log(*place)[self._positions[place] :]
            self._positions[place] += len(records)
            if records:
                found[place] = records
        return found


class Producer:
    """Hands records to the broker in memory and keeps them in the order in which they came."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.batches: list[list[Out]] = []

    @property
    def sent(self) -> list[Out]:
        return [out for batch in self.batches for out in batch]

    def on(self, topic: str) -> list[Out]:
        return [out for out in self.sent if out.topic == topic]

    async def send(self, records: Sequence[Out]) -> Awaitable[list[int]]:
        offsets: list[int] = []
        if not self._broker.refuses:
            self.batches.append(list(records))
            for out in records:
                appended = self._broker.append(out.topic, out.partition, out.key, out.value, out.headers)
                offsets.append(appended.offset)
        return self._taken(offsets)

    async def _taken(self, offsets: list[int]) -> list[int]:
        if self._broker.refuses:
            raise RetryableError("broker: expected an acknowledgement of a batch, received none")
        return offsets


class Consumer:
    """A group member's consumer with the real bookkeeping of offsets."""

    def __init__(self) -> None:
        self.offsets: Offsets[TP] = Offsets()
        self.offsets.assigned()
        self.committed_offsets: dict[Any, int] = {}
        self.tps: set[TP] = set()
        self.paused: set[TP] = set()
        self._thread = self

    def assignment(self) -> set[TP]:
        return self.tps

    def read_up_to(self, tp: TopicPartition) -> int:
        return 0

    def pause_partitions(self, tps: Iterable[TP]) -> None:
        self.paused |= set(tps)

    def _ensure_consumer(self) -> Consumer:
        return self

    async def call_thread(self, function: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        return await function(*arguments)

    async def beginning_offsets(self, tps: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, 0)

    async def committed(self, tp: TopicPartition) -> int | None:
        return self.committed_offsets.get(tp)


class App:
    """The one thing of Faust's app that work asks for."""

    def __init__(self) -> None:
        self.run_consumer = Consumer()


class Host:
    """Stands for `streams.workers.lifecycle.Host`."""

    def __init__(self, broker: Broker) -> None:
        self.broker, self.producer, self.app = broker, Producer(broker), App()

    @property
    def offsets(self) -> Offsets[TP]:
        return self.app.run_consumer.offsets

    @property
    def generation(self) -> int:
        return self.offsets.generation

    def run(self, topic: str, records: Sequence[Rec], partition: int = 0) -> Run:
        """Hand out a run under the present assignment."""
        run = Run(topic, partition, tuple(records), self.generation)
        self.offsets.handed_out(TP(topic, partition), run.first, run.next_offset)
        return run

    def alive(self) -> None: ...

    def acknowledge(self, items: Sequence[Item]) -> None:
        for item in items:
            if isinstance(item, Run):
                self.offsets.acknowledged(TP(item.topic, item.partition), item.first, item.generation)

    def committable(self, topic: str, partition: int = 0) -> int | None:
        return self.offsets.committable().get(TP(topic, partition))


def vitals(patient_id: str = "p1", at: int = START, *, resource_id: str = "", **changes: Any) -> ObservationVersion:
    """A full set of vital signs as one Observation, enough for the learned model."""
    measures = tuple(Measure(code, code, value) for code, value in (VITALS | changes.pop("values", {})).items())
    whole: dict[str, Any] = {
        "source": "hospital",
        "resource_id": resource_id or f"v-{at}",
        "patient_id": patient_id,
        "version": Version(version_id=1),
        "withdrawn": False,
        "received_at": at + 1000,
        "effective_at": at,
        "encounter_id": "e1",
        "measures": measures,
    }
    return ObservationVersion(**(whole | changes))


async def through(work: Any, *items: Item) -> Any:
    """Take items through all four stages of a flush, one after another."""
    flush = work.begin(list(items))
    await work.judge(flush)
    await (await work.publish(flush))
    await work.settle(flush)
    return flush
