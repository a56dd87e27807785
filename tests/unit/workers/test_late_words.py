"""A former owner's late results: found between our own, told once, and remembered as heard."""

from __future__ import annotations

from typing import Any

import pytest

from streams.errors import ContractError
from streams.publish.headers import EPOCH
from streams.settings import Settings
from streams.timeline.pieces import HEARD
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.transport.produce import Out
from streams.transport.runs import Again
from streams.workers import late_words
from streams.workers.assessment import RECEIVED_AT
from streams.workers.late_words import LateWords, gaps
from tests.unit.workers.bedsides import SCORES, Bedside, successor
from tests.unit.workers.fakes import HOUR, START, Broker, through, vitals


def late(bedside: Bedside, epoch: int, patient_id: str = "p1") -> None:
    """What a former owner's buffer writes now."""
    bedside.broker.append(SCORES, 0, patient_id.encode(), b"{}", [(EPOCH, b"%d" % epoch)])


async def looked(bedside: Bedside, times: int = 2) -> list[Again]:
    """Look as often and take in what was found; a look reaches as far as the topic went at the look before."""
    found: list[Again] = []

    async def tell(one: Again) -> None:
        found.append(one)

    bedside.work.late_words._tell = tell
    for _ in range(times):
        await bedside.work.late_words.look()
    for one in found:
        await through(bedside.work, one)
    return found


async def test_a_former_owners_record_behind_ones_own_publishes_that_patient_again(bedside: Bedside) -> None:
    await bedside.take(vitals())
    async with successor(bedside) as second:
        await second.take(vitals("p2"))
        late(second, 1)
        await looked(second)
        assert [s.patient_id for s in second.scores] == ["p2", "p1"]
        assert RECEIVED_AT not in second.heads[1]


async def test_it_is_told_once(bedside: Bedside) -> None:
    await bedside.take(vitals())
    async with successor(bedside) as second:
        late(second, 1)
        await looked(second)
        await looked(second, 5)
        assert [s.patient_id for s in second.scores] == ["p1"]


async def test_ones_own_results_are_not_read_back(bedside: Bedside, monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(*_: Any) -> list[Any]:
        raise AssertionError("read though all of it is ours")

    monkeypatch.setattr(late_words, "read_between", read)
    await bedside.take(vitals("p1"), vitals("p2"))
    await bedside.take(vitals("p1", START + HOUR))
    assert await looked(bedside) == [Again(0, (), 3, bedside.host.generation)]
    assert len(bedside.scores) == 3


async def test_what_the_owner_before_us_wrote_in_time_publishes_nothing(bedside: Bedside) -> None:
    await bedside.take(vitals())
    async with successor(bedside) as second:
        assert await looked(second) == [Again(0, (), 1, second.host.generation)]
        assert second.scores == []


async def test_what_an_owner_before_that_wrote_behind_the_last_owner_is_late(bedside: Bedside) -> None:
    await bedside.take(vitals())
    async with successor(bedside) as second:
        await second.take(vitals(at=START + HOUR))
        late(second, 1)
        async with successor(second) as third:
            await looked(third)
            assert [s.patient_id for s in third.scores] == ["p1"]


async def test_a_patient_of_whom_nothing_is_known_is_not_published(bedside: Bedside) -> None:
    async with successor(bedside) as second:
        late(second, 1, "unknown")
        assert await looked(second) == [Again(0, ("unknown",), 1, second.host.generation)]
        assert second.scores == []


async def test_how_far_was_heard_is_remembered_from_the_next_tick_on(bedside: Bedside) -> None:
    await bedside.take(vitals())
    await looked(bedside)
    assert bedside.pieces(HEARD) == []
    await bedside.tick(START)
    assert bedside.pieces(HEARD) == [("", True)]
    async with successor(bedside) as second:
        assert second.work.shares[0].heard.offset == 1
        assert second.pieces(HEARD) == [("", True), ("", False)]


async def test_how_far_was_heard_is_not_moved_before_the_patients_are_published_again(bedside: Bedside) -> None:
    await bedside.take(vitals())
    async with successor(bedside) as second:
        late(second, 1)
        flush = second.work.begin([Again(0, ("p1",), 2, second.host.generation)])
        await second.work.judge(flush)
        await (await second.work.publish(flush))
        assert second.work.shares[0].heard.offset is None
        await second.work.settle(flush)
        assert second.work.shares[0].heard.offset == 2


async def test_what_stands_in_flight_at_one_look_is_known_as_ours_at_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, told = Broker(), []

    async def tell(one: Again) -> None:
        told.append(one.heard)

    monkeypatch.setattr(late_words, "reader", broker.reader)
    words = LateWords(Settings(), tell)
    share = Share(b"mark", Retention(1, 1))
    share.epoch, share.heard.offset = 2, 0
    await words.begin({0: share}, 1)
    out = Out(SCORES, 0, b"p1", b"{}", [(EPOCH, b"2")])
    broker.append(SCORES, 0, out.key, out.value, out.headers)
    await words.look()
    assert told == []
    words.ours([(out, 0)])
    await words.look()
    assert told == [1]


async def test_something_else_than_a_result_stops_the_worker(bedside: Bedside) -> None:
    bedside.broker.append(SCORES, 0, b"p1", b"{}", [])
    await bedside.work.late_words.look()
    bedside.work.late_words.tend(bedside.work.pipeline.failed)
    with pytest.raises(ContractError, match="only CardioStream may write there"):
        await bedside.work.pipeline.failed


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ([], [(10, 20)]),
        ([(10, 20)], []),
        ([(0, 12), (15, 40)], [(12, 15)]),
        ([(15, 16), (11, 12)], [(10, 11), (12, 15), (16, 20)]),
        ([(0, 5)], [(10, 20)]),
        ([(20, 30)], [(10, 20)]),
        ([(10, 15), (12, 14)], [(15, 20)]),
    ],
)
def test_what_of_ten_to_twenty_is_not_ours(ours: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    assert gaps((10, 20), ours) == expected
