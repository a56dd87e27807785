"""A message of a source topic to typed records: events, skips and dead letters that add up."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.normalise import bundles, deletes, plain_notes, resources
from streams.normalise.document import read
from streams.normalise.outcome import Outcome, Scope
from streams.records import DeadLetter, Event, Skip
from streams.settings import Source

LARGEST_PAYLOAD = 512 * 1024
"""Bytes of a message that a dead letter still carries along."""


class Raw(msgspec.Struct, frozen=True):
    """One record of a source topic as Kafka delivered it."""

    value: bytes | None
    key: bytes | None
    topic: str
    partition: int
    offset: int
    received_at: Instant
    """Arrival: the Kafka record's timestamp."""
    headers: Sequence[tuple[str, bytes]] = ()


class Normalised(msgspec.Struct, frozen=True):
    """What became of one message; every message, and every entry of a Bundle, is in at least one of the three."""

    events: tuple[Event, ...]
    skips: tuple[Skip, ...]
    dead_letters: tuple[DeadLetter, ...]


def normalise(raw: Raw, source: Source, *, future_tolerance_s: float) -> Normalised:
    """Turn one message, a FHIR resource, a Bundle or the text of a note, into clinical events.

    Parameters
    ----------
    raw
        The record; its bytes may be anything.
    source
        The door it came through: names the facts, the FHIR release, the zone of times without one, what an empty value
        means, and whether the future is refused.
    future_tolerance_s
        Seconds that a clinical time may lie after arrival where the source refuses the future.

    Returns
    -------
    Normalised
        A function of the arguments alone. Of several dead letters of one message only the first carries the payload.

    Raises
    ------
    ContractError
        Only where ``source.zone`` is no IANA zone; never because of the message.
    """
    outcome = Outcome([], [], [])
    scope = Scope(source, raw.received_at, future_tolerance_s, {})
    try:
        _read(raw, scope, outcome)
    except RejectedMessage as rejected:
        outcome.rejected.append((-1, rejected))
    letters = _dead_letters(raw, source, outcome.rejected) if outcome.rejected else ()
    return Normalised(tuple(outcome.events), tuple(outcome.skips), letters)


def _read(raw: Raw, scope: Scope, outcome: Outcome) -> None:
    if scope.source.form == "text":
        found = plain_notes.read(raw.value, raw.key, raw.headers, scope)
        outcome.events.extend(found.events)
        outcome.skips.extend(found.skips)
        return
    if not raw.value and scope.source.key_is_id_of:
        gone = deletes.tombstone(raw.key, scope)
        outcome.skips.append(gone) if isinstance(gone, Skip) else outcome.events.append(gone)
        return
    document = read(raw.value)
    add = bundles.add if document.get("resourceType") == "Bundle" else resources.add
    add(document, scope, outcome)


def _dead_letters(raw: Raw, source: Source, rejections: list[tuple[int, RejectedMessage]]) -> tuple[DeadLetter, ...]:
    value = raw.value or b""
    digest = sha256(value).hexdigest()
    payload = value if len(value) <= LARGEST_PAYLOAD else None

    def letter(number: int, entry: int, rejected: RejectedMessage) -> DeadLetter:
        return DeadLetter(
            reason=rejected.reason,
            field=rejected.field,
            expected=rejected.expected,
            received=rejected.received,
            source=source.name,
            topic=raw.topic,
            partition=raw.partition,
            offset=raw.offset,
            entry=entry,
            sha256=digest,
            received_at=raw.received_at,
            payload=payload if number == 0 else None,
        )

    return tuple(letter(number, entry, rejected) for number, (entry, rejected) in enumerate(rejections))
