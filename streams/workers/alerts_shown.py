"""Alerts from their topic to the view: each acknowledged word with its place, all of them again where it is empty."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streams import metrics, topics
from streams.clock import Clock, WallClock
from streams.errors import ContractError
from streams.publish.alerts_view import AlertRow, AlertsView
from streams.publish.headers import epoch_of
from streams.records import Alert
from streams.settings import Settings
from streams.transport.reading import read_to_end
from streams.transport.runs import Record
from streams.workers.topic_id import topic_id

_decode = msgspec.json.Decoder(Alert).decode
Place = tuple[int, int]
"""Epoch and offset of a word on `risk.alerts`: the order of the words on one alert."""


class AlertsShown:
    """Writes the open alerts of the view."""

    def __init__(self, settings: Settings, redis: Any, clock: Clock | None = None) -> None:
        self.settings, self._redis, self._clock = settings, redis, clock or WallClock()
        self._view: AlertsView | None = None

    async def start(self) -> None:
        """Learn which topic the alerts are on."""
        identity = await asyncio.to_thread(topic_id, self.settings, topics.ALERTS)
        self._view = AlertsView(self._redis, identity, ttl_s=self.settings.latest_ttl_s)

    async def write(self, rows: Sequence[AlertRow], *, told: bool = True) -> None:
        """Write words, in any order; raises RetryableError where Redis is away."""
        if self._view is not None and rows:
            metrics.VIEW.labels("alerts").inc(await self._view.write_many(rows, told=told))

    async def rebuild(self, consumer: Any, number: int) -> int:
        """Write the newest word on every alert of one partition, and return how many words there are.

        Of words older than what the view remembers, those on alerts that stand open are written and told to nobody,
        and ends are left out: who listens would take them for news.
        """
        newest: dict[str, tuple[AlertRow, bool]] = {}
        records = await read_to_end(consumer, topics.ALERTS, number)
        remembered_from = self._clock.now() - self.settings.latest_ttl_s * 1000
        for record, row in zip(records, rows_of(records), strict=True):
            if row.alert_id not in newest or place(row) >= place(newest[row.alert_id][0]):
                newest[row.alert_id] = row, record.timestamp >= remembered_from
        await self.write([row for row, is_news in newest.values() if is_news])
        await self.write([row for row, is_news in newest.values() if row.is_open and not is_news], told=False)
        return len(records)

    async def repair(self) -> int:
        """Mend the lists of open alerts, which are derived, and return how many were of alerts that Redis has lost."""
        return 0 if self._view is None else (await self._view.repair())[1]


def rows_of(records: Iterable[Record]) -> list[AlertRow]:
    """Return records of `risk.alerts` as rows of the view.

    Raises
    ------
    ContractError
        Where one is none of ours.
    """
    return [_row(record) for record in records]


def place(row: AlertRow) -> Place:
    """Return where a word stands in the order of the words on its alert."""
    return row.epoch, row.offset


def _row(record: Record) -> AlertRow:
    value = record.value or b""
    try:
        alert = _decode(value)
    except msgspec.MsgspecError:
        raise ContractError(
            f"{topics.ALERTS}@{record.offset}: expected an alert, received something else; "
            "only the bedside worker may write there"
        ) from None
    return AlertRow(
        alert.patient_id, alert.alert_id, alert.is_open, alert.changed_at, epoch_of(record), record.offset, value,
        alert.ward,
    )  # fmt: skip
