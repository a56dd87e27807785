"""Processes of the bedside worker that own their partition, alone or with two versions of the model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.workers import late_words, ownership, serving
from tests.second_version import write_second
from tests.unit.workers.bedsides import Bedside
from tests.unit.workers.fakes import Broker
from tests.unit.workers.sites import Site


@pytest.fixture
async def bedside(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bedside]:
    broker = Broker()
    monkeypatch.setattr(ownership, "reading", broker.reading)
    monkeypatch.setattr(late_words, "reader", broker.reader)
    made = Bedside(broker)
    await made.own(0)
    yield made
    await made.work.stop()


@pytest.fixture
async def single(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bedside]:
    broker = Broker()
    monkeypatch.setattr(ownership, "reading", broker.reading)
    monkeypatch.setattr(late_words, "reader", broker.reader)
    made = Bedside(broker, coalesce=False)
    await made.own(0)
    yield made
    await made.work.stop()


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_second(tmp_path_factory.mktemp("repository"))


@pytest.fixture
async def site(two_versions: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    broker = Broker()
    monkeypatch.setattr(ownership, "reading", broker.reading)
    monkeypatch.setattr(late_words, "reader", broker.reader)
    monkeypatch.setattr(serving, "reader", broker.reader)
    made = Site(two_versions, broker)
    yield made
    await made.bedside.work.stop()
