"""What would change the level: the nearest single change that would raise it, and the nearest that would lower it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from streams.fusion.evidence import NEWS2, Voice
from streams.fusion.pool import Pooled, floor_of, level_of, needed, total_of
from streams.fusion.rule import HIGHEST, TRIGGERS, Rule
from streams.fusion.words import say_value
from streams.records import Change, Level

ASCENDING: tuple[Level, ...] = ("low", "low-medium", "medium", "high")
Candidate = tuple[float, Voice, float, int]
"""One voice saying something else: how far its evidence would have to move, in log-odds before its weight; the voice;
what it would have to say; and of NEWS2 the score."""


def would_change(voices: Sequence[Voice], pooled: Pooled, level: Level, own: Level, rule: Rule) -> tuple[Change, ...]:
    """Return the nearest change up and the nearest change down of one modality's value, everything else as it is.

    Nearest is what asks least of the evidence before its weight, in log-odds; of equals the first in the order of the
    rule. Where NEWS2 holds the whole, NEWS2 alone can lower it; a lower NEWS2 is taken as without a parameter at 3.

    Parameters
    ----------
    own
        NEWS2's own level; ``indeterminate`` where there is none.
    """
    place, found = ASCENDING.index(level), []
    if level != "high":
        higher = ASCENDING[place + 1]
        if best := _raising(voices, pooled, higher, rule):
            found.append(_change(best, voices, pooled, higher, own, rule))
    if level != "low" and (best := _lowering(voices, pooled, level, own, rule)):
        found.append(_change(best, voices, pooled, ASCENDING[place - 1], "low", rule))
    return tuple(found)


def _raising(voices: Sequence[Voice], pooled: Pooled, level: Level, rule: Rule) -> Candidate | None:
    best: Candidate | None = None
    for one, size in zip(voices, needed(voices, pooled, rule.edges[level]), strict=True):
        said, score = None, -1
        if one.term.model == NEWS2:
            # A partial score may be where a complete one would do so already.
            score = max(_score_from(size, level, rule), int(one.prediction.value or 0.0) + 1)
            said = rule.news2_said[score] if score <= HIGHEST else None
        else:
            said = said_for(one, size)
        if said is not None and (best is None or abs(said - one.said) < best[0]):
            best = abs(said - one.said), one, said, score
    return best


def _lowering(voices: Sequence[Voice], pooled: Pooled, level: Level, own: Level, rule: Rule) -> Candidate | None:
    edge = rule.edges[level]
    lower_already, held = pooled.total < edge, pooled.floor >= edge
    best: Candidate | None = None
    for one, size in zip(voices, needed(voices, pooled, edge), strict=True):
        said, score = None, -1
        if one.term.model != NEWS2:
            said = None if held or lower_already else said_for(one, size)
        elif one.prediction.status == "ok" and not (own == "low-medium" == level):
            score = _score_from(math.inf if lower_already else size, level, rule) - 1
            said = rule.news2_said[score] if score >= 0 else None
        if said is not None and (best is None or abs(said - one.said) < best[0]):
            best = abs(said - one.said), one, said, score
    return best


def _score_from(size: float, level: Level, rule: Rule) -> int:
    """Return the lowest NEWS2 that moves the whole by `size`, or holds it at `level` by itself."""
    return min(bisect_left(rule.news2_sizes, size), rule.news2_holds[level])


def said_for(one: Voice, size: float) -> float | None:
    """Return what a voice would have to say to move the whole by `size`; None where it cannot."""
    term = one.term
    bound = term.up if size > 0 else term.down
    strength = term.weight * one.fading
    if not strength or abs(size) >= bound:
        return None
    said = bound * math.atanh(size / bound) / strength
    return said if term.anchors is None or term.anchors.holds(said) else None


def _change(best: Candidate, voices: Sequence[Voice], pooled: Pooled, level: Level, own: Level, rule: Rule) -> Change:
    _, one, said, score = best
    term, now, about = one.term, one.prediction.value or 0.0, "about "
    if score >= 0:
        level, value, about = _after(one, score, voices, pooled, own, rule), float(score), ""
    else:
        value = term.value(said)
    turn = "rose" if value > now else "fell"
    words = f"{level} if {term.model} {turn} from {say_value(term, now)} to {about}{say_value(term, value)}"
    return Change(level, term.name, term.model, value, words)


def _after(one: Voice, score: int, voices: Sequence[Voice], pooled: Pooled, own: Level, rule: Rule) -> Level:
    """Return the level that another NEWS2 would lead to, which may be further than the next one."""
    size = rule.news2_sizes[score]
    others = [one._replace(size=size) if each is one else each for each in voices] if pooled.has_ceiling else []
    total = total_of(others) if others else pooled.total - one.size + size
    return level_of(max(total, floor_of(_own(score, own), size, rule.edges)), rule.edges)


def _own(score: int, otherwise: Level) -> Level:
    return "high" if score >= TRIGGERS["high"] else "medium" if score >= TRIGGERS["medium"] else otherwise
