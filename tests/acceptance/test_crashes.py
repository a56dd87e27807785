"""Whatever is killed or paused, and whenever: the same end as an undisturbed run.

The independent count recomputes state and scores from the source topics alone, which is what an undisturbed run gives.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from streams import topics
from streams.provision import topics as provision
from streams.publish.summary import read
from streams.settings import Settings
from streams.transport.reading import read_to_end, reading
from tests.acceptance.conftest import SESSION_TIMEOUT_S, Ward, opened

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


def paced(ward: Ward, patients: int = 60, hours: float = 24, seconds: float = 30) -> subprocess.Popen[bytes]:
    """Start a feed that takes about so many seconds."""
    feed = ward.recorded(patients, hours)
    return ward.command("replay", str(feed), "--speed", f"{hours * 3600 / seconds:.0f}x")


def test_five_kills_of_the_bedside_worker_mid_replay(kafka_ward: Ward) -> None:
    feed = paced(kafka_ward)
    worker = kafka_ward.stack.workers["bedside"]
    for _ in range(5):
        time.sleep(3.0)
        worker.kill()
        worker = kafka_ward.stack.start_worker("bedside")
        worker.wait_ready(60)
    assert feed.wait(120) == 0
    report = kafka_ward.eventually()
    assert report.findings == ()


def test_a_kill_between_the_states_write_and_the_result(kafka_ward: Ward) -> None:
    kafka_ward.stack.workers["bedside"].kill()
    kafka_ward.run("replay", str(kafka_ward.recorded(20, 12)), "--speed", "max")
    script = Path(__file__).with_name("crashing_bedside.py")
    crashing = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, **kafka_ward.stack.env}, timeout=120, check=False
    )
    assert crashing.returncode == -signal.SIGKILL
    kafka_ward.stack.start_worker("bedside").wait_ready(60)
    assert kafka_ward.eventually().findings == ()


def test_a_worker_paused_past_its_session_that_wakes_up_later_twice_in_a_row(kafka_ward: Ward) -> None:
    feed = paced(kafka_ward, seconds=45)
    paused = kafka_ward.stack.workers["bedside"]
    for _ in range(2):
        time.sleep(3.0)
        paused.send_signal(signal.SIGSTOP)
        successor = kafka_ward.stack.start_worker("bedside")
        successor.wait_ready(60)
        time.sleep(2 * SESSION_TIMEOUT_S)
        paused.send_signal(signal.SIGCONT)
        time.sleep(SESSION_TIMEOUT_S)
        paused.kill()
        paused = successor
    paused.kill()
    kafka_ward.stack.start_worker("bedside").wait_ready(60)
    assert feed.wait(120) == 0
    assert kafka_ward.eventually().findings == ()


async def _degraded_scores(ward: Ward) -> tuple[int, int]:
    degraded = count = 0
    async with reading(ward.stack.settings, "test") as consumer:
        for number in range(ward.stack.settings.partitions):
            for record in await read_to_end(consumer, topics.SCORES, number):
                score = read(record.value)
                values = {m.model: m.value for m in score.models}
                count += 1
                degraded += score.degraded and values["deterioration_gru"] is None and score.index is not None
    return degraded, count


@pytest.mark.slow
def test_news2_stands_alone_while_triton_is_away_and_the_debt_is_paid_when_it_is_back(kafka_ward: Ward) -> None:
    kafka_ward.stack.stop_triton()
    kafka_ward.run("replay", str(kafka_ward.recorded(20, 12)), "--speed", "max")
    kafka_ward.eventually(0.0)
    degraded, count = asyncio.run(_degraded_scores(kafka_ward))
    assert degraded > 0
    assert count >= 20
    kafka_ward.stack.start_triton()
    assert kafka_ward.eventually(90.0).findings == ()


def test_a_debt_survives_the_worker_that_made_it(kafka_ward: Ward) -> None:
    kafka_ward.stack.stop_triton()
    kafka_ward.run("replay", str(kafka_ward.recorded(20, 12)), "--speed", "max")
    kafka_ward.eventually(0.0)
    kafka_ward.stack.workers["bedside"].kill()
    kafka_ward.stack.start_triton()
    kafka_ward.stack.start_worker("bedside").wait_ready(60)
    assert kafka_ward.eventually(90.0).findings == ()


@pytest.mark.slow
def test_an_emptied_redis_is_filled_again_and_one_away_delays_nothing_else(kafka_ward: Ward) -> None:
    feed = kafka_ward.recorded(20, 12)
    kafka_ward.stack.stop_redis()
    kafka_ward.run("replay", str(feed), "--speed", "max")
    kafka_ward.stack.start_redis()
    assert kafka_ward.eventually().findings == ()


def test_kills_of_normalise_and_cache_lose_and_double_nothing(kafka_ward: Ward) -> None:
    feed = paced(kafka_ward, patients=30, seconds=15)
    for name in ("normalise", "cache", "normalise", "cache"):
        time.sleep(2.0)
        kafka_ward.stack.workers[name].kill()
        kafka_ward.stack.start_worker(name).wait_ready(60)
    assert feed.wait(120) == 0
    assert kafka_ward.eventually().findings == ()


@pytest.mark.slow
def test_a_spare_worker_without_partitions_is_ready_and_takes_over(tmp_path: Path) -> None:
    with opened(tmp_path, "kafka", partitions=1) as ward:
        spare = ward.stack.start_worker("bedside")
        spare.wait_ready(60)
        ward.run("replay", str(ward.recorded(10, 6)), "--speed", "max")
        ward.stack.workers["bedside"].kill()
        ward.run("replay", str(ward.recorded(10, 6, seed=2)), "--speed", "max")
        assert ward.eventually().findings == ()


def test_workers_end_in_time_while_the_broker_does_not_answer(kafka_ward: Ward) -> None:
    kafka_ward.run("replay", str(kafka_ward.recorded(10, 6)), "--speed", "max")
    broker = kafka_ward.stack.services["broker"].child
    assert broker is not None
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        for worker in kafka_ward.stack.workers.values():
            worker.send_signal(signal.SIGTERM)
        end = time.monotonic() + 40
        while time.monotonic() < end and any(w.poll() is None for w in kafka_ward.stack.workers.values()):
            time.sleep(0.5)
        assert [name for name, worker in kafka_ward.stack.workers.items() if worker.poll() is None] == []
    finally:
        os.kill(broker.pid, signal.SIGCONT)


def test_a_lost_changelog_does_not_let_the_epochs_begin_anew(kafka_ward: Ward) -> None:
    kafka_ward.run("replay", str(kafka_ward.recorded(10, 6)), "--speed", "max")
    kafka_ward.settled()
    kafka_ward.stack.workers["bedside"].kill()
    settings = kafka_ward.stack.settings
    admin = KafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    admin.delete_topics([topics.STATE])
    admin.close()
    while any(topic == topics.STATE for topic in _names(settings)):
        time.sleep(0.5)
    provision.create(settings)
    kafka_ward.stack.start_worker("bedside").wait_ready(60)
    logged = Path(kafka_ward.stack.workers["bedside-2"].log_path).read_text()
    assert "epoch=2 restored patients=0" in logged


def _names(settings: Settings) -> list[str]:
    admin = KafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    try:
        return list(admin.list_topics())
    finally:
        admin.close()
