"""Live words on alerts over Redis' pub/sub: each new one once, though whoever takes over tells all of them again."""

from __future__ import annotations

from typing import Any

import pytest

from streams.publish import keys
from streams.publish.alerts_view import AlertRow, AlertsView, alerts_of

pytestmark = pytest.mark.embedded


def word(
    offset: int, json: bytes, *, epoch: int = 1, ward: str = "ICU", changed: int = 1000, is_open: bool = True
) -> AlertRow:
    return AlertRow("p1", "a1", is_open, changed, epoch, offset, json, ward)


async def heard(redis: Any, channel: str, rows: list[AlertRow]) -> list[bytes]:
    """What a channel tells while words are written."""
    subscription = redis.pubsub(ignore_subscribe_messages=True)
    await subscription.subscribe(channel)
    view = AlertsView(redis, "topic-1", ttl_s=1000)
    found: list[bytes] = []
    for row in rows:
        await view.write_many([row])
    for _ in range(5):
        while (message := await subscription.get_message(timeout=0.1)) is not None:
            found.append(message["data"])
    await subscription.aclose()
    return found


async def test_a_word_that_another_owner_repeats_is_not_told_twice_and_has_its_new_place(redis: Any) -> None:
    rows = [word(1, b"raised"), word(2, b"raised"), word(1, b"raised", epoch=2)]
    assert await heard(redis, keys.ALERT_UPDATES, rows) == [b"raised"]
    assert await alerts_of(redis, "p1") == {"a1": b"raised"}
    older = [word(9, b"older", epoch=1)]
    assert await heard(redis, keys.ALERT_UPDATES, older) == []
    assert await alerts_of(redis, "p1") == {"a1": b"raised"}


async def test_each_new_word_is_told_and_the_end_once(redis: Any) -> None:
    ended = [word(offset, b"resolved", changed=3000, is_open=False) for offset in (3, 4)]
    rows = [word(1, b"raised"), word(2, b"escalated", changed=2000), *ended, word(5, b"raised", changed=4000)]
    assert await heard(redis, keys.ALERT_UPDATES, rows) == [b"raised", b"escalated", b"resolved", b"raised"]


async def test_a_transfer_is_told_to_both_wards(redis: Any) -> None:
    moved = [word(1, b"on ICU"), word(2, b"on North", ward="North")]
    assert await heard(redis, keys.alert_updates("ICU"), moved) == [b"on ICU", b"on North"]
