"""A patient of a running stack explained: the whole, NEWS2's points, the network asked without each quantity."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from redis import Redis

from streams import topics
from streams.embedded.stack import Stack
from streams.fusion.rule import DEFAULT_TEXT, load
from streams.publish import summary
from streams.publish.keys import latest
from streams.publish.points import in_points
from tests.integration.radiology import Radiology
from tests.integration.test_imaging_results import UNITS
from tests.unit.workers.fakes import VITALS

TEN_YEARS_S = 3.2e8
pytestmark = [pytest.mark.embedded, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "fusion.toml"
    path.write_text(DEFAULT_TEXT.replace("prior = 0.14", "prior = 0.2"))
    return path


@pytest.fixture(scope="module")
def hospital(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radiology]:
    with Stack(
        tmp_path_factory.mktemp("hospital") / "run",
        workers=("normalise", "bedside", "cache"),
        # The vital signs are of a day long past; no tick is to silence what they say.
        settings_overrides={
            "fusion_file": str(site),
            "partitions": 2,
            "stale_after_s": TEN_YEARS_S,
            "silent_after_s": TEN_YEARS_S,
        },
    ) as stack:
        found = Radiology(stack)
        yield found
        found.close()


def vital_signs(hospital: Radiology, patient: str) -> None:
    for minute in (10, 40):
        for code, value in VITALS.items():
            hospital.tell(
                {
                    "resourceType": "Observation",
                    "id": f"{patient}-{code}-{minute}",
                    "status": "final",
                    "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                    "subject": {"reference": f"Patient/{patient}"},
                    "effectiveDateTime": f"2025-03-01T12:{minute:02}:00Z",
                    "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": UNITS[code]},
                },
                topics.OBSERVATIONS,
            )


def score(hospital: Radiology, patient: str) -> summary.Summary:
    redis = Redis.from_url(hospital.stack.settings.redis_url)
    try:
        for _ in range(600):
            value = redis.hget(latest(patient), "json")
            found = summary.read(value) if isinstance(value, bytes) else None
            if found and {"ok"} == {one.status for one in found.models} and found.as_of % 3_600_000 == 40 * 60_000:
                return found
            time.sleep(0.1)
    finally:
        redis.close()
    raise AssertionError("expected a score by both judgements within a minute, saw none")


def command(hospital: Radiology, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env={**os.environ, **hospital.stack.env, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_score_by_the_sites_file_is_explained_printed_and_drawn_and_verify_agrees(
    hospital: Radiology, site: Path, tmp_path: Path
) -> None:
    vital_signs(hospital, "p1")
    found = score(hospital, "p1")
    assert found.fusion == load(site).version
    assert {one.name for one in found.contributions} == {"deterioration", "news2"}
    printed = command(hospital, "explain", "p1", "--out", str(tmp_path))
    assert printed.returncode == 0, printed.stderr
    assert f"Index {in_points(found.index)} of 100, level {found.level}" in printed.stdout
    assert "deterioration_gru, by leaving out each quantity" in printed.stdout
    assert "heart rate " in printed.stdout
    assert Image.open(tmp_path / "score.png").size[0] == 1100
    agreed = command(hospital, "verify")
    assert agreed.returncode == 0, agreed.stdout + agreed.stderr


def test_of_an_unknown_patient_nothing_is_said(hospital: Radiology) -> None:
    printed = command(hospital, "explain", "nobody")
    assert printed.returncode == 1
    assert "nothing was said" in printed.stdout
