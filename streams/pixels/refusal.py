"""Why a file is no picture: reasons that may be counted and logged, never a word of the file."""

from __future__ import annotations

from streams.errors import RejectedMessage


def refusal(reason: str, expected: str, received: str) -> RejectedMessage:
    """Return the error that refuses a file; ``reason`` is grouped by, the rest says what to mend."""
    return RejectedMessage(reason, "instance", expected, received)
