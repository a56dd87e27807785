"""What all clinical notes have in common, whatever resource tells of them: one version, its time, its standing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.normalise.codes import label
from streams.normalise.effective import refuse_future
from streams.normalise.note_shapes import DocumentRelation
from streams.normalise.outcome import Found, Scope
from streams.normalise.overrulings import is_change, told
from streams.normalise.references import target
from streams.normalise.shapes import CodeableConcept, Meta, Reference
from streams.normalise.subjects import patient_id
from streams.normalise.times import instant
from streams.normalise.versions import content_id, resource_id, version
from streams.records import Attachment, NoteVersion, Skip

RANKS = {
    "partial": 1, "preliminary": 1, "modified": 1, "final": 2, "current": 2, "amended": 3, "corrected": 3,
    "appended": 3, "cancelled": 4, "superseded": 4, "deprecated": 4, "entered-in-error": 4,
}  # fmt: skip
"""Statuses of documents and reports (R4, R5) in the order of versions; `streams.records.Version`."""
WITHDRAWN = frozenset({"cancelled", "superseded", "deprecated", "entered-in-error"})
NOT_YET = frozenset({"registered", "unknown"})
"""Nothing is there to read, or nobody knows."""
_TELLING = WITHDRAWN | {"amended", "corrected", "appended"}
_MOST_REPLACED = 16


class Told(NamedTuple):
    """What a resource tells of a note."""

    kind: str
    """Resource type."""
    id: str | None
    meta: Meta | None
    status: str
    """The one that decides, where there are two."""
    subject: Reference | None
    contained: object
    written: str | None
    type: CodeableConcept | None
    encounter_id: str
    attachment: Callable[[], Attachment | None]
    """Asked only of a note that stands."""
    relates_to: Iterable[DocumentRelation] = ()


def read(told_: Told, scope: Scope) -> Found:
    """Return one version of a note, word of it to all where it is a change, or a skip ``status-...``, ``no-text``.

    Raises
    ------
    RejectedMessage
        ``status``, ``id``, ``withdrawal-without-id``, ``written-...``, ``last-updated-...``, ``attachment-...``, or one
        of the subject's where the record alone does not show it to be a change.
    """
    if told_.status in NOT_YET:
        return Found([], [Skip(f"status-{told_.status}", told_.kind)], [])
    if told_.status not in RANKS:
        received = "another word" if told_.status else "none"
        raise RejectedMessage("status", f"{told_.kind}.status", "a status of a document", received)
    change = is_change(told_.id, told_.meta, told_.status, _TELLING)
    found = Found([], [], [])
    event = _event(told_, _whose(told_, scope, change), scope, found)
    if event.attachment is None and not event.withdrawn and not change:
        # Reports of laboratories bring no text by the thousand; nothing of them can have been judged before.
        return Found([], [*found.skips, Skip("no-text", told_.kind)], [])
    found.events.extend(told(event, change))
    return found


def _whose(told_: Told, scope: Scope, change: bool) -> str:
    """Return the patient; a change that names nobody voids what others hold of it."""
    try:
        return patient_id(told_.subject, scope, told_.contained, f"{told_.kind}.subject")
    except RejectedMessage:
        if change:
            return ""
        raise


def _event(told_: Told, patient: str, scope: Scope, found: Found) -> NoteVersion:
    withdrawn = told_.status in WITHDRAWN
    attachment = None if withdrawn else told_.attachment()
    written = _written(told_, withdrawn, scope, found)
    event = NoteVersion(
        source=scope.source.name,
        resource_id=_fact(told_, withdrawn, (patient, attachment, written)),
        patient_id=patient,
        version=version(None, told_.kind, 0, (), None),
        withdrawn=withdrawn,
        received_at=0,
        written_at=written,
        kind=_loinc(told_.type),
        encounter_id=told_.encounter_id,
        attachment=attachment,
        replaces=() if withdrawn else _replaced(told_, scope),
    )
    place = version(told_.meta, told_.kind, RANKS[told_.status], (event, told_.status), scope.source.zone)
    return msgspec.structs.replace(event, version=place, received_at=scope.received_at)


def _fact(told_: Told, withdrawn: bool, content: tuple[object, ...]) -> str:
    given = resource_id(told_.id, told_.kind)
    if not given and withdrawn:
        raise RejectedMessage("withdrawal-without-id", f"{told_.kind}.id", "the id of what is withdrawn", "none")
    return f"{told_.kind}/{given or content_id(content)}"


def _written(told_: Told, withdrawn: bool, scope: Scope, found: Found) -> Instant | None:
    """Return when the note was written; a date alone places nothing, so it is left out and counted."""
    if not told_.written:
        return None
    field = f"{told_.kind}.date"  # `issued` of a report
    try:
        at = instant(told_.written, field, "written", scope.source.zone)
    except RejectedMessage as rejected:
        if rejected.reason != "written-precision" and not withdrawn:
            raise
        found.skips.append(Skip("written-precision"))
        return None
    if scope.source.refuse_future and not withdrawn:
        refuse_future(at, scope.received_at, scope.future_tolerance_s, field)
    return at


def _loinc(concept: CodeableConcept | None) -> str:
    """Return the LOINC code of a kind of document; empty where it has none that is well formed."""
    code = label(concept) if concept is not None else ""
    return "" if "|" in code else code


def _replaced(told_: Told, scope: Scope) -> tuple[str, ...]:
    """Return the notes whose place it takes; `appends` and `transforms` leave the other one standing."""
    found: list[str] = []
    for one in told_.relates_to:
        reference = one.target or one.target_reference or one.resource_reference
        if "replaces" in _codes(one) and reference is not None and reference.reference:
            at = target(reference.reference, scope.local)
            if at is not None and (at.type or told_.kind) in KINDS and at.id != told_.id:
                found.append(f"{at.type or told_.kind}/{at.id}")
    return tuple(dict.fromkeys(found))[:_MOST_REPLACED]


KINDS = frozenset({"DocumentReference", "DiagnosticReport", "Composition"})
"""Resources that notes come in."""


def _codes(one: DocumentRelation) -> set[object]:
    if not isinstance(one.code, dict):
        return {one.code, one.type}
    codings = one.code.get("coding")
    return {each.get("code") for each in codings if isinstance(each, dict)} if isinstance(codings, list) else set()
