"""Handing on runs without a broker: nothing fetched is lost, nothing of an older assignment counts."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import IllegalStateError
from faust.types import TP

from tests.unit.transport.consumers import A, B, Consumer, Group, Rec, records, void


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
