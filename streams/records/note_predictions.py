"""What the models say of a clinical note, each with the places in its text that carried the decision."""

from __future__ import annotations

import msgspec

from streams.clock import Instant
from streams.records.judgements import Judgement, Judgements
from streams.records.note_readings import NoteReading


class NoteBasis(msgspec.Struct, frozen=True, omit_defaults=True):
    """The text that a model saw, so that offsets can be checked; the note and its version stand around it."""

    characters: int
    sha256: str
    """Of the text in UTF-8, hexadecimal."""
    media_type: str
    """That the text was taken from, e.g. ``text/html``."""
    deidentified: bool = False
    """Whether names and numbers had been taken out; offsets are of the text after that."""


class NotePrediction(Judgement, frozen=True, omit_defaults=True):
    """One model's judgement of one note; reasons ``empty``, ``too-long``, ``contract``, ``written:unknown``, ..."""

    basis: NoteBasis | None = None
    """None where no text was had."""
    reading: NoteReading | None = None
    """Probabilities, and the sentences that carried them by their places; None where the model was not asked."""


class NotePredictions(Judgements, frozen=True, tag="note-predictions", omit_defaults=True):
    """All that is said of one version of a note, ``DocumentReference/<id>`` or its like."""

    as_of: Instant
    """When it was written, as the record says; else when it was last changed; else its arrival."""
    received_at: Instant
    withdrawn: bool = False
    encounter_id: str = ""
    kind: str = ""
    """LOINC code of the kind of document; empty where not said."""
    replaces: tuple[str, ...] = ()
    """Resource ids of the notes whose place it takes, as long as it stands."""
    predictions: tuple[NotePrediction, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why there are none (``no-text``, ``content-type``, ``no-model``, ``charset``, ...)."""
