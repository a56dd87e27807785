"""A clinical note's sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from streams.modalities.notes.sections import Section

_END = re.compile(r"[.!?]+[\"')\]]*(?=[\s,]|$)|;|[\r\n]+")
_SHORT = re.compile(
    r"(?:^|[\s(,])(?:dr|mr|mrs|ms|st|vs|no|approx|e\.g|i\.e|etc|fig|jr|sr|prof|[A-Za-z]|\d{1,2})\.$", re.IGNORECASE
)
"""A full stop behind a title, an initial or the number of a list's entry ends no sentence."""
LONGEST = 600
"""Characters after which a sentence ends at the next blank; notes dictated without full stops are divided so."""


class Sentence(NamedTuple):
    """Half-open character offsets into the note, blanks at the ends left out."""

    start: int
    end: int


def sentences(text: str, parts: tuple[Section, ...]) -> tuple[Sentence, ...]:
    """Divide a note into sentences; none reaches over a heading, and every character but blanks is in one."""
    return tuple(one for part in parts for one in _within(text, part))


def _within(text: str, part: Section) -> Iterator[Sentence]:
    start = part.start
    for found in _END.finditer(text, part.body, part.end):
        if found[0] == "." and _SHORT.search(text, start, found.end()):
            continue
        yield from _pieces(text, start, found.end())
        start = found.end()
    yield from _pieces(text, start, part.end)


def _pieces(text: str, start: int, end: int) -> Iterator[Sentence]:
    while end - start > LONGEST:
        blank = text.find(" ", start + LONGEST, end)
        if blank < 0:
            break
        yield from _trimmed(text, start, blank)
        start = blank
    yield from _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    piece = text[start:end]
    left, right = len(piece) - len(piece.lstrip(" \t\r\n,")), len(piece.rstrip())
    if left < right:
        yield Sentence(start + left, start + right)
