"""Handing on runs without a broker: nothing fetched is lost, nothing of an older assignment counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from aiokafka.errors import IllegalStateError
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from streams.settings import Settings
from streams.transport import consumer as transport_consumer
from streams.transport.consumer import RunConsumer
from streams.transport.runs import Run

A, B = TP("events.observations", 0), TP("events.observations", 1)


class Rec(msgspec.Struct, frozen=True):
    offset: int
    timestamp: int = 1_700_000_000_000
    key: bytes | None = None
    value: bytes | None = b"{}"
    headers: tuple[tuple[str, bytes], ...] = ()


class Group:
    """What the broker knows of the group: committed offsets, and positions as they are moved."""

    def __init__(self) -> None:
        self.committed: dict[TP, int | None] = {A: None, B: None}
        self.moved: dict[TP, int | str] = {}
        self.assigned = {A, B}
        self.takes_commits = True
        self.commits: list[dict[TP, int]] = []
        self.seek_errors: list[Exception] = []
        self.commit_error: BaseException | None = None
        self.next_offsets: dict[TP, int] = {}

    def positions(self) -> list[tuple[TP, int]]:
        return list(self.next_offsets.items())

    async def seek_to_committed(self) -> dict[TP, int | None]:
        if self.seek_errors:
            raise self.seek_errors.pop()
        self.moved.update({tp: offset for tp, offset in self.committed.items() if offset is not None})
        return dict(self.committed)

    async def seek_to_beginning(self, *partitions: TP) -> None:
        self.moved.update(dict.fromkeys(partitions, "beginning"))

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        if self.commit_error is not None:
            raise self.commit_error
        self.commits.append(dict(offsets))
        return self.takes_commits

    def assignment(self) -> set[TP]:
        return self.assigned


class Faust:
    """What a consumer asks of its app and transport."""

    consumer_generation_id = 5
    should_stop = True
    settings = Settings(gather_ms=0, revoke_deadline_s=0.001)

    @property
    def app(self) -> Faust:
        return self


class Consumer(RunConsumer):
    """The consumer with a fetch of the test's making, on a group in memory."""

    should_stop = False

    def __init__(self, group: Group) -> None:
        super().__init__()
        self.offsets.assigned()
        self.app = self.transport = Faust()
        self._thread = group
        self._read_offset: dict[TP, int] = {}
        self._committed_offset: dict[TP, int] = {}
        self.flow_active = True
        self.suspend_flow = asyncio.Event()
        self.handed_on: list[Run] = []
        self.messages: list[ConsumerMessage] = []
        self.callback = self.receive
        self.during_fetch: Callable[[], None] = lambda: None
        self.during_receipt: Callable[[], None] = lambda: None
        self.fetched: dict[TP, list[Rec]] = {}
        self.active: set[TP] | None = {A, B}

    def stop_flow(self) -> None:
        self.flow_active = False
        self.suspend_flow.set()

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's signature
        self.during_fetch()
        return self.fetched, self.active

    async def wait_first(self, *coroutines: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109 - mode's signature
        first, *rest = coroutines
        await first
        for other in rest:
            other.close()

    async def receive(self, message: ConsumerMessage) -> None:
        self.messages.append(message)
        self.handed_on.append(message.value)
        self.during_receipt()


@pytest.fixture
def group() -> Group:
    return Group()


@pytest.fixture
async def consumer(group: Group, monkeypatch: pytest.MonkeyPatch) -> Consumer:
    monkeypatch.setattr(driver.Consumer, "__init__", lambda self: None)
    monkeypatch.setattr(transport_consumer, "RETRY_S", 0.0)
    return Consumer(group)


def records(*offsets: int) -> list[Rec]:
    return [Rec(offset) for offset in offsets]


async def test_a_fetch_of_one_partition_is_handed_on_as_one_run(consumer: Consumer) -> None:
    consumer.fetched = {A: records(10, 11, 12)}
    await consumer._drain_once()
    [run] = consumer.handed_on
    assert (run.topic, run.partition, run.first, run.next_offset, run.size) == (A.topic, A.partition, 10, 13, 3)
    assert run.generation == consumer.offsets.generation


async def test_a_run_travels_as_a_message_of_its_last_offset(consumer: Consumer) -> None:
    consumer.fetched = {A: records(10, 11, 12)}
    await consumer._drain_once()
    [message] = consumer.messages
    assert (message.tp, message.offset, message.generation_id) == (A, 12, 5)
    assert message.timestamp == 1_700_000_000.0
    assert consumer._read_offset == {A: 12}


async def test_each_partition_of_a_fetch_is_a_run_of_its_own(consumer: Consumer) -> None:
    consumer.fetched = {A: records(10), B: records(3, 4)}
    await consumer._drain_once()
    assert [(run.partition, run.first, run.size) for run in consumer.handed_on] == [(0, 10, 1), (1, 3, 2)]


@pytest.mark.parametrize("fetched", [{}, {A: []}])
async def test_a_fetch_that_brought_nothing_hands_on_nothing_and_moves_nothing(
    consumer: Consumer, group: Group, fetched: dict[TP, list[Rec]]
) -> None:
    consumer.fetched = fetched
    await consumer._drain_once()
    assert consumer.handed_on == []
    assert group.moved == {}


async def test_a_partition_that_brings_nothing_is_read_up_to_its_position(consumer: Consumer, group: Group) -> None:
    group.next_offsets = {A: 13, B: 5}
    consumer.fetched = {A: records(10, 11, 12)}
    await consumer._drain_once()
    assert consumer.read_up_to(A) == 0
    assert consumer.read_up_to(B) == 5


async def test_a_mark_behind_the_last_record_is_read_once_that_record_is_done(consumer: Consumer, group: Group) -> None:
    consumer.fetched = {A: records(10, 11, 12)}
    await consumer._drain_once()
    consumer.fetched, group.next_offsets = {}, {A: 14}
    await consumer._drain_once()
    assert consumer.read_up_to(A) == 0
    consumer.ack_run(consumer.handed_on[0])
    assert consumer.read_up_to(A) == 14


async def test_how_far_was_read_counts_for_nothing_in_the_next_assignment(consumer: Consumer, group: Group) -> None:
    group.next_offsets = {A: 14}
    consumer.fetched = {}
    consumer.during_fetch = lambda: void(consumer.offsets.assigned())
    await consumer._drain_once()
    assert consumer.read_up_to(A) == 0
    consumer.during_fetch = lambda: None
    await consumer._drain_once()
    assert consumer.read_up_to(A) == 14


async def test_records_fetched_while_the_assignment_changed_are_not_handed_on_and_come_again(
    consumer: Consumer, group: Group
) -> None:
    group.committed = {A: 7, B: 0}
    consumer.fetched = {A: records(10)}
    consumer.during_fetch = lambda: void(consumer.offsets.assigned())
    await consumer._drain_once()
    assert consumer.handed_on == []
    assert consumer.offsets.outstanding() == 0
    assert group.moved == {A: 7, B: "beginning"}


async def test_where_nothing_was_committed_they_are_read_again_from_the_beginning(
    consumer: Consumer, group: Group
) -> None:
    group.committed = {A: 7, B: None}
    consumer.fetched = {B: records(0, 1)}
    consumer.during_fetch = lambda: void(consumer.offsets.assigned())
    await consumer._drain_once()
    assert group.moved == {A: 7, B: "beginning"}


async def test_records_fetched_while_the_flow_was_stopped_are_not_handed_on_and_come_again(
    consumer: Consumer, group: Group
) -> None:
    group.committed = {A: 10}
    consumer.fetched = {A: records(10)}
    consumer.during_fetch = consumer.stop_flow
    await consumer._drain_once()
    assert consumer.handed_on == []
    assert group.moved == {A: 10}


async def test_an_assignment_that_changes_between_two_partitions_of_a_fetch_drops_neither(
    consumer: Consumer, group: Group
) -> None:
    group.committed = {A: 10, B: 3}
    consumer.fetched = {A: records(10), B: records(3)}
    consumer.during_receipt = lambda: void(consumer.offsets.assigned())
    await consumer._drain_once()
    assert [run.partition for run in consumer.handed_on] == [0]
    assert group.moved == {A: 10, B: 3}
    assert not consumer.ack_run(consumer.handed_on[0])


async def test_moving_the_position_is_not_given_up_before_it_worked(consumer: Consumer, group: Group) -> None:
    group.seek_errors = [IllegalStateError("taken away"), AssertionError("no partitions")]
    group.committed = {A: 10}
    consumer.fetched = {A: records(10)}
    consumer.during_fetch = consumer.stop_flow
    await consumer._drain_once()
    assert consumer.handed_on == []
    assert group.moved == {A: 10}


async def test_moving_the_position_is_given_up_where_another_assignment_begins_at_what_is_committed_anyway(
    consumer: Consumer, group: Group
) -> None:
    async def taken_away() -> dict[TP, int | None]:
        consumer.offsets.assigned()
        raise IllegalStateError("taken away")

    group.seek_to_committed = taken_away  # type: ignore[method-assign]
    consumer.fetched = {A: records(10)}
    consumer.during_fetch = consumer.stop_flow
    await consumer._drain_once()
    assert consumer.handed_on == []


async def test_a_fetch_handed_on_whole_moves_no_position(consumer: Consumer, group: Group) -> None:
    consumer.fetched = {A: records(10)}
    await consumer._drain_once()
    assert group.moved == {}


async def test_what_is_fetched_while_the_worker_stops_is_neither_handed_on_nor_committed(
    consumer: Consumer, group: Group
) -> None:
    consumer.should_stop = True
    consumer.fetched = {A: records(10)}
    await consumer._drain_once()
    assert consumer.handed_on == []
    assert not await consumer.force_commit()


async def handed_on(consumer: Consumer, tp: TP, *offsets: int) -> Run:
    consumer.fetched = {tp: records(*offsets)}
    await consumer._drain_once()
    return consumer.handed_on[-1]


async def test_offsets_missing_within_and_between_runs_are_committed_over(consumer: Consumer, group: Group) -> None:
    first = await handed_on(consumer, A, 10, 14)
    second = await handed_on(consumer, A, 20, 29)
    assert consumer.ack_run(first)
    assert consumer.ack_run(second)
    assert await consumer.force_commit()
    assert group.commits == [{A: 30}]


async def test_a_run_done_out_of_order_waits_for_the_one_before(consumer: Consumer, group: Group) -> None:
    first = await handed_on(consumer, A, 10)
    second = await handed_on(consumer, A, 11)
    consumer.ack_run(second)
    assert not await consumer.force_commit()
    consumer.ack_run(first)
    await consumer.force_commit()
    assert group.commits == [{A: 12}]


async def test_a_whole_run_is_acknowledged_through_fausts_message_too(consumer: Consumer, group: Group) -> None:
    await handed_on(consumer, A, 10, 11)
    [message] = consumer.messages
    assert consumer.ack(message)
    assert message.acked
    await consumer.force_commit()
    assert group.commits == [{A: 12}]


async def test_nothing_done_means_no_commit(consumer: Consumer, group: Group) -> None:
    await handed_on(consumer, A, 10)
    assert not await consumer.force_commit()
    assert group.commits == []


async def test_a_commit_that_fails_stays_due(consumer: Consumer, group: Group) -> None:
    consumer.ack_run(await handed_on(consumer, A, 10))
    group.takes_commits = False
    assert not await consumer.force_commit()
    assert consumer._committed_offset == {}
    group.takes_commits = True
    assert await consumer.force_commit()
    assert group.commits == [{A: 11}, {A: 11}]
    assert consumer._committed_offset == {A: 11}


async def test_what_has_been_committed_is_not_committed_again(consumer: Consumer, group: Group) -> None:
    consumer.ack_run(await handed_on(consumer, A, 10))
    await consumer.force_commit()
    assert not await consumer.force_commit()
    assert group.commits == [{A: 11}]


async def test_only_assigned_partitions_are_committed(consumer: Consumer, group: Group) -> None:
    consumer.ack_run(await handed_on(consumer, A, 10))
    consumer.ack_run(await handed_on(consumer, B, 3))
    group.assigned = {B}
    await consumer.force_commit()
    assert group.commits == [{B: 4}]


async def test_an_acknowledgement_of_an_older_assignment_commits_nothing(consumer: Consumer, group: Group) -> None:
    late = await handed_on(consumer, A, 10)
    consumer.offsets.assigned()
    await handed_on(consumer, A, 10)
    assert not consumer.ack_run(late)
    assert not await consumer.force_commit()


async def test_stopping_commits_what_is_done_and_no_more(consumer: Consumer, group: Group) -> None:
    consumer.ack_run(await handed_on(consumer, A, 10))
    await handed_on(consumer, A, 11)
    await consumer.on_stop()
    assert group.commits == [{A: 11}]


@pytest.fixture
def faust_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Leave Faust's own part of a rebalance out, and note when it would have come."""
    calls: list[str] = []

    async def revoked(self: object, partitions: set[TP]) -> None:
        calls.append("faust revoked")

    async def assigned(self: object, partitions: set[TP], generation_id: int = 0) -> None:
        calls.append("faust assigned")

    monkeypatch.setattr(driver.Consumer, "on_partitions_revoked", revoked)
    monkeypatch.setattr(driver.Consumer, "on_partitions_assigned", assigned)
    return calls


async def test_what_is_finished_at_a_revocation_is_committed_while_the_partitions_are_still_ours(
    consumer: Consumer, group: Group, faust_calls: list[str]
) -> None:
    run = await handed_on(consumer, A, 10)

    async def finish(_: set[TP]) -> None:
        assert not consumer.flow_active
        faust_calls.append("finish")
        consumer.ack_run(run)

    consumer.before_revoked = finish
    await consumer.on_partitions_revoked({A, B})
    assert faust_calls == ["finish", "faust revoked"]
    assert group.commits == [{A: 11}]


async def test_what_is_not_finished_at_a_revocation_is_forgotten(
    consumer: Consumer, group: Group, faust_calls: list[str]
) -> None:
    run = await handed_on(consumer, A, 10)
    await consumer.on_partitions_revoked({A})
    assert not consumer.ack_run(run)
    assert consumer.offsets.outstanding() == 0
    assert group.commits == []


async def test_a_revocation_of_nothing_still_ends_what_is_in_flight(consumer: Consumer, faust_calls: list[str]) -> None:
    async def finish(_: set[TP]) -> None:
        faust_calls.append("finish")

    consumer.before_revoked = finish
    await consumer.on_partitions_revoked(set())
    assert faust_calls == ["finish", "faust revoked"]


@pytest.mark.parametrize("error", [IllegalStateError("taken away"), ConsumerNotStarted()])
async def test_a_last_commit_that_the_broker_does_not_take_does_not_hold_up_the_end(
    consumer: Consumer, group: Group, error: Exception
) -> None:
    consumer.ack_run(await handed_on(consumer, A, 10))
    group.commit_error = error
    await consumer.on_stop()
    assert group.commits == []


async def test_a_last_commit_that_never_ends_does_not_hold_up_the_end(consumer: Consumer, group: Group) -> None:
    async def never(offsets: Mapping[TP, int]) -> bool:
        await asyncio.Event().wait()
        return True

    consumer.ack_run(await handed_on(consumer, A, 10))
    group.commit = never  # type: ignore[method-assign]
    await consumer.on_stop()
    assert consumer.offsets.committable() == {A: 11}


async def test_an_error_of_our_own_in_the_last_commit_is_not_swallowed(consumer: Consumer, group: Group) -> None:
    consumer.ack_run(await handed_on(consumer, A, 10))
    group.commit_error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await consumer.on_stop()


async def test_a_new_assignment_counts_before_anyone_prepares_for_it(
    consumer: Consumer, faust_calls: list[str]
) -> None:
    run = await handed_on(consumer, A, 10)
    generation = consumer.offsets.generation

    async def prepare(partitions: set[TP]) -> None:
        faust_calls.append(f"prepare {len(partitions)} in {consumer.offsets.generation - generation}")
        assert not consumer.ack_run(run)

    consumer.after_assigned = prepare
    await consumer.on_partitions_assigned({A, B}, 3)
    assert faust_calls == ["prepare 2 in 1", "faust assigned"]


async def test_a_full_buffer_leaves_partitions_active(consumer: Consumer) -> None:
    consumer.on_buffer_full(A)
    consumer.on_buffer_drop(A)
    assert consumer.active == {A, B}


class Stopped:
    """A fetcher that was told to stop."""

    def __init__(self) -> None:
        self._stopped = asyncio.Event()


async def test_the_fetch_loop_ends_when_the_fetcher_stops(consumer: Consumer) -> None:
    fetcher = Stopped()
    consumer._stopped = asyncio.Event()
    consumer.fetched = {A: records(10)}
    consumer.during_receipt = fetcher._stopped.set
    await consumer._drain_messages(fetcher)
    assert len(consumer.handed_on) == 1


async def test_a_cancelled_fetch_is_an_error_only_where_nobody_asked_to_stop(consumer: Consumer) -> None:
    def cancelled() -> None:
        raise asyncio.CancelledError

    consumer._stopped = asyncio.Event()
    consumer.during_fetch = cancelled
    await consumer._drain_messages(Stopped())
    consumer.transport.should_stop = False
    with pytest.raises(asyncio.CancelledError):
        await consumer._drain_messages(Stopped())


def void(_: object) -> None:
    """Let a lambda call what returns something."""
