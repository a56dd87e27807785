"""A note that comes as bare text: the record's key is the patient, its headers are what is known about it."""

from __future__ import annotations

from collections.abc import Sequence

from streams.errors import RejectedMessage
from streams.normalise import notes
from streams.normalise.attachments import LARGEST_INLINE
from streams.normalise.note_shapes import DocumentRelation
from streams.normalise.outcome import Found, Scope
from streams.normalise.references import is_id
from streams.normalise.shapes import CodeableConcept, Coding, Meta, Reference
from streams.records import Attachment
from streams.vocabulary import LOINC

KIND = "DocumentReference"
"""What a plain note is taken for, so that a score can name it."""
HEADERS = (
    "note_id", "content_type", "written_at", "last_updated", "version_id", "status", "type", "encounter_id", "replaces",
)  # fmt: skip
"""All that are read; the rest is passed over."""


def read(value: bytes | None, key: bytes | None, headers: Sequence[tuple[str, bytes]], scope: Scope) -> Found:
    """Read one record of a source of form ``text``; an empty value withdraws the note of its ``note_id``.

    Headers, all of them optional, as UTF-8: ``note_id`` (a FHIR id; a digest of the content without it),
    ``content_type`` (``text/plain; charset=utf-8``), ``written_at`` and ``last_updated`` (FHIR instants),
    ``version_id``, ``status`` (of a document; ``final``), ``type`` (LOINC), ``encounter_id``, ``replaces`` (the id of
    another note).

    Raises
    ------
    RejectedMessage
        ``key``, ``header-encoding``, ``attachment-too-large``, or one of `notes.read`.
    """
    known = _known(headers)
    return notes.read(
        notes.Told(
            kind=KIND,
            id=known.get("note_id"),
            meta=Meta(known.get("last_updated"), known.get("version_id")),
            status=known.get("status") or ("final" if value else "entered-in-error"),
            subject=Reference(f"Patient/{_patient(key)}"),
            contained=None,
            written=known.get("written_at"),
            type=CodeableConcept([Coding(LOINC, known.get("type"))]),
            encounter_id=known.get("encounter_id", ""),
            attachment=lambda: _attachment(value or b"", known.get("content_type")),
            relates_to=_relations(known.get("replaces")),
        ),
        scope,
    )


def _relations(replaced: str | None) -> list[DocumentRelation]:
    return [] if not replaced else [DocumentRelation("replaces", target=Reference(f"{KIND}/{replaced}"))]


def _known(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    try:
        return {name: content.decode() for name, content in headers if name in HEADERS and content}
    except UnicodeDecodeError:
        raise RejectedMessage("header-encoding", "headers", "UTF-8", "other bytes") from None


def _patient(key: bytes | None) -> str:
    text = (key or b"").decode("utf-8", errors="replace").removeprefix("Patient/")
    if not is_id(text):
        received = "no key" if not key else "a key of another form"
        raise RejectedMessage("key", "key", "the bare id of the patient", received)
    return text


def _attachment(value: bytes, content_type: str | None) -> Attachment | None:
    if len(value) > LARGEST_INLINE:
        raise RejectedMessage("attachment-too-large", "value", f"at most {LARGEST_INLINE} bytes", f"{len(value)} bytes")
    return Attachment(content_type or "text/plain; charset=utf-8", value) if value.strip() else None
