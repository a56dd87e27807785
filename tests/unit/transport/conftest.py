"""A consumer on a group in memory, without Faust's own part of it."""

from __future__ import annotations

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.transport import consumer as transport_consumer
from tests.unit.transport.consumers import Consumer, Group


@pytest.fixture
def group() -> Group:
    return Group()


@pytest.fixture
async def consumer(group: Group, monkeypatch: pytest.MonkeyPatch) -> Consumer:
    monkeypatch.setattr(driver.Consumer, "__init__", lambda self: None)
    monkeypatch.setattr(transport_consumer, "RETRY_S", 0.0)
    return Consumer(group)


@pytest.fixture
def faust_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Leave Faust's own part of a rebalance out, and note when it would have come."""
    calls: list[str] = []

    async def revoked(self: object, partitions: set[TP]) -> None:
        calls.append("faust revoked")

    async def assigned(self: object, partitions: set[TP], generation_id: int = 0) -> None:
        calls.append("faust assigned")

    monkeypatch.setattr(driver.Consumer, "on_partitions_revoked", revoked)
    monkeypatch.setattr(driver.Consumer, "on_partitions_assigned", assigned)
    return calls
