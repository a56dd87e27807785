"""Slots: how clinical time is divided into the pieces in which state is written."""

from __future__ import annotations

from streams.clock import MINUTE, Instant

UNDATED = -(2**40)
"""Slot number of resources without a clinical time (withdrawals that do not say it)."""

SLOT: Instant = 5 * MINUTE
"""Clinical time that one piece of the changelog covers: what a new fact rewrites. Part of the schema."""


def slot_of(effective_at: Instant | None) -> int:
    """Return the number of the slot, the unit in which state is written."""
    return UNDATED if effective_at is None else effective_at // SLOT
