"""Alerts on their way from the topic to the view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from streams import topics
from streams.clock import FixedClock
from streams.errors import ContractError
from streams.publish.alerts_view import AlertRow
from streams.records import Alert, AlertState
from streams.settings import Settings
from streams.workers.alerts_shown import AlertsShown, rows_of
from tests.unit.workers.fakes import MARKED, START, Broker, Rec, encode


def alert(alert_id: str = "a1", state: AlertState = "raised", changed_at: int = START) -> Alert:
    return Alert(
        alert_id,
        "p1",
        "high-risk",
        state,
        "high",
        "look",
        START,
        START,
        changed_at,
        "high",
        81.0,
        "default",
        ward="ICU",
    )


def record(offset: int, one: Alert, epoch: int = 1) -> Rec:
    return Rec(offset, encode(one), one.patient_id.encode(), (("cs_epoch", b"%d" % epoch),))


def test_a_word_is_a_row_with_its_place() -> None:
    one = alert(changed_at=START + 5)
    assert rows_of([record(7, one, epoch=3)]) == [AlertRow("p1", "a1", True, START + 5, 3, 7, encode(one), "ICU")]


@pytest.mark.parametrize(
    ("state", "is_open"),
    [("raised", True), ("acknowledged", True), ("snoozed", True), ("escalated", True), ("resolved", False),
     ("superseded", False)],
)  # fmt: skip
def test_an_alert_is_open_until_it_is_resolved_or_superseded(state: AlertState, is_open: bool) -> None:
    assert rows_of([record(0, alert(state=state))])[0].is_open is is_open


def test_what_is_no_alert_stops_the_worker_without_being_quoted() -> None:
    with pytest.raises(ContractError) as caught:
        rows_of([Rec(0, MARKED.encode(), b"p1", (("cs_epoch", b"1"),))])
    assert MARKED not in str(caught.value)


class FakeView:
    def __init__(self) -> None:
        self.rows: list[AlertRow] = []
        self.told: list[str] = []

    async def write_many(self, rows: Sequence[AlertRow], *, told: bool) -> int:
        self.rows += rows
        self.told += [row.alert_id for row in rows if told]
        return len(rows)


async def test_a_view_that_is_rebuilt_gets_the_newest_word_on_each_alert() -> None:
    broker, view = Broker(), FakeView()
    shown = AlertsShown(Settings(), None, FixedClock(START))
    shown._view = view  # type: ignore[assignment]
    words: list[tuple[Any, int]] = [
        (alert("a1"), 1), (alert("a2"), 2), (alert("a1", "resolved"), 2), (alert("a1", "escalated"), 1),
    ]  # fmt: skip
    for one, epoch in words:
        broker.append(topics.ALERTS, 0, b"p1", encode(one), (("cs_epoch", b"%d" % epoch),))
    assert await shown.rebuild(broker.reader(Settings(), ""), 0) == 4
    assert sorted((row.alert_id, row.is_open, row.offset) for row in view.rows) == [("a1", False, 2), ("a2", True, 1)]


async def test_what_is_older_than_the_view_remembers_is_news_to_nobody() -> None:
    broker, view = Broker(), FakeView()
    shown = AlertsShown(Settings(latest_ttl_s=60), None, FixedClock(START + 61_000))
    shown._view = view  # type: ignore[assignment]
    for one in (alert("stands"), alert("ended", "resolved")):
        broker.append(topics.ALERTS, 0, b"p1", encode(one), (("cs_epoch", b"1"),))
    assert await shown.rebuild(broker.reader(Settings(), ""), 0) == 2
    assert [row.alert_id for row in view.rows] == ["stands"]
    assert view.told == []


async def test_before_it_knows_its_topic_nothing_is_written() -> None:
    shown = AlertsShown(Settings(), None)
    await shown.write(rows_of([record(0, alert())]))
    await shown.repair()
