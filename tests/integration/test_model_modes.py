"""A second version of the network beside the live one on the same feed: shadow, report, promotion, rollback."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from streams import topics
from streams.embedded.stack import Stack
from streams.modes.reading import read_audit
from streams.publish.summary import read
from streams.records import ModelModes, ModesApplied, Prediction
from streams.transport.reading import read_to_end, reading
from tests.acceptance.conftest import Ward
from tests.second_version import MODEL, write_second

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(420)]
MOVED = 1.0
"""Of the second version's log-odds."""


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("modes")
    repository = write_second(folder / "repository", moved=MOVED)
    workers = ("normalise", "bedside", "bedside", "cache")
    with Stack(folder / "run", broker="tansu", workers=workers, model_repository=repository) as stack:
        yield Ward(stack, folder)


def everything(ward: Ward, topic: str, partitions: int | None = None) -> list[Any]:
    async def all_of() -> list[Any]:
        async with reading(ward.stack.settings, "test") as consumer:
            numbers = range(partitions or ward.stack.settings.partitions)
            return [record for number in numbers for record in await read_to_end(consumer, topic, number)]

    return asyncio.run(all_of())


def said(ward: Ward, mode: str) -> list[Prediction]:
    records = [r for r in everything(ward, topics.PREDICTIONS) if dict(r.headers)["cs_mode"] == mode.encode()]
    found = [msgspec.json.decode(record.value, type=Prediction) for record in records]
    return [prediction for prediction in found if prediction.model == MODEL]


def versions_standing_by_patient(ward: Ward) -> dict[bytes, str]:
    """The version behind each patient's last score."""
    last = {record.key: record.value for record in everything(ward, topics.LATEST)}
    return {name: m.version for name, value in last.items() for m in read(value).models if m.model == MODEL}


def versions_standing(ward: Ward) -> set[str]:
    return set(versions_standing_by_patient(ward).values())


def test_a_candidate_in_shadow_then_live_then_rolled_back_loses_nothing(ward: Ward) -> None:
    repository = ward.stack.settings.model_repository
    shipped = next(path.name for path in (repository / MODEL).iterdir() if path.name.isdecimal() and path.name != "4")
    before, during, after = (ward.recorded(12, 3, seed) for seed in (1, 2, 3))

    ward.run("models", "check", str(repository / MODEL / "4"), "--triton")
    ward.run("replay", str(before), "--speed", "max")
    ward.run("models", "shadow", MODEL, "4", "--why", "tried beside")
    ward.run("replay", str(during), "--speed", "max")
    report = ward.eventually()
    assert report.findings == ()
    assert versions_standing(ward) == {shipped}

    shadows, lives = said(ward, "shadow"), said(ward, "live")
    assert {p.version for p in shadows} == {"4"}
    assert len({p.patient_id for p in shadows}) == len(versions_standing_by_patient(ward)) > 10
    assert {p.version for p in lives} == {shipped}

    figure = ward.folder / "report.png"
    ward.run("models", "report", "--candidate", "4", "--png", str(figure))
    assert figure.read_bytes()[:4] == b"\x89PNG"

    ward.run("models", "promote", MODEL, "4", "--why", "agrees", "--by", "ward lead")
    report = ward.eventually()
    assert report.findings == ()
    assert versions_standing(ward) == {"4"}
    ward.run("replay", str(after), "--speed", "max")
    report = ward.eventually()
    assert report.findings == ()
    assert versions_standing(ward) == {"4"}

    ward.run("models", "rollback", MODEL, "--why", "too many alerts", "--by", "ward lead")
    report = ward.eventually()
    assert report.findings == ()
    assert sum(report.accounting.fates.values()) == report.accounting.versions > 0
    assert versions_standing(ward) == {shipped}

    audit = read_audit(everything(ward, topics.MODELS_AUDIT, 1))
    changes = [one for one in audit if isinstance(one, ModelModes)]
    assert [(one.was, one.modes) for one in changes] == [
        ({shipped: "live"}, {shipped: "live", "4": "shadow"}),
        ({shipped: "live", "4": "shadow"}, {"4": "live"}),
        ({"4": "live"}, {shipped: "live", "4": "shadow"}),
    ]
    assert [(one.by, one.why) for one in changes[1:]] == [("ward lead", "agrees"), ("ward lead", "too many alerts")]
    words = {(one.partition, one.offset) for one in audit if isinstance(one, ModesApplied)}
    assert words >= {(n, change) for n in range(ward.stack.settings.partitions) for change in range(3)}

    ward.run("models", "list")
    ward.run("models", "history")
    assert "alerts" in (ward.folder / "commands.log").read_text()

    ward.run("models", "silence", MODEL, shipped, "--why", "not shown here")
    report = ward.eventually()
    assert report.findings == ()
    assert versions_standing(ward) == set()
    assert {p.version for p in said(ward, "silent")} <= {shipped, "4"}
