"""Taking ownership on a changelog in memory: epochs rise, states unite, nothing is written before its time."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from streams import topics
from streams.errors import ContractError, RetryableError
from streams.fusion.stage import Cutoffs
from streams.settings import Settings
from streams.timeline.encoding import PieceKey, decode_key, encode_key
from streams.timeline.pieces import DEBT, EPOCH
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.timeline.slot import SLOT
from streams.timeline.snapshot import as_of
from streams.transport.produce import Out
from streams.workers import ownership
from streams.workers.ownership import Owner, cutoffs, due_after_ms, outs_of, retention_of
from tests.unit.workers.fakes import HOUR, MARKED, START, Broker, Producer, vitals


class RivalProducer(Producer):
    """A producer before whose first batch another process gets in."""

    def __init__(self, broker: Broker, rivals: list[Out]) -> None:
        super().__init__(broker)
        self._rivals = rivals

    async def send(self, records: Sequence[Out]) -> Awaitable[None]:
        rivals, self._rivals = self._rivals, []
        await (await super().send(rivals))
        return await super().send(records)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(ownership, "reading", made.reading)
    return made


def owner_on(broker: Broker) -> Owner:
    producer: Any = Producer(broker)
    return Owner(Settings(), producer)


async def acquired(broker: Broker, *partitions: int) -> dict[int, Share]:
    return await owner_on(broker).acquire(partitions or (0,))


async def send(broker: Broker, outs: list[Out]) -> None:
    await (await Producer(broker).send(outs))


async def write(broker: Broker, share: Share, patient_id: str, partition: int = 0) -> None:
    await send(broker, outs_of(partition, share.changed([patient_id])))


async def test_every_acquisition_takes_an_epoch_one_higher() -> None:
    broker = Broker()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ownership, "reading", broker.reading)
        assert [(await acquired(broker))[0].epoch for _ in range(3)] == [1, 2, 3]


async def test_the_epoch_stands_on_the_changelog_before_anything_else(broker: Broker) -> None:
    await acquired(broker)
    first = broker.log(topics.STATE)[0]
    assert (decode_key(first.key or b"").piece, decode_key(first.key or b"").epoch) == (EPOCH, 1)


async def test_an_epoch_that_the_broker_does_not_take_is_no_ownership(broker: Broker) -> None:
    broker.refuses = True
    with pytest.raises(RetryableError):
        await acquired(broker)


async def test_what_a_former_owner_wrote_is_restored(broker: Broker) -> None:
    former = (await acquired(broker))[0]
    former.apply(vitals("p1"))
    await write(broker, former, "p1")
    restored = (await acquired(broker))[0]
    assert as_of([restored.timelines["p1"]]) == START
    assert restored.timelines["p1"].touched == {}


async def test_a_former_owner_that_writes_late_only_adds(broker: Broker) -> None:
    former = (await acquired(broker))[0]
    present = (await acquired(broker))[0]
    present.apply(vitals("p1", START))
    await write(broker, present, "p1")
    former.apply(vitals("p1", START + HOUR))
    await write(broker, former, "p1")
    united = (await acquired(broker))[0]
    assert united.timelines["p1"].pieces() == [START // SLOT, (START + HOUR) // SLOT]


async def test_a_former_epochs_announcement_is_removed_once_its_successor_stands(broker: Broker) -> None:
    await acquired(broker)
    await acquired(broker)
    epochs = [(decode_key(r.key or b"").epoch, r.value is None) for r in broker.log(topics.STATE)]
    assert epochs == [(1, False), (2, False), (1, True)]


async def test_only_these_partitions_are_restored_and_written(broker: Broker) -> None:
    assert sorted(await acquired(broker, 1, 3)) == [1, 3]
    assert sorted(broker.records) == [(topics.STATE, 1), (topics.STATE, 3)]


async def test_one_partitions_patients_are_not_anothers(broker: Broker) -> None:
    former = (await acquired(broker, 0, 1))[1]
    former.apply(vitals("p1"))
    await write(broker, former, "p1", partition=1)
    shares = await acquired(broker, 0, 1)
    assert [sorted(shares[n].timelines) for n in (0, 1)] == [[], ["p1"]]


async def test_the_memory_for_open_timelines_is_shared_out_among_the_partitions(broker: Broker) -> None:
    producer: Any = Producer(broker)
    shares = await Owner(Settings(open_state_mb=8), producer).acquire([0, 1, 2, 3])
    assert {share.timelines.open_bytes for share in shares.values()} == {2 * 2**20}


async def test_a_large_state_says_that_it_gets_on_while_it_is_read(broker: Broker) -> None:
    former = (await acquired(broker))[0]
    former.apply(vitals("p1"))
    await write(broker, former, "p1")
    told: list[None] = []
    producer: Any = Producer(broker)
    await Owner(Settings(), producer, lambda: told.append(None)).acquire([0])
    assert told


async def test_no_partitions_are_no_shares(broker: Broker) -> None:
    assert await owner_on(broker).acquire([]) == {}
    assert broker.records == {}


async def test_a_changelog_made_anew_does_not_let_the_epochs_begin_anew(broker: Broker) -> None:
    broker.append(topics.SCORES, 0, b"p1", b"{}", [("cs_epoch", b"7")])
    assert (await acquired(broker))[0].epoch == 8


async def test_an_epoch_that_another_owner_announced_meanwhile_is_contested_with_a_higher_one(broker: Broker) -> None:
    rival = Share(b"rival", Retention(1, 1))
    announcement = outs_of(0, rival.restore([]))
    producer: Any = RivalProducer(broker, announcement)
    share = (await Owner(Settings(), producer).acquire([0]))[0]
    assert (rival.epoch, share.epoch) == (1, 2)


async def test_what_a_former_owner_wrote_while_the_epoch_was_announced_is_taken_in(broker: Broker) -> None:
    former = (await acquired(broker))[0]
    former.apply(vitals("p1"))
    producer: Any = RivalProducer(broker, outs_of(0, former.changed(["p1"])))
    share = (await Owner(Settings(), producer).acquire([0]))[0]
    assert as_of([share.timelines["p1"]]) == START


async def test_debts_and_the_highest_tick_survive(broker: Broker) -> None:
    former = (await acquired(broker))[0]
    await send(broker, outs_of(0, [*former.owe(["p1"]), *former.advance(START)]))
    present = (await acquired(broker))[0]
    assert (present.owed, present.tick) == ({"p1"}, START)


async def test_every_process_writes_under_a_mark_of_its_own(broker: Broker) -> None:
    assert (await acquired(broker))[0].mark != (await acquired(broker))[0].mark


async def test_a_foreign_record_on_the_changelog_stops_the_worker_without_being_quoted(broker: Broker) -> None:
    broker.append(topics.STATE, 0, MARKED.encode(), b"value")
    with pytest.raises(ContractError) as caught:
        await acquired(broker)
    assert MARKED not in str(caught.value)


async def test_restoring_logs_counts_and_nobodys_name(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    former = (await acquired(broker))[0]
    former.apply(vitals(MARKED))
    await write(broker, former, MARKED)
    with caplog.at_level("INFO"):
        await acquired(broker)
    assert "epoch=2 restored patients=1" in caplog.text
    assert MARKED not in caplog.text


def test_pieces_go_to_the_partition_that_they_belong_to() -> None:
    key = encode_key(PieceKey("p1", DEBT, 1, b"mark"))
    assert outs_of(4, [(key, None)]) == [(topics.STATE, 4, key, None, ())]


def test_retention_is_the_sites() -> None:
    assert retention_of(Settings(retention_s=3600, slow_retention_s=7200.5)) == Retention(3_600_000, 7_200_500)


def test_nothing_is_stale_before_the_first_tick() -> None:
    assert cutoffs(Share(b"mark", Retention(1, 1)), Settings()) == Cutoffs(None, None)


def test_after_a_tick_scores_are_stale_and_silent_that_are_older_than_the_setting() -> None:
    share = Share(b"mark", Retention(1, 1))
    share.advance(START)
    assert cutoffs(share, Settings(stale_after_s=3600, silent_after_s=7200)) == Cutoffs(START - HOUR, START - 2 * HOUR)


def test_a_patient_falls_due_after_the_sites_settings() -> None:
    assert due_after_ms(Settings(stale_after_s=3600, silent_after_s=7200.5)) == (3_600_000, 7_200_500)
