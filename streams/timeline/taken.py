"""What became of one record that the bedside took in."""

from __future__ import annotations

from typing import NamedTuple

from streams.timeline.timeline import Outcome


class Taken(NamedTuple):
    """What became of one record, and whose judgement it may have moved."""

    outcome: Outcome
    touched: tuple[str, ...]
    """Identities with facts here that may now be judged otherwise; the record's own first."""
    piece: int | None = None
    """Piece of state that holds what the record brought, whether it changed it or not; asked for only where the facts
    are another identity's, and have to be sent on."""
    moved: frozenset[str] = frozenset()
    """Those that are another's now than they were, or were said to be again: all that is held of them is concerned."""
