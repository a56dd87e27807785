"""Kafka headers of a published score: CloudEvents, and what readers need without parsing the value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from streams.clock import Instant, isoformat
from streams.errors import ContractError
from streams.records import RiskScore

CE_TYPE = b"cardiostream.risk.assessed.v1"
CE_SOURCE = b"/cardiostream/bedside"
CONTENT_TYPE = b"application/fhir+json"
EPOCH, LEVEL, INDEX, AS_OF = "cs_epoch", "cs_level", "cs_index", "cs_as_of"
WARD, BED = "cs_ward", "cs_bed"
MODE, FACTS = "cs_mode", "cs_facts"
"""Of a prediction: ``live``, ``shadow`` or ``silent``; a digest of the facts that it was made of."""
MODES = "cs_modes"
"""Of a score: offset on `control.models` of the newest record that was in force; absent where there was none."""
RETIRED = b"retired"
"""In place of a level: this id has been merged into another."""

Headers = list[tuple[str, bytes]]


class Headed(Protocol):
    """What is needed of a Kafka record to read its place."""

    @property
    def offset(self) -> int:
        """Offset in the partition."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Headers in order."""


def headers(score: RiskScore, epoch: int, version_id: str, traceparent: str | None = None) -> Headers:
    """Return a score's headers (CloudEvents 1.0, Kafka binding in binary mode; W3C trace context).

    ``ce_time`` is the clinical ``as_of``, so that the record is a function of the facts alone; the arrival time is
    the Kafka timestamp. ``cs_epoch`` is the owner's epoch, ``cs_as_of`` milliseconds since 1970, ``cs_index``
    empty where indeterminate, ``cs_ward`` and ``cs_bed`` UTF-8 and absent where unknown.

    Parameters
    ----------
    epoch
        The owner's epoch of the partition.
    version_id
        From `streams.publish.identity.version_id`; the same as in the value.
    """
    found = [
        *event(version_id, CE_TYPE, score.as_of),
        (EPOCH, b"%d" % epoch),
        (LEVEL, score.level.encode()),
        (INDEX, b"" if score.index is None else repr(score.index).encode()),
        (AS_OF, b"%d" % score.as_of),
    ]
    found += [(name, value.encode()) for name, value in ((WARD, score.ward), (BED, score.bed)) if value]
    if traceparent:
        found.append(("traceparent", traceparent.encode()))
    return found


def event(version_id: str, kind: bytes, as_of: Instant) -> Headers:
    """Return the CloudEvents headers of a record on the results topic."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", version_id.encode()),
        ("ce_type", kind),
        ("ce_source", CE_SOURCE),
        ("ce_time", isoformat(as_of).encode()),
        ("content-type", CONTENT_TYPE),
    ]


def epoch_of(record: Headed) -> int:
    """Return the owner's epoch of a record on our results topics.

    Raises
    ------
    ContractError
        Where there is none: only CardioStream may write there.
    """
    found = dict(record.headers).get(EPOCH, b"")
    if not found.isdigit():
        raise ContractError(
            f"results at offset {record.offset}: expected a record with our epoch, received one without; "
            "only CardioStream may write there; remove the record, or set the group's offset behind it"
        )
    return int(found)
