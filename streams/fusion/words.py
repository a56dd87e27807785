"""What a modality did, in words."""

from __future__ import annotations

from streams.clock import HOUR, Instant
from streams.fusion.evidence import NEWS2, Voice
from streams.fusion.rule import Term
from streams.records import Contribution, direction_of


def contribution(one: Voice, moved: float, as_of: Instant) -> Contribution:
    """Return what one voice did to the whole."""
    term, direction = one.term, direction_of(moved)
    did = f"{direction} the log-odds by {abs(moved):.2f}" if moved else "moves nothing"
    age = abs(as_of - one.prediction.as_of)
    old = f", {age / HOUR:.0f} h old" if age else ""
    words = f"{term.model} at {say_value(term, one.prediction.value or 0.0)}{old} {did}"
    return Contribution(term.name, term.model, direction, moved, "log-odds", words, one.said * one.fading)


def say_value(term: Term, value: float) -> str:
    """Say a value: a probability in percent, NEWS2 in points, a measure as it is."""
    if term.anchors is None:
        return f"{100 * value:.1f} %"
    return f"{value:.0f}" if term.model == NEWS2 else f"{value:.2f}"
