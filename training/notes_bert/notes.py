"""The notes of a folder laid out like ``mtsamples``, with what is true of each."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.modalities.notes.assertions import assertions, unsaid
from streams.modalities.notes.mentions import mentions, outside
from streams.modalities.notes.sections import sections
from streams.modalities.notes.sentences import sentences
from training.measures import Floats
from training.notes_bert.conditions import DOCUMENTED, HEADS

FOLDS = 5
ROLES = {"train": ("train",), "val": ("valid", "val"), "test": ("test",)}
"""Role to the words that stand for it in the files' ``split``."""


class Notes(msgspec.Struct, frozen=True):
    """Notes and their labels; nothing but the text is shown to a network."""

    keys: tuple[str, ...]
    texts: tuple[str, ...]
    labels: Floats
    """Shape (notes, heads), 0 or 1; the order of heads is `HEADS`."""
    specialties: Floats
    """Shape (notes, specialties), 0 or 1: the company that a note keeps, learned beside the heads and never told."""
    roles: tuple[str, ...]
    """As the file says; empty where it does not."""

    def part(self, mine: NDArray[np.bool_]) -> Notes:
        """Return the notes of which `mine` is true."""
        held = np.flatnonzero(mine).tolist()
        keys, texts, roles = (tuple(each[k] for k in held) for each in (self.keys, self.texts, self.roles))
        return Notes(keys, texts, self.labels[held], self.specialties[held], roles)


def read_notes(folder: Path, role: str, specialties: tuple[str, ...] = ()) -> Notes:
    """Read the notes of a role: ``train``, ``val``, ``test``, or ``all`` for every one.

    Raises
    ------
    SystemExit
        Where there is none.
    """
    rows = [row for row in _rows(folder) if role == "all" or row.get("split", "") in ROLES.get(role, (role,))]
    if not rows:
        raise SystemExit(f"no notes of role {role} in {folder}; --role all takes every one")
    labels = np.array([_labels(row) for row in rows], np.float64)
    filed = np.array([[float(s in row.get("specs", ())) for s in specialties] for row in rows], np.float64)
    texts = tuple(str(row["text"]) for row in rows)
    return Notes(tuple(r["key"] for r in rows), texts, labels, filed, tuple(r.get("split", "") for r in rows))


def specialties_of(folder: Path) -> tuple[str, ...]:
    """Return every specialty that notes are filed under, by name."""
    return tuple(sorted({one for row in _rows(folder) for one in row.get("specs", ())}))


def documented(text: str, names: tuple[str, ...]) -> bool:
    """Tell whether a note names a disease as the patient's own: neither negated, nor of the family, nor supposed."""
    found = mentions(text, names)
    if not found:
        return False
    parts = sections(text)
    return bool(outside(found, unsaid(assertions(text, parts, sentences(text, parts)))))


def folds_of(notes: Notes) -> NDArray[np.int64]:
    """Deal notes to `FOLDS` folds by SHA-256 of their keys; the labels have no say."""
    return np.array([int(hashlib.sha256(key.encode()).hexdigest(), 16) % FOLDS for key in notes.keys], np.int64)


def _labels(row: dict[str, Any]) -> list[float]:
    about = [float(row["cvp"]), float(row["card_meta"])]
    found = [*about, *(float(documented(row["text"], one.names)) for one in DOCUMENTED)]
    assert len(found) == len(HEADS)
    return found


def _rows(folder: Path) -> Iterable[dict[str, Any]]:
    packed, plain = folder / "notes.jsonl.gz", folder / "notes.jsonl"
    lines = gzip.decompress(packed.read_bytes()) if packed.exists() else plain.read_bytes()
    return [msgspec.json.decode(line) for line in lines.splitlines() if line.strip()]
