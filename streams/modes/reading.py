"""Records of `control.models` and `audit.models` as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from streams import topics
from streams.errors import ContractError
from streams.records import ModelAudit, ModelModes


class Record(Protocol):
    """What is needed of a Kafka record."""

    @property
    def offset(self) -> int:
        """Offset in its partition."""

    @property
    def value(self) -> bytes | None:
        """Its value."""


_modes = msgspec.json.Decoder(ModelModes).decode
_audit = msgspec.json.Decoder(ModelAudit).decode


def read_modes(records: Iterable[Record]) -> list[tuple[int, ModelModes]]:
    """Read records of `control.models`, each with its offset.

    Raises
    ------
    ContractError
        Where one is none.
    """
    return [(record.offset, _mode(record)) for record in records if record.value is not None]


def read_audit(records: Iterable[Record]) -> Sequence[ModelAudit]:
    """Read records of `audit.models`, in order; what a later version wrote and this one cannot read is left out."""
    found: list[ModelAudit] = []
    for record in records:
        try:
            found.append(_audit(record.value or b""))
        except msgspec.MsgspecError:
            continue
    return found


def _mode(record: Record) -> ModelModes:
    try:
        return _modes(record.value or b"")
    except msgspec.MsgspecError:
        raise ContractError(
            f"{topics.MODELS}/0@{record.offset}: expected the modes of a model, received something else; "
            "only `cardiostream models` and the API may write there"
        ) from None
