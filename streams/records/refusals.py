"""What becomes of inputs that are of no use: skips and dead letters."""

from __future__ import annotations

import msgspec

from streams.clock import Instant


class Skip(msgspec.Struct, frozen=True):
    """A part of an input that is fine but of no use here, counted by reason."""

    reason: str
    """e.g. ``code``, ``resource-type``, ``data-absent``, ``status-registered``."""
    detail: str = ""
    """A code or type name from a closed set or a code system; never a value or an identifier."""


class DeadLetter(msgspec.Struct, frozen=True):
    """An input that could not be used, kept with its reason and its place in the source topic."""

    reason: str
    field: str
    expected: str
    received: str
    source: str
    topic: str
    partition: int
    offset: int
    entry: int
    """Index of the entry in a Bundle, -1 where the whole message is meant."""
    sha256: str
    """Hex digest of the whole message's value."""
    received_at: Instant
    payload: bytes | None = None
    """The message's value (base64 in JSON) where it fits; held on the topic only."""
