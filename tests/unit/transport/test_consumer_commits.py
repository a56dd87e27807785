"""Commits without a broker: what is done without a gap, while the partitions are ours, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from aiokafka.errors import IllegalStateError
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from tests.unit.transport.consumers import A, B, Consumer, Group, handed_on


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
