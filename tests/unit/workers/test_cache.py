"""The cache worker: the latest score of each patient, whatever comes late, and whatever Redis does meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from msgspec.structs import replace
from redis.exceptions import ConnectionError as RedisConnectionError

from streams import topics
from streams.clock import SECOND
from streams.errors import RetryableError
from streams.publish.headers import EPOCH, LEVEL
from streams.publish.view import ViewRow, WriteCounts
from streams.settings import Settings
from streams.transport.produce import Out
from streams.workers import cache
from streams.workers.cache import OFFSET, row_of
from tests.unit.workers.caches import (
    HEADERS,
    LATEST,
    SCORES,
    Cache,
    FakeAlerts,
    FakeBoard,
    score,
)
from tests.unit.workers.fakes import MARKED, START, Broker, Rec, through
from tests.unit.workers.test_alerts_shown import alert, record


@pytest.fixture
async def worker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cache]:
    broker = Broker()
    monkeypatch.setattr(cache, "reading", broker.reading)
    monkeypatch.setattr(cache, "Board", FakeBoard)
    made = Cache(broker)
    await made.work.assigned({TP(SCORES, 0)})
    yield made
    await made.work.stop()


async def test_a_score_is_written_to_the_view_and_to_the_compacted_topic_and_acknowledged(worker: Cache) -> None:
    await worker.take(score(0))
    assert worker.view.rows == [row_of(score(0))]
    assert worker.latest == [(b"p1", HEADERS | {OFFSET: b"0"})]
    assert worker.host.committable(SCORES) == 1


async def test_of_several_scores_in_a_flush_the_view_gets_all_and_the_compacted_topic_the_last(worker: Cache) -> None:
    await worker.take(score(0), score(1), score(2, patient_id="p2"))
    assert len(worker.view.rows) == 3
    assert worker.places == [(3, 1), (3, 2)]


async def test_an_older_epoch_never_replaces_the_latest_whatever_its_offset(worker: Cache) -> None:
    await worker.take(score(0, epoch=b"3"))
    await worker.take(score(9, epoch=b"2"))
    assert worker.places == [(3, 0)]
    assert worker.host.committable(SCORES) == 10


async def test_an_older_epoch_behind_a_newer_one_in_the_same_flush_does_not_either(worker: Cache) -> None:
    await worker.take(score(0, epoch=b"3"), score(1, epoch=b"2"))
    assert worker.places == [(3, 0)]


async def test_a_newer_epoch_replaces_the_latest(worker: Cache) -> None:
    await worker.take(score(0, epoch=b"3"))
    await worker.take(score(1, epoch=b"4"))
    assert worker.places == [(3, 0), (4, 1)]


async def test_a_retired_id_replaces_its_last_score_on_the_compacted_topic_and_a_late_older_one_does_not(
    worker: Cache,
) -> None:
    await worker.take(score(0, epoch=b"3"), score(1, epoch=b"3", level=b"retired", index=b""))
    await worker.take(score(2, epoch=b"2"))
    [(_, head)] = worker.latest
    assert (head[LEVEL], head[OFFSET]) == (b"retired", b"1")
    assert [row.level for row in worker.view.rows] == ["medium", "retired", "medium"]


async def test_a_redelivered_score_is_written_again(worker: Cache) -> None:
    await worker.take(score(0))
    worker.host.offsets.assigned()
    await worker.take(score(0))
    assert worker.places == [(3, 0), (3, 0)]


async def test_the_latest_is_remembered_over_a_restart(worker: Cache) -> None:
    await worker.take(score(7, epoch=b"4"))
    second = Cache(worker.broker)
    await second.work.assigned({TP(SCORES, 0)})
    await second.take(score(8, epoch=b"3"))
    await second.take(score(9, epoch=b"4"))
    assert second.places == [(4, 9)]
    await second.work.stop()


async def test_a_run_of_an_older_assignment_is_not_written(worker: Cache) -> None:
    run = worker.host.run(SCORES, [score(0)])
    worker.host.offsets.assigned()
    await through(worker.work, run)
    assert (worker.view.rows, worker.latest, worker.host.committable(SCORES)) == ([], [], None)


async def test_redis_away_delays_nothing_but_the_view(worker: Cache, caplog: pytest.LogCaptureFixture) -> None:
    await worker.idle()
    worker.view.away = True
    await worker.take(score(0, patient_id=MARKED))
    assert worker.view.rows == []
    assert len(worker.latest) == 1
    assert worker.host.committable(SCORES) == 1
    assert "view falls behind" in caplog.text
    assert MARKED not in caplog.text


async def test_what_the_view_missed_is_written_when_redis_is_back(worker: Cache) -> None:
    await worker.idle()
    worker.view.away = True
    worker.broker.append(SCORES, 0, b"p1", b"{}", HEADERS.items())
    await worker.take(score(0))
    await worker.idle()
    assert worker.view.rows == []
    worker.view.away = False
    await worker.idle()
    assert {(row.patient_id, row.epoch, row.offset) for row in worker.view.rows} == {("p1", 3, 0)}


async def test_a_new_owner_rebuilds_once_and_then_leaves_a_view_that_missed_nothing_alone(worker: Cache) -> None:
    worker.view.marked = {0}
    worker.broker.append(SCORES, 0, b"p1", b"{}", HEADERS.items())
    await worker.idle()
    await worker.idle()
    assert len(worker.view.rows) == 1


async def test_a_rebuilding_that_the_broker_interrupts_stays_due(
    worker: Cache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise KafkaConnectionError(MARKED)

    worker.broker.append(SCORES, 0, b"p1", b"{}", HEADERS.items())
    with monkeypatch.context() as patched:
        patched.setattr(cache, "reading", away)
        await worker.idle()
    assert worker.view.marked == set()
    assert "view not rebuilt: KafkaConnectionError" in caplog.text
    assert MARKED not in caplog.text
    await worker.idle()
    assert len(worker.view.rows) == 1


async def test_a_partition_assigned_while_the_view_is_rebuilt_is_not_taken_for_rebuilt(worker: Cache) -> None:
    worker.broker.append(SCORES, 0, b"p1", b"{}", HEADERS.items())
    worker.broker.append(SCORES, 1, b"p2", b"{}", HEADERS.items())
    write = worker.view.write_many

    async def and_rebalance(rows: Sequence[ViewRow]) -> WriteCounts:
        await worker.work.assigned({TP(SCORES, 0), TP(SCORES, 1)})
        return await write(rows)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(worker.view, "write_many", and_rebalance)
        await worker.idle()
    assert worker.view.marked == set()
    await worker.idle()
    assert worker.view.marked == {0, 1}
    assert {row.patient_id for row in worker.view.rows} == {"p1", "p2"}


async def test_who_would_have_been_forgotten_by_now_is_not_shown_again(worker: Cache) -> None:
    for topic in (LATEST, SCORES):
        worker.broker.append(topic, 0, b"p1", b"{}", (HEADERS | {EPOCH: b"1", OFFSET: b"0"}).items())
    worker.work.clock.at = START + Settings().latest_ttl_s * SECOND + 1
    await worker.idle()
    assert worker.view.rows == []
    worker.work.clock.at -= 1
    worker.work._behind = True
    await worker.idle()
    assert {row.patient_id for row in worker.view.rows} == {"p1"}


async def test_a_ranking_that_could_not_be_mended_leaves_the_view_to_be_rebuilt(
    worker: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(FakeBoard):
        async def repair(self) -> int:
            raise RedisConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(cache, "Board", Broken)
        await worker.idle()
    assert worker.view.marked == set()
    await worker.idle()
    assert worker.view.marked == {0}


async def test_where_an_older_score_has_the_last_word_on_the_compacted_topic_the_latest_is_repeated(
    worker: Cache,
) -> None:
    for epoch, offset in ((b"4", b"9"), (b"3", b"2")):
        worker.broker.append(LATEST, 0, b"p1", b"{}", (HEADERS | {EPOCH: epoch, OFFSET: offset}).items())
    await worker.work.assigned({TP(SCORES, 0)})
    assert worker.places == [(4, 9)]
    await worker.take(score(8, epoch=b"4"))
    assert worker.places == [(4, 9)]


async def test_a_flush_whose_partitions_were_taken_away_leaves_the_compacted_topic_alone(worker: Cache) -> None:
    flush = worker.work.begin([worker.host.run(SCORES, [score(0)])])
    worker.host.offsets.assigned()
    await (await worker.work.publish(flush))
    await worker.work.settle(flush)
    assert (worker.latest, worker.host.committable(SCORES)) == ([], None)


async def test_an_emptied_redis_is_filled_the_latest_first_and_then_marked(worker: Cache) -> None:
    worker.broker.append(SCORES, 0, b"p1", b"first", HEADERS.items())
    worker.broker.append(SCORES, 0, b"p1", b"second", HEADERS.items())
    worker.broker.append(LATEST, 0, b"p1", b"second", (HEADERS | {OFFSET: b"1"}).items())
    await worker.idle()
    assert [(row.json, row.offset) for row in worker.view.rows] == [(b"second", 1), (b"first", 0), (b"second", 1)]
    assert worker.view.marked == {0}


async def test_a_redis_that_is_away_again_while_it_is_filled_is_not_marked(worker: Cache) -> None:
    worker.broker.append(SCORES, 0, b"p1", b"{}", HEADERS.items())
    worker.view.away = True
    await worker.idle()
    worker.view.away = False
    assert worker.view.marked == set()
    await worker.idle()
    assert worker.view.marked == {0}


async def test_the_view_is_looked_at_only_now_and_then(worker: Cache) -> None:
    await worker.idle()
    first = worker.work._rebuilding
    await worker.work.idle()
    assert worker.work._rebuilding is first


async def test_due_ticks_of_its_partitions_are_produced(worker: Cache) -> None:
    tick = Out(topics.TICKS, 0, b"0", b"{}")
    worker.timekeeper.ticks = [tick]
    await worker.idle()
    assert worker.host.producer.on(topics.TICKS) == [tick]
    assert worker.timekeeper.asked_for == {0}


async def test_what_the_broker_does_not_take_is_not_acknowledged(worker: Cache) -> None:
    worker.broker.refuses = True
    with pytest.raises(RetryableError):
        await worker.take(score(0))
    assert worker.host.committable(SCORES) is None


def word(offset: int, alert_id: str = "a1") -> Rec:
    return replace(record(offset, alert(alert_id)), topic=topics.ALERTS)


async def test_alerts_go_to_the_view_alone_and_are_acknowledged(worker: Cache) -> None:
    alerts = FakeAlerts()
    worker.work.alerts._view = alerts
    await through(worker.work, worker.host.run(topics.ALERTS, [word(0), word(1, "a2")]))
    assert [(row.alert_id, row.offset) for row in alerts.rows] == [("a1", 0), ("a2", 1)]
    assert (worker.view.rows, worker.latest) == ([], [])
    assert worker.host.committable(topics.ALERTS) == 2


async def test_where_redis_has_lost_words_on_alerts_everything_is_written_again(worker: Cache) -> None:
    alerts = FakeAlerts()
    worker.work.alerts._view = alerts
    worker.broker.append(SCORES, 0, b"p1", b"{}", HEADERS.items())
    await worker.idle()
    assert len(worker.view.rows) == 1
    alerts.lost = 1
    await worker.idle()
    alerts.lost = 0
    await worker.idle()
    assert len(worker.view.rows) == 2
    await worker.idle()
    assert len(worker.view.rows) == 2


async def test_alerts_missed_while_redis_was_away_are_shown_when_it_is_back(worker: Cache) -> None:
    alerts = FakeAlerts()
    worker.work.alerts._view = alerts
    alerts.away = True
    kept = worker.broker.append(topics.ALERTS, 0, b"p1", word(0).value, word(0).headers)
    await through(worker.work, worker.host.run(topics.ALERTS, [kept]))
    assert worker.host.committable(topics.ALERTS) == 1
    alerts.away = False
    await worker.idle()
    assert [row.alert_id for row in alerts.rows] == ["a1"]
