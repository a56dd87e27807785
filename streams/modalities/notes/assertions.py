"""What a note says is not so, is of the family, or might be, each with the stretch of text that it covers.

As in NegEx and ConText (see `streams.modalities.notes.cues`), but a scope runs to the end of its clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from streams.modalities.notes.cues import BREAKS, ENDS, FAMILY, NEGATED_BEFORE, NEGATES, NOT_FAMILY, SUPPOSES
from streams.modalities.notes.sections import Section
from streams.modalities.notes.sentences import Sentence

Assertion = Literal["negated", "family", "hypothetical"]


class Scope(NamedTuple):
    """A stretch of the note that is not said to be so of the patient: half-open character offsets."""

    assertion: Assertion
    start: int
    end: int


def assertions(text: str, parts: tuple[Section, ...], found: tuple[Sentence, ...]) -> tuple[Scope, ...]:
    """Return every scope in the order of the text, overlapping ones united where they are of one kind.

    A section of family history is ``family`` as a whole, its heading among it.
    """
    scopes = [Scope("family", part.start, part.end) for part in parts if part.kind == "family-history"]
    for sentence in found:
        scopes += _family(text, sentence)
        scopes += _forward(text, sentence, NEGATES, "negated")
        scopes += _before(text, sentence)
        scopes += _forward(text, sentence, SUPPOSES, "hypothetical")
    return tuple(_united(scopes))


def unsaid(scopes: Iterable[Scope]) -> tuple[tuple[int, int], ...]:
    """Return the stretches that any scope covers, rising, none touching another."""
    return tuple((one.start, one.end) for one in _united([Scope("negated", s.start, s.end) for s in scopes]))


def _family(text: str, sentence: Sentence) -> Iterator[Scope]:
    """Yield the clauses that speak of relatives; a relative who tells of the patient is none."""
    for start, end in _clauses(text, sentence):
        if FAMILY.search(text, start, end) and not NOT_FAMILY.search(text, start, end):
            yield Scope("family", start, end)


def _clauses(text: str, sentence: Sentence) -> Iterator[tuple[int, int]]:
    start = sentence.start
    for found in BREAKS.finditer(text, sentence.start, sentence.end):
        end = found.start()
        yield start, end
        start = end
    yield start, sentence.end


def _forward(text: str, sentence: Sentence, cues: re.Pattern[str], assertion: Assertion) -> Iterator[Scope]:
    at = sentence.start
    while found := cues.search(text, at, sentence.end):
        ended = ENDS.search(text, found.end(), sentence.end)
        at = ended.start() if ended else sentence.end
        yield Scope(assertion, found.start(), at)


def _before(text: str, sentence: Sentence) -> Iterator[Scope]:
    """Yield what stands before ``was ruled out``, ``: negative`` and the like, back to the clause's beginning."""
    for found in NEGATED_BEFORE.finditer(text, sentence.start, sentence.end):
        start = max(
            (e.end() for e in ENDS.finditer(text, sentence.start, found.start()) if e[0] != ":"),
            default=sentence.start,
        )
        yield Scope("negated", start, found.end())


def _united(scopes: list[Scope]) -> list[Scope]:
    united: list[Scope] = []
    latest: dict[str, int] = {}
    for scope in sorted(scopes, key=lambda s: (s.start, s.end)):
        place = latest.get(scope.assertion)
        if place is not None and united[place].end >= scope.start:
            held = united[place]
            united[place] = held._replace(end=max(held.end, scope.end))
        else:
            latest[scope.assertion] = len(united)
            united.append(scope)
    return united
