"""``cardiostream watch`` on a real Redis: what the view holds is what is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from streams.clock import MINUTE
from streams.commands.watch import Row, read
from streams.embedded.stack import Stack
from streams.errors import RetryableError
from streams.publish import riskassessment
from streams.publish.board import Board
from streams.publish.view import View, ViewRow, connect
from streams.records import Prediction, RiskScore

pytestmark = pytest.mark.embedded

ROOT = Path(__file__).parents[3]
AT = 1_767_268_800_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("watch"), broker="tansu", external={"triton"}) as made:
        yield made


def score(patient_id: str, as_of: int, index: float | None, value: float | None) -> RiskScore:
    level = "indeterminate" if index is None else "high"
    reasons = ("missing:9279-1",) if value is None else ()
    status = "indeterminate" if value is None else "ok"
    news2 = Prediction(patient_id, "news2", "2017", as_of, status, value, level, reasons)  # type: ignore[arg-type]
    whole = tuple(f"news2:{reason}" for reason in reasons)
    return RiskScore(patient_id, as_of, level, index, (news2,), False, True, True, ("Observation/o1",), 1, "", whole)  # type: ignore[arg-type]


async def write(stack: Stack, *scores: RiskScore) -> None:
    redis = connect(stack.settings.redis_url)
    rows = [
        ViewRow(
            one.patient_id,
            one.as_of,
            one.level,
            one.index,
            f"v{k}",
            1,
            k,
            riskassessment.write(one, {}, f"v{k}"),
            one.ward,
            one.bed,
        )
        for k, one in enumerate(scores)
    ]
    await View(redis, "topic-1", latest_ttl_s=1000, history_length=9).write_many(rows)
    await redis.aclose()


def watch(stack: Stack, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "streams.cli", "watch", "--once", *options]
    env = {**os.environ, **stack.env, "COLUMNS": "200"}
    return subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


async def test_the_ranking_is_read_with_values_trend_and_remarks(stack: Stack) -> None:
    early, late = score("sim-2", AT - 20 * MINUTE, 60.0, 7.0), score("sim-2", AT, 90.0, 11.0)
    await write(stack, score("sim-1", AT, None, None), early, late)
    redis = connect(stack.settings.redis_url)
    rows = await read(Board(redis), 5)
    await redis.aclose()
    trend = ((AT - 20 * MINUTE, 60.0), (AT, 90.0))
    why = ("stale", "degraded", "news2:missing:9279-1")
    assert rows == [
        Row("sim-2", "high", 90.0, AT, trend, (("news2", "11"),), why[:2]),
        Row("sim-1", "indeterminate", None, AT, ((AT, None),), (("news2", "indeterminate"),), why),
    ]

    shown = watch(stack)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.index("sim-2") < shown.stdout.index("sim-1")
    assert "↑ +30" in shown.stdout


async def test_one_ward_is_shown_alone(stack: Stack) -> None:
    placed = [
        msgspec.structs.replace(score(p, AT, 80.0, 9.0), ward=w, bed="3") for p, w in (("w-1", "ICU"), ("w-2", "N"))
    ]
    await write(stack, *placed)
    shown = watch(stack, "--ward", "ICU")
    assert shown.returncode == 0, shown.stderr
    assert "w-1" in shown.stdout
    assert "ICU 3" in shown.stdout
    assert "w-2" not in shown.stdout


async def test_a_redis_that_is_away_is_told_without_its_address() -> None:
    redis = connect("redis://user:secret@127.0.0.1:1/0")
    with pytest.raises(RetryableError) as told:
        await read(Board(redis), 5)
    await redis.aclose()
    assert "secret" not in str(told.value)
