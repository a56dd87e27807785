"""Passing time as a record."""

from __future__ import annotations

import msgspec

from streams.clock import Instant


class Tick(msgspec.Struct, frozen=True):
    """Passing time as an event, for one partition of the bedside's inputs."""

    at: Instant
    end_offsets: dict[str, int]
    """Topic to end offset of this partition's inputs when the tick was made; acted on once they are passed."""
