"""One flush of the bedside worker: what it has taken in, and what is to come of it."""

from __future__ import annotations

import msgspec

from streams.inference.outcomes import Outcome as Answer
from streams.timeline.pieces import Piece
from streams.timeline.share import Share
from streams.transport.produce import Out
from streams.transport.runs import Run
from streams.workers.assessment import Case, Noted
from streams.workers.serving import Serving


class Flush(msgspec.Struct):
    """What one flush has taken in and what is to come of it."""

    generation: int
    runs: list[Run]
    """Runs to acknowledge once everything is on the broker."""
    began: float
    serving: Serving
    """Which versions judge it, from its beginning to its end."""
    noted: list[tuple[Share, int, Noted]] = []
    """Whom it concerns, with their facts as they were then."""
    cases: list[Case] = []
    """The same, prepared for judgement, in order."""
    pieces: dict[int, list[Piece]] = {}
    outs: list[Out] = []
    """What other partitions must be told, and last words on ids that are not judged any more."""
    letters: list[Out] = []
    """Dead letters of what waited for its patient too long."""
    heard: dict[int, int] = {}
    """Offsets on the results topic before which everything is in order once this is settled."""
    answers: list[Answer | None] = []
    paying: set[tuple[int, str]] = set()
    """Partition and patient of those that are judged for a debt alone."""
