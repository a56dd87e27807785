"""Pieces of state into a timeline: as whole rows where nothing has to be united, resource by resource where it has."""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np

from streams.timeline.columns import stands_alone
from streams.timeline.encoding import (
    ROWS_SINCE,
    decode_commands,
    decode_encounters,
    decode_patients,
    decode_slot,
    decode_studies,
    decode_words_of,
    split_slot,
)
from streams.timeline.rows import ALONE, FIRST, NEVER, Words, no_words, taken_over, viewed
from streams.timeline.slot import UNDATED
from streams.timeline.timeline import COMMANDS, DEMOGRAPHICS, STUDIES, Timeline


def put(timeline: Timeline, piece: int, value: bytes) -> None:
    """Unite one piece with what is remembered."""
    if piece >= UNDATED:
        for resource in decode_slot(value):
            timeline.put(resource)
    elif piece == DEMOGRAPHICS:
        for patient in decode_patients(value):
            timeline.put_patient(patient)
    elif piece == STUDIES:
        for study in decode_studies(value):
            timeline.put_study(study)
    elif piece == COMMANDS:
        for command in decode_commands(value):
            timeline.put_command(command)
    else:
        for encounter in decode_encounters(value):
            timeline.put_encounter(encounter)


def unite(timeline: Timeline, pieces: Sequence[tuple[int, bytes]], overruled: Set[bytes]) -> None:
    """Unite pieces of the changelog, each with its number, with what is remembered.

    Parameters
    ----------
    overruled
        The 16 bytes of the id of every resource that may have left its patient.
    """
    for piece, value in pieces:
        if piece < UNDATED:
            put(timeline, piece, value)
    facts = sorted((piece, value) for piece, value in pieces if piece >= UNDATED)
    if not facts or _hold_whole(timeline, [value for _, value in facts], overruled):
        return
    for piece, value in facts:
        put(timeline, piece, value)


def _hold_whole(timeline: Timeline, values: Sequence[bytes], overruled: Set[bytes]) -> bool:
    """Hold the rows of pieces as they are, ten times as fast; False where something has to be united first."""
    if timeline.facts.size or any(value[0] != ROWS_SINCE for value in values):
        return False
    words = no_words()
    rows = viewed(_joined([split_slot(value) for value in values], words))
    firsts = rows["id"][rows["flags"] & FIRST != 0].tolist()
    ids = set(firsts)
    if len(ids) < len(firsts) or not overruled.isdisjoint(ids):
        return False
    rows = rows[np.argsort(rows["effective_at"], kind="stable")]
    rows["flags"] |= np.where(stands_alone(rows), np.uint8(ALONE), np.uint8(0))
    timeline.facts.hold(rows.tobytes(), words)
    newest = int(rows["newest_at"].max())
    timeline.horizon = None if newest == NEVER else newest
    return True


def _joined(found: Sequence[tuple[bytes, bytes]], words: Words) -> bytes:
    """Return the rows of several pieces, for one table; most pieces of a patient have the same."""
    tables: dict[bytes, list[bytes]] = {}
    for head, rows in found:
        tables.setdefault(head, []).append(rows)
    parts = ((viewed(b"".join(rows)), decode_words_of(head)) for head, rows in tables.items())
    return b"".join(taken_over(rows, theirs, words).tobytes() for rows, theirs in parts)
