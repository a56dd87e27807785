"""How far a model's word on slow evidence is believed."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from streams.records import Judgement, NoteReading, Reading, Status

J = TypeVar("J", bound=Judgement)


def status_of(reading: Reading | NoteReading) -> Status:
    """Tell whether a reading is to be believed: not where the model's own limits refuse it."""
    return "indeterminate" if reading.refusals else "ok"


def undated(predictions: tuple[J, ...], reason: str) -> tuple[J, ...]:
    """Let a picture or note of which nobody says when it was made count for nothing: it may be years old."""
    return tuple(_doubted(one, reason) for one in predictions)


def _doubted(one: J, reason: str) -> J:
    status: Status = "indeterminate" if one.status == "ok" else one.status
    return msgspec.structs.replace(one, status=status, reasons=(*one.reasons, reason))
