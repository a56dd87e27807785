"""Where a note names a disease, and whether it says that the patient has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

Span = tuple[int, int]
"""Half-open character offsets into the note."""


def mentions(text: str, names: tuple[str, ...]) -> tuple[Span, ...]:
    """Return where any of `names` stands, rising, the longest where several begin at one place.

    Parameters
    ----------
    names
        Regular expressions for whole words. One with a capital letter is an abbreviation and has to stand as it is
        written; others are found in any case.
    """
    found = sorted((m.start(), -m.end()) for pattern in _patterns(names) for m in pattern.finditer(text))
    kept: list[Span] = []
    for start, less_end in found:
        if not kept or start >= kept[-1][1]:
            kept.append((start, -less_end))
    return tuple(kept)


def outside(spans: Sequence[Span], covers: Sequence[Span]) -> tuple[Span, ...]:
    """Return the `spans` of which no character is in any of `covers`."""
    return tuple(one for one in spans if not any(start < one[1] and one[0] < end for start, end in covers))


@lru_cache(maxsize=64)
def _patterns(names: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    def of(some: list[str], flags: int) -> list[re.Pattern[str]]:
        return [re.compile(rf"(?<!\w)(?:{'|'.join(some)})(?!\w)", flags)] if some else []

    exact = [name for name in names if any(letter.isupper() for letter in name)]
    loose = [name for name in names if name not in exact]
    return (*of(exact, 0), *of(loose, re.IGNORECASE))
