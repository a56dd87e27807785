"""What stands of alerts, read from the topic; and people's words, written to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from aiokafka import TopicPartition

from streams import topics
from streams.clock import Instant
from streams.errors import ContractError
from streams.publish.headers import epoch_of
from streams.records import Alert, AlertCommand, Tick
from streams.settings import Settings
from streams.transport.produce import Out, Producer, partition_of
from streams.transport.reading import read_between, read_to_end, reading

_alert = msgspec.json.Decoder(Alert).decode
_command = msgspec.json.Decoder(AlertCommand).decode
_tick = msgspec.json.Decoder(Tick).decode
_encode = msgspec.json.Encoder().encode
_TAIL = 20
"""Ticks looked at for the newest."""


def last_words(records: Iterable[Any]) -> dict[str, Alert]:
    """Return what stands of each alert: of its records that of the highest epoch and offset.

    Raises
    ------
    ContractError
        Where a record is none of ours.
    """
    last: dict[str, tuple[tuple[int, int], Alert]] = {}
    for record in records:
        try:
            alert = _alert(record.value or b"")
        except msgspec.MsgspecError:
            raise ContractError(
                f"{topics.ALERTS}/{record.partition}@{record.offset}: expected an alert, received something else; "
                "only CardioStream may write there"
            ) from None
        place = epoch_of(record), record.offset
        if alert.alert_id not in last or last[alert.alert_id][0] <= place:
            last[alert.alert_id] = place, alert
    return {alert_id: alert for alert_id, (_, alert) in last.items()}


async def alerts_of(settings: Settings) -> list[Alert]:
    """Return the last word on every alert, the newest change first."""
    found: dict[str, Alert] = {}
    async with reading(settings, "cardiostream-alerts") as consumer:
        for number in range(settings.partitions):
            found |= last_words(await read_to_end(consumer, topics.ALERTS, number))
    return sorted(found.values(), key=lambda one: (-one.changed_at, one.alert_id))


async def clock_of(settings: Settings, patient_id: str, wall: Instant) -> Instant:
    """Return how far time has passed for a patient: the newest tick, which a replay makes; else the wall's time."""
    place = TopicPartition(topics.TICKS, partition_of(patient_id.encode(), settings.partitions))
    async with reading(settings, "cardiostream-alerts") as consumer:
        end = (await consumer.end_offsets([place]))[place]
        first = max((await consumer.beginning_offsets([place]))[place], end - _TAIL)
        records = await read_between(consumer, place, first, end) if end > first else []
    return max((_tick(record.value).at for record in records if record.value), default=wall)


async def commands_of(consumer: Any, settings: Settings) -> list[AlertCommand]:
    """Return everything that people have said of alerts, as it stands on its topic.

    Raises
    ------
    ContractError
        Where a record is no command.
    """
    found: list[AlertCommand] = []
    for number in range(settings.partitions):
        for record in await read_to_end(consumer, topics.ALERT_COMMANDS, number):
            try:
                found.append(_command(record.value or b""))
            except msgspec.MsgspecError:
                raise ContractError(
                    f"{topics.ALERT_COMMANDS}/{number}@{record.offset}: expected a command, received something else; "
                    "only CardioStream's own programs may write there"
                ) from None
    return found


async def say(settings: Settings, word: AlertCommand) -> None:
    """Put what a person says of an alert on the topic that the bedside reads."""
    key = word.patient_id.encode()
    out = Out(topics.ALERT_COMMANDS, partition_of(key, settings.partitions), key, _encode(word))
    producer = Producer(settings, "cardiostream-alerts")
    await producer.start()
    try:
        await (await producer.send([out]))
    finally:
        await producer.stop()
