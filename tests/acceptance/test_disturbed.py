"""A bad day's feed through the running stack: the end is that of the record, whatever the order it came in."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from streams.clock import HOUR, WallClock
from streams.commands.simulate import write
from streams.feed.outline import instant
from streams.publish import keys
from streams.publish.summary import read
from streams.simulate.disturbance import disturbed_arrivals
from streams.simulate.shares import Shares
from tests.acceptance.conftest import Ward
from tests.unit.simulate.truths import facts, place, survivors, truth, wards

BAD_DAY = Shares(merges=3)
"""Everything at its usual share; of three merges two stand in the end."""


def recorded(ward: Ward, patients: int, hours: float) -> Path:
    path = ward.folder / "disturbed.ndjson.gz"
    start = WallClock().now() - round(hours * HOUR)
    write(disturbed_arrivals(patients, hours, 1, start, BAD_DAY), path)
    return path


def replayed(ward: Ward, patients: int, hours: float) -> list[dict[str, Any]]:
    """Replay a bad day at full speed, in the order in which it arrived, and return what was replayed."""
    path = recorded(ward, patients, hours)
    ward.run("replay", str(path), "--speed", "max", "--order", "file", "--keep-dates")
    return [msgspec.json.decode(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def ranked(ward: Ward) -> set[str]:
    with redis(ward) as client:
        return {f"Patient/{name}" for name in client.zrange(keys.RANKING, 0, -1)}


def lying(ward: Ward, people: Iterable[str]) -> dict[str, str]:
    """Ward of each person by the rankings of the wards; those who are in several are named in all."""
    found = dict.fromkeys(people, "")
    with redis(ward) as client:
        for key in client.scan_iter(match=keys.WARDS):
            for name in client.zrange(key, 0, -1):
                if f"Patient/{name}" in found:
                    found[f"Patient/{name}"] += keys.ward_of(key)
    return found


def scored(ward: Ward, people: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Number of the facts behind each person's score in Redis, and its clinical time; (-1, -1) where there is none."""
    found = {}
    with redis(ward) as client:
        for name in people:
            row = client.hgetall(keys.latest(name.removeprefix("Patient/")))
            found[name] = (read(row["json"].encode()).basis_count, int(row["as_of"])) if row else (-1, -1)
    return found


def redis(ward: Ward) -> Redis:
    return Redis.from_url(ward.stack.settings.redis_url, decode_responses=True)


def swept(feed: list[dict[str, Any]]) -> set[str]:
    """Who was ever named by a fact dated so far ahead that what is true of them aged out; both records of a pair."""
    observations = [one for one in feed if one["resourceType"] == "Observation" and "effectiveDateTime" in one]
    far = [one for one in observations if (instant(one["effectiveDateTime"]) or 0) > place(one)[0] + 60 * HOUR]
    named = {one["subject"]["reference"].removesuffix("-2") for one in far}
    return named | {f"{name}-2" for name in named}


def agrees(ward: Ward, feed: list[dict[str, Any]]) -> None:
    """Every score is that of its facts, every version has one fate, and who is retired is nowhere ranked."""
    report = ward.eventually()
    assert report.findings == ()
    assert report.largest_difference <= 1e-5
    assert sum(report.accounting.fates.values()) == report.accounting.versions
    assert report.accounting.fates["withdrawn"] > 0
    assert report.accounting.fates["replaced"] > 0

    # From here on nothing of the system's own reading of the feed is used, which the report shares with the workers.
    stands = truth(feed)
    retired = set(survivors(stands))
    assert len(retired) == max(0, BAD_DAY.merges - 1)
    assert ranked(ward) & retired == set()
    expected = {name: figures for name, figures in facts(stands).items() if name not in swept(feed)}
    assert len(expected) > 20
    assert set(expected) <= ranked(ward)
    assert scored(ward, expected) == expected

    places = {name: lies for name, lies in wards(stands).items() if name in ranked(ward)}
    assert len(set(places.values())) > 2
    assert lying(ward, places) == places


@pytest.mark.kafka
@pytest.mark.timeout(480)
def test_a_disturbed_ward_on_apache_kafka(kafka_ward: Ward) -> None:
    agrees(kafka_ward, replayed(kafka_ward, 200, 6))


@pytest.mark.embedded
def test_a_disturbed_ward_on_the_wheels_broker(wheel_ward: Ward) -> None:
    agrees(wheel_ward, replayed(wheel_ward, 30, 4))
