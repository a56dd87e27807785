"""A bad day's feed through the running stack: the end is that of the record, whatever the order it came in."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from streams.clock import HOUR, WallClock
from streams.commands.simulate import write
from streams.publish import keys
from streams.simulate.disturbance import disturbed_arrivals
from streams.simulate.shares import Shares
from tests.acceptance.conftest import Ward
from tests.unit.simulate.truths import survivors, truth

BAD_DAY = Shares(merges=3)
"""Everything at its usual share; of three merges two stand in the end."""


def recorded(ward: Ward, patients: int, hours: float) -> Path:
    path = ward.folder / "disturbed.ndjson.gz"
    start = WallClock().now() - round(hours * HOUR)
    write(disturbed_arrivals(patients, hours, 1, start, BAD_DAY), path)
    return path


def standing(path: Path) -> dict[str, Any]:
    """What the recording comes to, read by nothing of the system's own."""
    return truth(map(msgspec.json.decode, gzip.decompress(path.read_bytes()).splitlines()))


def ranked(ward: Ward) -> set[str]:
    with Redis.from_url(ward.stack.settings.redis_url, decode_responses=True) as redis:
        return {f"Patient/{name}" for name in redis.zrange(keys.RANKING, 0, -1)}


def replayed(ward: Ward, patients: int, hours: float) -> dict[str, Any]:
    """Replay a bad day at full speed, in the order in which it arrived, and return what it comes to."""
    path = recorded(ward, patients, hours)
    ward.run("replay", str(path), "--speed", "max", "--order", "file", "--keep-dates")
    return standing(path)


def agrees(ward: Ward, stands: dict[str, Any]) -> None:
    """Every score is that of its facts, every version has one fate, and who is retired is nowhere ranked."""
    report = ward.eventually()
    assert report.findings == ()
    assert report.largest_difference <= 1e-5
    assert sum(report.accounting.fates.values()) == report.accounting.versions
    assert report.accounting.fates["withdrawn"] > 0
    assert report.accounting.fates["replaced"] > 0
    people = {name for name in stands if name.startswith("Patient/")}
    retired = set(survivors(stands))
    assert len(retired) == max(0, BAD_DAY.merges - 1)
    assert ranked(ward) & retired == set()
    assert ranked(ward) <= people


@pytest.mark.kafka
def test_a_disturbed_ward_on_apache_kafka(kafka_ward: Ward) -> None:
    agrees(kafka_ward, replayed(kafka_ward, 200, 6))


@pytest.mark.embedded
def test_a_disturbed_ward_on_the_wheels_broker(wheel_ward: Ward) -> None:
    agrees(wheel_ward, replayed(wheel_ward, 30, 4))
