"""The dead letter of slow work: the event that names it, its place, and why it could not be done."""

from __future__ import annotations

from hashlib import sha256

from streams import metrics
from streams.errors import RejectedMessage
from streams.records import DeadLetter, SlowEvent
from streams.transport.produce import Out
from streams.transport.runs import Record, Run
from streams.workers.intake import dead_letter_out


def letter_out(
    event: SlowEvent, rejected: RejectedMessage, record: Record, run: Run, partitions: int, *, payload: bool = True
) -> Out:
    """Return and count the dead letter of an event.

    Parameters
    ----------
    payload
        Whether the record goes along; False where what it holds must not stand anywhere else.
    """
    metrics.DEAD_LETTERS.labels(event.source, rejected.reason).inc()
    value = record.value or b""
    letter = DeadLetter(
        reason=rejected.reason,
        field=rejected.field,
        expected=rejected.expected,
        received=rejected.received,
        source=event.source,
        topic=run.topic,
        partition=run.partition,
        offset=record.offset,
        entry=-1,
        sha256=sha256(value).hexdigest(),
        received_at=event.received_at,
        payload=value if payload else None,
    )
    return dead_letter_out(letter, partitions)
