"""Another fusion file at the next start: every patient is owed a score by it, and gets one."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.fusion.rule import DEFAULT, DEFAULT_TEXT, load
from streams.workers import late_words, ownership
from tests.unit.workers.bedsides import Bedside
from tests.unit.workers.fakes import Broker, vitals


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(ownership, "reading", made.reading)
    monkeypatch.setattr(late_words, "reader", made.reader)
    return made


async def started(broker: Broker, fusion_file: Path | None = None) -> Bedside:
    bedside = Bedside(broker, fusion_file=fusion_file)
    await bedside.own(0)
    return bedside


async def test_a_new_file_owes_everybody_a_score(broker: Broker, tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(DEFAULT_TEXT.replace("prior = 0.14", "prior = 0.3"))
    first = await started(broker)
    await first.take(vitals("p1"), vitals("p2"))
    assert {score.fusion for score in first.scores} == {DEFAULT.version}
    await first.work.stop()
    second = await started(broker, site)
    await second.take(vitals("p3"))
    assert second.work.shares[0].owed == {"p1", "p2"}
    assert {(score.patient_id, score.fusion) for score in second.scores} == {("p3", load(site).version)}


async def test_the_same_file_owes_nobody(broker: Broker, tmp_path: Path) -> None:
    copy = tmp_path / "copy.toml"
    copy.write_text("# another remark\n" + DEFAULT_TEXT)
    first = await started(broker)
    await first.take(vitals("p1"))
    await first.work.stop()
    second = await started(broker, copy)
    await second.take(vitals("p3"))
    assert second.work.shares[0].owed == set()
