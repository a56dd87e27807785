"""Revocations and assignments without a broker: what is finished is committed before, nothing older counts after."""

from __future__ import annotations

from faust.types import TP

from tests.unit.transport.consumers import A, B, Consumer, Group, handed_on


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
