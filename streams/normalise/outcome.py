"""What became of one message: the counters that must add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.normalise.references import Local
from streams.records import Event, Skip
from streams.settings import Source


class Outcome(NamedTuple):
    """Results gathered while a message is read."""

    events: list[Event]
    skips: list[Skip]
    rejected: list[tuple[int, RejectedMessage]]
    """With the index of the Bundle's entry, -1 for a message that is no Bundle."""


class Found(NamedTuple):
    """What became of one resource."""

    events: list[Event]
    skips: list[Skip]
    rejected: list[RejectedMessage]


class Scope(NamedTuple):
    """What is known about a resource besides its own content."""

    source: Source
    received_at: Instant
    future_tolerance_s: float
    local: Local
    """The other resources of its Bundle by ``fullUrl``."""
    addresses: Mapping[str, str] = {}
    """Addresses of the Endpoints of its Bundle, by ``fullUrl`` and by ``Endpoint/<id>``."""
    binaries: Mapping[str, tuple[str, str]] = {}
    """Media type and base64 of the Binary resources of its Bundle, by ``fullUrl`` and by ``Binary/<id>``."""
