"""One flush of the bedside worker: what it has taken in, and what is to come of it."""

from __future__ import annotations

import msgspec

from streams.inference.outcomes import Outcome as Answer
from streams.records import RiskScore
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
    earlier: list[tuple[int, Case]] = []
    """Minutes before the newest that the policy of alerts looks at again, by the place in `noted`."""
    retired: list[tuple[Share, int, tuple[str, str]]] = []
    """Ids that are not judged any more, each with the patient that is judged instead."""
    answers: list[Answer | None] = []
    earlier_answers: list[Answer | None] = []
    scores: list[RiskScore] = []
    """Of those in `cases`, in order."""
    paying: set[tuple[int, str]] = set()
    """Partition and patient of those that are judged for a debt alone."""
