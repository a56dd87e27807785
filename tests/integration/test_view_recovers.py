"""Redis emptied, filled by others' keys, and restarted while scores come: the view is right again by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from streams.embedded.stack import Stack
from streams.publish import keys
from tests.acceptance.conftest import FOR_VITALS, Ward
from tests.conftest import vitals_alone

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(300)]
OTHERS = {f"booking:{k}": "another program's" for k in range(2000)} | {"risk": "x", "risk:register": "y"}


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    models = vitals_alone(tmp_path)
    with Stack(tmp_path / "run", broker="tansu", workers=FOR_VITALS, model_repository=models) as stack:
        yield Ward(stack, tmp_path)


def redis(ward: Ward) -> Redis:
    return Redis.from_url(ward.stack.settings.redis_url, decode_responses=True)


def until_ranked(ward: Ward, patients: int = 1) -> None:
    """Wait until somebody is in the view."""
    end = time.monotonic() + 60
    with redis(ward) as client:
        while client.zcard(keys.RANKING) < patients:
            assert time.monotonic() < end, "nobody was ranked within a minute"
            time.sleep(0.1)


def test_whatever_happens_to_redis_the_view_is_right_again_without_a_restart_of_anything_else(ward: Ward) -> None:
    workers = {name: part.child.pid for name, part in ward.stack.workers.items() if part.child is not None}
    feed = ward.command("replay", str(ward.recorded(15, 4)), "--speed", "1200x")
    until_ranked(ward)
    with redis(ward) as client:
        client.flushall()
        client.script_flush()
        client.mset(OTHERS)
    until_ranked(ward, 3)
    ward.stack.stop_redis()
    ward.stack.start_redis()
    until_ranked(ward, 3)
    with redis(ward) as client:
        client.mset(OTHERS)
        client.delete(keys.RANKING, keys.MARKER)
        client.zadd(keys.RANKING, {"nobody": 99.0})
    assert feed.wait(200) == 0

    report = ward.eventually(90)
    assert report.findings == ()
    with redis(ward) as client:
        assert {name: client.get(name) for name in OTHERS} == OTHERS
        assert client.zcard(keys.RANKING) == report.patients
    assert workers == {name: part.child.pid for name, part in ward.stack.workers.items() if part.child is not None}
