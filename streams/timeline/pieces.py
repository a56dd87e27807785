"""The pieces in which a partition's state is written: their numbers, and what stands in those of a timeline."""

from __future__ import annotations

from streams.timeline.encoding import encode_commands, encode_encounters, encode_patients, encode_slot, encode_studies
from streams.timeline.slot import UNDATED
from streams.timeline.timeline import COMMANDS, DEMOGRAPHICS, ENCOUNTERS, STUDIES, Timeline

EPOCH, TICK, DEBT = UNDATED - 2, UNDATED - 3, UNDATED - 4
WORDS, PARKED, HEARD = UNDATED - 6, UNDATED - 7, UNDATED - 8
JUDGED_BY = UNDATED - 16
ALERTS = UNDATED - 21
"""A patient's alerts, as `streams.alerts.state` writes them; opaque here."""
OVERRULINGS = -(2**50)
"""Overrulings stand in this piece and those below it, one for each bucket."""

Piece = tuple[bytes, bytes | None]
"""Key and value of one changelog record; None removes."""


def is_held(number: int) -> bool:
    """Tell whether a piece belongs to the timeline of an identity."""
    return number >= UNDATED or number in {DEMOGRAPHICS, ENCOUNTERS, STUDIES, COMMANDS}


def encoded(timeline: Timeline, number: int) -> bytes | None:
    """Return one piece of a timeline; None where nothing is left in it."""
    if number == DEMOGRAPHICS:
        return encode_patients(timeline.patients.values())
    if number == ENCOUNTERS:
        return encode_encounters(timeline.encounters.values())
    if number == STUDIES:
        return encode_studies(held.values()) if (held := timeline.studies.held) else None
    if number == COMMANDS:
        return encode_commands(timeline.commands.values()) if timeline.commands else None
    rows, words = timeline.facts.slot(number)
    return encode_slot(rows, words) if len(rows) else None
