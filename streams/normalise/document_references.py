"""A DocumentReference to its event: the note that it tells of."""

from __future__ import annotations

from streams.normalise import notes
from streams.normalise.attachments import best
from streams.normalise.note_shapes import DocumentReference
from streams.normalise.outcome import Found, Scope
from streams.normalise.references import encounter_id, id_of


def read(document: DocumentReference, scope: Scope) -> Found:
    """Read a DocumentReference (R4, R5); `notes.read` says what may be raised."""
    attachments = [one.attachment for one in document.content or ()]
    created = next((one.creation for one in attachments if one is not None and one.creation), None)
    return notes.read(
        notes.Told(
            kind="DocumentReference",
            id=document.id,
            meta=document.meta,
            status=_status(document),
            subject=document.subject,
            contained=document.contained,
            written=document.date or created or _served(document),
            type=document.type,
            encounter_id=_encounter(document, scope),
            attachment=lambda: best(attachments, scope, "DocumentReference.content.attachment"),
            relates_to=document.relates_to or (),
        ),
        scope,
    )


def _status(document: DocumentReference) -> str:
    """Return the status that decides: that of the reference where it voids the note, else that of the note itself."""
    if document.status != "current" or not document.doc_status or document.doc_status in notes.NOT_YET:
        return document.status or ""
    return document.doc_status


def _context(document: DocumentReference) -> dict[str, object]:
    return document.context if isinstance(document.context, dict) else {}


def _served(document: DocumentReference) -> str | None:
    """Return the end of the time of service, else its beginning."""
    period = _context(document).get("period")
    given = [period.get("end"), period.get("start")] if isinstance(period, dict) else []
    if document.period is not None:
        given = [document.period.end, document.period.start]
    return next((text for text in given if isinstance(text, str)), None)


def _encounter(document: DocumentReference, scope: Scope) -> str:
    """Return the first Encounter that it belongs to: in the context of R4, among the references of R5."""
    listed = document.context if isinstance(document.context, list) else _context(document).get("encounter")
    for one in listed if isinstance(listed, list) else ():
        text = one.get("reference") if isinstance(one, dict) else None
        if isinstance(text, str) and (found := id_of(text, "Encounter", scope.local)):
            return found
    return encounter_id(None, scope.local)
