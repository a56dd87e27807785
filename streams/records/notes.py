"""Clinical notes as the record tells of them, and their way back to a server that could not be asked."""

from __future__ import annotations

import msgspec

from streams.clock import Instant
from streams.records.version import Version


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """One form in which a note comes (FHIR Attachment): its bytes, or where they lie."""

    content_type: str = ""
    """Media type with its parameters (RFC 9110 8.3), e.g. ``text/html; charset=iso-8859-1``; empty where not said."""
    data: bytes | None = None
    url: str = ""
    """An address, or a relative reference such as ``Binary/17``; asked only where the settings allow it."""


class NoteVersion(msgspec.Struct, frozen=True, tag="note", omit_defaults=True):
    """One version of a clinical note: what it says, or that it is void."""

    source: str
    resource_id: str
    """``DocumentReference/<id>``, ``DiagnosticReport/<id>`` or ``Composition/<id>``; a digest where it has none."""
    patient_id: str
    version: Version
    withdrawn: bool
    """True for entered-in-error, cancelled and superseded: what was said on grounds of it is void."""
    received_at: Instant
    written_at: Instant | None = None
    """When it was written; None where not said."""
    kind: str = ""
    """LOINC code of the kind of document, e.g. ``18842-5`` (discharge summary); empty where not said."""
    encounter_id: str = ""
    attachment: Attachment | None = None
    """The form of it that can be read best; None where it has none, or is withdrawn."""
    replaces: tuple[str, ...] = ()
    """Resource ids of the notes that this one takes the place of."""


class NoteRetry(msgspec.Struct, frozen=True, tag="note-retry", omit_defaults=True):
    """A note that could not be read or judged yet, on its way to another try."""

    note: NoteVersion
    attempt: int
    """Tries so far."""
    since: Instant
    """Arrival of the note; deadlines count from it."""
    reason: str
    """``arriving``, ``server-away:...``, ``model-away:...``."""
    told: bool = False
    """Whether something has been said of this version, so that only a complete answer is said after it."""
