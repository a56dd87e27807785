"""Ticks: one per partition and interval, naming how far its inputs reach, unless a replay keeps the clock."""

from __future__ import annotations

import msgspec
import pytest

from streams import topics
from streams.clock import SECOND, FixedClock
from streams.errors import ContractError
from streams.feed.clock_mode import ClockMode
from streams.records import Tick
from streams.settings import Settings
from streams.transport.produce import Out
from streams.workers import timekeeping
from streams.workers.timekeeping import Timekeeper
from tests.unit.workers.fakes import MARKED, START, Broker, encode

OBS, PAT, MOVED, IMAGES, NOTES, SAID = topics.BEDSIDE_INPUTS


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(timekeeping, "reader", made.reader)
    return made


async def keeper(clock: FixedClock, first_tick_s: float = 0.0) -> Timekeeper:
    made = Timekeeper(Settings(tick_interval_s=5.0, first_tick_s=first_tick_s), clock)
    await made.start()
    return made


def ticks(outs: list[Out]) -> list[tuple[int, Tick]]:
    assert all(out.topic == topics.TICKS and out.key == b"%d" % out.partition for out in outs)
    return [(out.partition, msgspec.json.decode(out.value or b"", type=Tick)) for out in outs]


def clock_record(broker: Broker, mode: ClockMode) -> None:
    broker.append(topics.CLOCK, 0, b"clock", encode(mode))


async def test_a_tick_names_where_its_partitions_inputs_end(broker: Broker) -> None:
    for _ in range(3):
        broker.append(OBS, 0, b"p1", b"{}")
    broker.append(PAT, 1, b"p2", b"{}")
    timekeeper = await keeper(FixedClock(START))
    assert ticks(await timekeeper.due([1, 0])) == [
        (0, Tick(START, {OBS: 3, PAT: 0, MOVED: 0, IMAGES: 0, NOTES: 0, SAID: 0})),
        (1, Tick(START, {OBS: 0, PAT: 1, MOVED: 0, IMAGES: 0, NOTES: 0, SAID: 0})),
    ]
    await timekeeper.stop()


async def test_the_first_tick_leaves_a_replay_that_begins_with_the_stack_time_to_take_the_clock(broker: Broker) -> None:
    clock = FixedClock(START)
    timekeeper = await keeper(clock, first_tick_s=10.0)
    clock.at = START + 10 * SECOND - 1
    assert await timekeeper.due([0]) == []
    clock.at = START + 10 * SECOND
    assert [tick.at for _, tick in ticks(await timekeeper.due([0]))] == [START + 10 * SECOND]


async def test_the_next_tick_waits_for_the_interval(broker: Broker) -> None:
    clock = FixedClock(START)
    timekeeper = await keeper(clock)
    await timekeeper.due([0])
    clock.at = START + 5 * SECOND - 1
    assert await timekeeper.due([0]) == []
    clock.at = START + 5 * SECOND
    assert [tick.at for _, tick in ticks(await timekeeper.due([0]))] == [START + 5 * SECOND]


async def test_without_partitions_there_are_no_ticks(broker: Broker) -> None:
    assert await (await keeper(FixedClock(START))).due([]) == []


async def test_a_replay_suspends_live_ticks(broker: Broker) -> None:
    clock_record(broker, ClockMode("replay", START + 60 * SECOND))
    assert await (await keeper(FixedClock(START))).due([0]) == []


async def test_a_replay_that_begins_later_is_heeded(broker: Broker) -> None:
    clock = FixedClock(START)
    timekeeper = await keeper(clock)
    assert len(await timekeeper.due([0])) == 1
    clock_record(broker, ClockMode("replay", START + 60 * SECOND))
    clock.at = START + 30 * SECOND
    assert await timekeeper.due([0]) == []


async def test_live_ticks_go_on_when_a_replay_gives_the_clock_back(broker: Broker) -> None:
    clock = FixedClock(START)
    timekeeper = await keeper(clock)
    clock_record(broker, ClockMode("replay", START + 60 * SECOND))
    assert await timekeeper.due([0]) == []
    clock_record(broker, ClockMode("live", START))
    assert [tick.at for _, tick in ticks(await timekeeper.due([0]))] == [START]


async def test_live_ticks_go_on_when_a_replay_that_died_no_longer_renews(broker: Broker) -> None:
    clock = FixedClock(START)
    clock_record(broker, ClockMode("replay", START + 60 * SECOND))
    timekeeper = await keeper(clock)
    clock.at = START + 60 * SECOND - 1
    assert await timekeeper.due([0]) == []
    clock.at = START + 60 * SECOND
    assert len(await timekeeper.due([0])) == 1


async def test_the_last_word_on_the_clock_counts(broker: Broker) -> None:
    clock_record(broker, ClockMode("live", START))
    clock_record(broker, ClockMode("replay", START + 60 * SECOND))
    assert await (await keeper(FixedClock(START))).due([0]) == []


async def test_a_removed_clock_record_changes_nothing(broker: Broker) -> None:
    clock_record(broker, ClockMode("replay", START + 60 * SECOND))
    broker.append(topics.CLOCK, 0, b"clock", None)
    assert await (await keeper(FixedClock(START))).due([0]) == []


async def test_a_foreign_record_on_the_clock_stops_the_worker_without_being_quoted(broker: Broker) -> None:
    broker.append(topics.CLOCK, 0, b"clock", encode({"mode": MARKED, "until": 0}))
    with pytest.raises(ContractError, match=r"control\.clock/0@0: expected a clock mode") as caught:
        await (await keeper(FixedClock(START))).due([0])
    assert MARKED not in str(caught.value)


async def test_a_timekeeper_that_was_never_started_can_be_stopped() -> None:
    await Timekeeper(Settings(), FixedClock(START)).stop()
