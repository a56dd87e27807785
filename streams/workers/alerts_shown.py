"""Alerts from their topic to the view: each acknowledged word with its place, all of them again where it is empty."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streams import metrics, topics
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

    def __init__(self, settings: Settings, redis: Any) -> None:
        self.settings, self._redis = settings, redis
        self._view: AlertsView | None = None

    async def start(self) -> None:
        """Learn which topic the alerts are on."""
        identity = await asyncio.to_thread(topic_id, self.settings, topics.ALERTS)
        self._view = AlertsView(self._redis, identity, ttl_s=self.settings.latest_ttl_s)

    async def write(self, rows: Sequence[AlertRow]) -> None:
        """Write words, in any order; raises RetryableError where Redis is away."""
        if self._view is not None and rows:
            metrics.VIEW.labels("alerts").inc(await self._view.write_many(rows))

    async def rebuild(self, consumer: Any, number: int) -> int:
        """Write the newest word on every alert of one partition, and return how many words there are."""
        newest: dict[str, AlertRow] = {}
        rows = rows_of(await read_to_end(consumer, topics.ALERTS, number))
        for row in rows:
            if place(row) >= place(newest.get(row.alert_id, row)):
                newest[row.alert_id] = row
        await self.write(list(newest.values()))
        return len(rows)

    async def repair(self) -> None:
        """Mend the lists of open alerts, which are derived."""
        if self._view is not None:
            await self._view.repair()


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
