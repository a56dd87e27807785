"""Changes written and waited for, on topics in memory."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams import topics
from streams.errors import RejectedMessage
from streams.modes.changing import promoted, rolled_back
from streams.records import ModelModes, ModesApplied
from streams.registry import changes
from streams.registry.changes import change, history_of, standing_of, waiting_partitions
from streams.settings import Settings
from tests.unit.workers.fakes import START, Broker, Producer, encode

SETTINGS = Settings(partitions=2)
GRU = "deterioration_gru"


class Clock:
    def now(self) -> int:
        return START


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(changes, "reading", made.reading)
    monkeypatch.setattr(changes, "Producer", lambda settings, name: Started(made))
    return made


class Started(Producer):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...


async def promote(version: str) -> Any:
    def to(modes: Any, _: Any) -> Any:
        return promoted(modes, version)

    return await change(SETTINGS, GRU, "3", to, by="ward lead", why="agrees", clock=Clock())


def on(broker: Broker, topic: str) -> list[ModelModes]:
    return [msgspec.json.decode(record.value or b"", type=ModelModes) for record in broker.log(topic)]


def word(broker: Broker, partition: int, offset: int) -> None:
    applied = ModesApplied(partition, 1, offset, {}, "deterioration_gru/4", START)
    broker.append(topics.MODELS_AUDIT, 0, b"partition", encode(applied))


async def test_a_change_is_audited_and_written_with_who_when_why_and_from_what(broker: Broker) -> None:
    written = await promote("4")
    [record] = on(broker, topics.MODELS)
    assert on(broker, topics.MODELS_AUDIT) == [record]
    assert written.record == record
    assert (record.was, record.modes) == ({"3": "live"}, {"4": "live"})
    assert (record.by, record.why, record.at) == ("ward lead", "agrees", START)
    assert (written.offset, written.overtaken) == (0, False)


async def test_what_is_refused_is_written_nowhere(broker: Broker) -> None:
    with pytest.raises(RejectedMessage):
        await promote("3")
    assert on(broker, topics.MODELS) == on(broker, topics.MODELS_AUDIT) == []


async def test_a_rollback_finds_what_was_live_before(broker: Broker) -> None:
    await promote("4")
    await change(SETTINGS, GRU, "3", rolled_back, by="ward lead", why="alarms", clock=Clock())
    assert (await standing_of(SETTINGS)).live(GRU, "3") == "3"
    assert [one.why for one in await history_of(SETTINGS, GRU)] == ["agrees", "alarms"]
    assert await history_of(SETTINGS, "another") == []


async def test_every_partition_is_waited_for(broker: Broker) -> None:
    await promote("4")
    word(broker, 0, 0)

    async def meanwhile(_: float) -> None:
        word(broker, 1, 0)

    assert await waiting_partitions(SETTINGS, 0, 10.0, monotonic=lambda: 0.0, pause=meanwhile) == []


async def test_partitions_that_give_no_word_in_time_are_named(broker: Broker) -> None:
    await promote("4")
    word(broker, 0, 0)
    times = iter([0.0, 1.0, 11.0])

    async def nothing(_: float) -> None: ...

    assert await waiting_partitions(SETTINGS, 0, 10.0, monotonic=lambda: next(times), pause=nothing) == [1]


async def test_word_of_an_earlier_change_is_none_of_this_one(broker: Broker) -> None:
    await promote("4")
    await promote("5")
    for number, offset in ((0, 0), (1, 0), (0, 1)):
        word(broker, number, offset)
    assert await waiting_partitions(SETTINGS, 1, 0.0) == [1]
    word(broker, 1, 2)
    assert await waiting_partitions(SETTINGS, 1, 0.0) == []
