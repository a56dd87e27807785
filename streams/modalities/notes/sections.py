"""The parts of a clinical note, by their headings."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal[
    "history", "past-history", "family-history", "social-history", "review-of-systems", "medications", "allergies",
    "examination", "results", "diagnosis", "course", "procedure", "plan", "other",
]  # fmt: skip

_KINDS: tuple[tuple[Kind, str], ...] = (
    (
        "family-history",
        r"(?:pertinent |significant )?family (?:medical |psychiatric )?(?:history|hx)|fam(?:ily)? hx|fhx?",
    ),
    ("social-history", r"(?:psycho)?social (?:history|hx)|personal history|habits|shx?|soc hx"),
    (
        "past-history",
        r"past (?:medical|surgical|psychiatric|cardiac|ocular)?(?: and surgical)? ?(?:history|hx)|pmhx?|psh",
    ),
    ("past-history", r"(?:medical|surgical) history|medical problems|problem list"),
    ("review-of-systems", r"review of (?:systems|symptoms)|ros"),
    ("medications", r"(?:current |discharge |home |admission |outpatient |present )?(?:medications?|meds|drugs)"),
    ("allergies", r"(?:drug |known )?allerg(?:ies|y)"),
    ("examination", r"(?:physical )?exam(?:ination)?|pe|vitals?(?: signs)?|objective|o"),
    (
        "results",
        r"(?:pertinent |gross |intraoperative |operative )?findings|results|lab(?:s|oratory)?(?: data| studies)?",
    ),
    ("results", r"(?:diagnostic )?(?:studies|data)|imaging|ecg|ekg|echo(?:cardiogram)?|x-?rays?|cxr|technique"),
    ("diagnosis", r"(?:pre|post)-?op(?:erative)? diagnos[ie]s|(?:admi\w+|discharge|principal|final)? ?diagnos[ie]s|dx"),
    ("diagnosis", r"assessment|impressions?|conclusions?|a|assessment ?(?:and|&|/) ?plan|a ?/ ?p|impression and plan"),
    ("course", r"(?:brief )?(?:hospital |clinical )?course(?: in (?:the )?hospital)?|summary|discussion"),
    ("procedure", r"(?:name|title|description|details?) of (?:the )?(?:procedure|operation)|procedures?(?: .{0,12})?"),
    ("procedure", r"operations?(?: .{0,12})?|anesthesia|complications|estimated blood loss"),
    ("plan", r"plan|recommendations?|disposition|follow-?up|(?:discharge )?instructions|p"),
    ("history", r"history(?: of (?:the )?present(?:ing)? illness)?|hpi|hx|chief complaints?|cc|subjective|s"),
    (
        "history",
        r"(?:clinical|brief) history|reason for .{0,20}|indications?(?: for .{0,20})?|present(?:ing)? complaint",
    ),
)
_KNOWN = tuple((kind, re.compile(rf"(?:{names})", re.IGNORECASE)) for kind, names in _KINDS)
_START = r"(?:^|(?<=[\n\r])|(?<=[.;:!?)],)|(?<=[.;!?)] )|(?<=[.;!?)]  )|(?<=,))[ \t]*"
"""A heading stands at the start of a line, or behind a full stop; transcripts write a line's end as a comma."""
_HEADING = re.compile(
    rf"{_START}(?P<name>[A-Z][A-Z0-9 /&,'()-]{{0,58}}[A-Z0-9)]|[A-Z]|[A-Z][A-Za-z/&-]*(?: [A-Za-z/&-]+){{0,5}})[ \t]?:",
)


class Section(NamedTuple):
    """One part of a note: half-open character offsets into the note, the heading among them."""

    kind: Kind
    start: int
    body: int
    """Where the text behind the heading begins."""
    end: int


def sections(text: str) -> tuple[Section, ...]:
    """Divide a note by its headings; what stands before the first one is ``other``.

    A heading is a line's beginning in capitals before a colon, or one of the usual names in any case. A heading of no
    known name ends the section before it and is ``other``.
    """
    heads = [(found.start("name"), found.end(), _kind(found["name"])) for found in _HEADING.finditer(text)]
    marks = [(start, body, kind) for start, body, kind in heads if kind is not None]
    starts = [(0, 0, "other"), *marks] if not marks or marks[0][0] > 0 else marks
    ends = [*(start for start, _, _ in starts[1:]), len(text)]
    return tuple(Section(kind, start, body, end) for (start, body, kind), end in zip(starts, ends, strict=True))


def _kind(name: str) -> Kind | None:
    """Return what a heading is called; None for words before a colon that are none."""
    plain = " ".join(name.split()).strip(" ,")
    for kind, pattern in _KNOWN:
        if pattern.fullmatch(plain):
            return kind
    return "other" if plain.isupper() and len(plain) > 1 else None
