"""Versions switched mid-stream on Apache Kafka while the workers that switch are killed and paused: nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams import topics
from streams.embedded.stack import Stack
from streams.publish.summary import read
from streams.transport.reading import read_to_end, reading
from tests.acceptance.conftest import SESSION_TIMEOUT_S, Ward
from tests.acceptance.test_crashes import paced
from tests.second_version import MODEL, write_second

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(420), pytest.mark.slow]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with Stack(
        tmp_path / "run",
        broker="kafka",
        workers=("normalise", "bedside", "cache"),
        model_repository=write_second(tmp_path / "repository", moved=1.0),
        settings_overrides={"session_timeout_s": SESSION_TIMEOUT_S},
    ) as stack:
        yield Ward(stack, tmp_path)


async def _answered(ward: Ward) -> list[set[str]]:
    """The versions behind each patient's last score."""
    found: dict[bytes, set[str]] = {}
    async with reading(ward.stack.settings, "test") as consumer:
        for number in range(ward.stack.settings.partitions):
            for record in await read_to_end(consumer, topics.LATEST, number):
                found[record.key] = {m.version for m in read(record.value).models if m.model == MODEL}
    return list(found.values())


def answered(ward: Ward) -> set[str]:
    return set().union(*asyncio.run(_answered(ward)))


def test_promotions_and_rollbacks_while_the_bedside_is_killed_and_paused(ward: Ward) -> None:
    feed = paced(ward, patients=40, hours=12, seconds=40)
    worker = ward.stack.workers["bedside"]
    time.sleep(3.0)
    ward.run("models", "shadow", MODEL, "4", "--why", "tried beside")
    promotion = ward.command("models", "promote", MODEL, "4", "--why", "agrees", "--wait", "60")
    time.sleep(1.0)
    worker.kill()
    worker = ward.stack.start_worker("bedside")
    worker.wait_ready(60)
    assert promotion.wait(90) == 0

    worker.send_signal(signal.SIGSTOP)
    successor = ward.stack.start_worker("bedside")
    successor.wait_ready(60)
    time.sleep(2 * SESSION_TIMEOUT_S)
    ward.run("models", "rollback", MODEL, "--why", "too many alerts")
    worker.send_signal(signal.SIGCONT)
    time.sleep(SESSION_TIMEOUT_S)
    assert ward.command("models", "promote", MODEL, "4", "--why", "again", "--wait", "60").wait(90) == 0
    successor.kill()
    worker.kill()
    ward.stack.start_worker("bedside").wait_ready(60)

    assert feed.wait(120) == 0
    assert ward.eventually(90).findings == ()
    assert answered(ward) == {"4"}
