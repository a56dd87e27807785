"""A Composition, alone or at the head of a document Bundle, to its event: its sections as one text."""

from __future__ import annotations

import html
from collections.abc import Iterator

import msgspec

from streams.normalise import notes
from streams.normalise.attachments import inline
from streams.normalise.note_shapes import Composition, Section
from streams.normalise.outcome import Found, Scope
from streams.normalise.references import encounter_id
from streams.normalise.shapes import Reference
from streams.records import Attachment


def read(composition: Composition, scope: Scope) -> Found:
    """Read a Composition (R4, R5); `notes.read` says what may be raised."""
    return notes.read(
        notes.Told(
            kind="Composition",
            id=composition.id,
            meta=composition.meta,
            status=composition.status or "",
            subject=_subject(composition.subject),
            contained=composition.contained,
            written=composition.date,
            type=composition.type,
            encounter_id=encounter_id(composition.encounter, scope.local),
            attachment=lambda: _text(composition),
            relates_to=composition.relates_to or (),
        ),
        scope,
    )


def _subject(given: object) -> Reference | None:
    """Return whom it is about: a Reference in R4, the first of several in R5."""
    first = given[0] if isinstance(given, list) and given else given
    try:
        return msgspec.convert(first, Reference) if isinstance(first, dict) else None
    except msgspec.ValidationError:
        return None


def _text(composition: Composition) -> Attachment | None:
    """Return the sections, each under its title; where there are none, what stands for the whole."""
    parts = list(_sections(composition.section or ()))
    if not parts and composition.text is not None and composition.text.div:
        parts = [composition.text.div]
    return inline("\n".join(parts), "text/html; charset=utf-8", "Composition.section.text")


def _sections(given: Iterator[Section] | list[Section] | tuple[Section, ...]) -> Iterator[str]:
    for one in given:
        if one.title:
            yield f"<h2>{html.escape(one.title)}</h2>"
        if one.text is not None and one.text.div:
            yield one.text.div
        yield from _sections(one.section or ())
