"""A run: the records one fetch brought of one partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from streams.records import Alert


class Record(Protocol):
    """What is used of a fetched Kafka record."""

    @property
    def offset(self) -> int:
        """Offset in the partition."""

    @property
    def timestamp(self) -> int:
        """Arrival in milliseconds."""

    @property
    def key(self) -> bytes | None:
        """Raw key."""

    @property
    def value(self) -> bytes | None:
        """Raw value."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Headers in order."""


class Run(NamedTuple):
    """Records of one partition in order of offset; offsets may be missing within (compaction, markers)."""

    topic: str
    partition: int
    records: tuple[Record, ...]
    generation: int
    """Assignment under which it was fetched; acks of an older one count for nothing."""

    @property
    def first(self) -> int:
        """Offset of the first record."""
        return self.records[0].offset

    @property
    def next_offset(self) -> int:
        """Offset to go on from once the run is done; what lies missing before it was never meant to be read."""
        return self.records[-1].offset + 1

    @property
    def size(self) -> int:
        """How many records it holds."""
        return len(self.records)


class Due(NamedTuple):
    """Patients of one partition that are to be judged again though nothing came for them."""

    partition: int
    patient_ids: tuple[str, ...]
    generation: int

    @property
    def size(self) -> int:
        """How many patients it names."""
        return len(self.patient_ids)


class Again(NamedTuple):
    """Patients of one partition for whom a former owner had the last word, up to an offset of the results topic."""

    partition: int
    patient_ids: tuple[str, ...]
    heard: int
    """Results before this offset are in order once the item is settled."""
    generation: int
    strays: tuple[Alert, ...] = ()
    """Alerts that former owners told of these patients meanwhile, and that stand where nobody ends them."""

    @property
    def size(self) -> int:
        """How many patients it names."""
        return len(self.patient_ids)


Item = Run | Due | Again
"""What a pipeline gathers."""
