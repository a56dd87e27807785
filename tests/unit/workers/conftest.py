"""Processes of the bedside worker that own their partition."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from streams.workers import late_words, ownership
from tests.unit.workers.bedsides import Bedside
from tests.unit.workers.fakes import Broker


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
