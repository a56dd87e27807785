"""What a model says of one clinical note, in places of the note as it was given; never a word of it."""

from __future__ import annotations

import msgspec

from streams.records.scores import Level


class Carrying(msgspec.Struct, frozen=True):
    """One sentence that carried an answer: half-open character offsets into the text that was judged."""

    start: int
    end: int
    weight: float
    """What the sentence adds to the log odds; below 0 it speaks against. All sentences and the intercept add up to
    them."""


class HeadReading(msgspec.Struct, frozen=True):
    """What is said of one thing that a note may be about or document."""

    name: str
    probability: float
    """Calibrated, 0 to 1."""
    level: Level
    """By the manifest's thresholds."""
    sentences: tuple[Carrying, ...] = ()
    """Those of greatest weight either way, first the greatest."""
    mentions: tuple[tuple[int, int], ...] = ()
    """Where the note names the disease as the patient's own, found by rule and hidden from the network."""


class NoteReading(msgspec.Struct, frozen=True):
    """What one model says of one note: what it is about and documents, never what will become of the patient."""

    model: str
    version: str
    heads: tuple[HeadReading, ...] = ()
    refusals: tuple[str, ...] = ()
    """Why nothing is said (``empty``, ``too-long``, ``not-text``, ``contract``); empty where something is."""
