"""What would change the level: the nearest single change that would raise it, and the nearest that would lower it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from streams.fusion.evidence import NEWS2, Voice
from streams.fusion.pool import TRIGGERS, Pooled, level_of, needed, pool
from streams.fusion.rule import Rule
from streams.fusion.words import say_value
from streams.records import Change, Level

ASCENDING: tuple[Level, ...] = ("low", "low-medium", "medium", "high")
URGENT = TRIGGERS["medium"]
_NEVER = 99
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
    if level != "high" and (best := _raising(voices, ASCENDING[place + 1], rule)):
        found.append(_change(best, voices, ASCENDING[place + 1], own, rule))
    if level != "low" and (best := _lowering(voices, pooled, level, rule)):
        found.append(_change(best, voices, ASCENDING[place - 1], "low", rule))
    return tuple(found)


def _raising(voices: Sequence[Voice], level: Level, rule: Rule) -> Candidate | None:
    edge, sizes, best = rule.edges[level], rule.news2_sizes, None
    for one, size in zip(voices, needed(voices, edge), strict=True):
        score = -1
        if one.term.model == NEWS2:
            alone = max(bisect_left(sizes, edge), URGENT)
            score = min(bisect_left(sizes, size), alone, TRIGGERS.get(level, _NEVER))
            # A partial score may be where it would do so already, were it not partial.
            score = max(score, int(one.prediction.value or 0.0) + 1)
            said = one.term.evidence(score) if score < len(sizes) else None
        else:
            said = said_for(one, size)
        if said is not None and (best is None or abs(said - one.said) < best[0]):
            best = abs(said - one.said), one, said, score
    return best


def _lowering(voices: Sequence[Voice], pooled: Pooled, level: Level, rule: Rule) -> Candidate | None:
    edge, best = rule.edges[level], None
    already, held = pooled.total < edge, pooled.floor >= edge
    for one, size in zip(voices, needed(voices, edge), strict=True):
        said, score = None, -1
        if one.term.model != NEWS2:
            said = None if held or already else said_for(one, size)
        elif one.prediction.status == "ok" and not (held and level not in TRIGGERS):
            score = _score_below(rule.news2_sizes, math.inf if already else size, edge, level)
            said = one.term.evidence(score) if score >= 0 else None
        if said is not None and (best is None or abs(said - one.said) < best[0]):
            best = abs(said - one.said), one, said, score
    return best


def _score_below(sizes: Sequence[float], size: float, edge: float, level: Level) -> int:
    """Return the highest NEWS2 that moves the whole by less than `size`, and does not hold it at `level` by itself."""
    score = min(bisect_left(sizes, size), TRIGGERS.get(level, _NEVER)) - 1
    return min(score, bisect_left(sizes, edge) - 1) if score >= URGENT else score


def said_for(one: Voice, size: float) -> float | None:
    """Return what a voice would have to say to move the whole by `size`; None where it cannot."""
    term = one.term
    bound = term.up if size > 0 else term.down
    strength = term.weight * one.fading
    if not strength or abs(size) >= bound:
        return None
    said = bound * math.atanh(size / bound) / strength
    return said if term.anchors is None or term.anchors.holds(said) else None


def _change(best: Candidate, voices: Sequence[Voice], level: Level, own: Level, rule: Rule) -> Change:
    _, one, said, score = best
    term, now = one.term, one.prediction.value or 0.0
    if one.term.model == NEWS2:
        level, value, about = _after(one, score, voices, own, rule), float(score), ""
    else:
        value, about = term.value(said), "about "
    turn = "rose" if value > now else "fell"
    words = f"{level} if {term.model} {turn} from {say_value(term, now)} to {about}{say_value(term, value)}"
    return Change(level, term.name, term.model, value, words)


def _after(voice: Voice, score: int, voices: Sequence[Voice], own: Level, rule: Rule) -> Level:
    """Return the level that another NEWS2 would lead to, which may be further than the next one."""
    for level, trigger in TRIGGERS.items():
        own = level if score >= trigger else own
    other = voice._replace(size=rule.news2_sizes[score])
    return level_of(pool([other if one is voice else one for one in voices], own, rule.edges).log_odds, rule.edges)
