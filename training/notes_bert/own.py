"""Sixty notes of our own in three styles, written by hand and labelled by hand, for no fit to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from streams.inference.notes_manifest import NotesManifest
from training.answering import Ask
from training.measures import Floats
from training.notes_bert import baselines
from training.notes_bert.conditions import HEADS
from training.notes_bert.figures import Task, Told, write_figures
from training.notes_bert.scoring import probabilities, readings

PATH = Path(__file__).with_name("own_notes.jsonl")
STYLES = ("soap", "discharge", "telegraphic")


class OwnNote(msgspec.Struct, frozen=True):
    """One invented note."""

    id: str
    style: str
    true: tuple[str, ...]
    """Heads that are true of it: what it is about above all, and diseases that the patient has or had."""
    text: str


def own_notes() -> tuple[OwnNote, ...]:
    """Read the notes."""
    return tuple(msgspec.json.decode(line, type=OwnNote) for line in PATH.read_bytes().splitlines())


def judge_own(ask: Ask, spec: NotesManifest, head: dict[str, Any], out: Path) -> dict[str, Any]:
    """Score them, the network beside a plain rule of keywords, each head and each style; write and return the figures.

    The rule says yes where it finds one of its words; its probability grows with how many it finds. ``by-name`` is
    what the service says of diseases by rule: names that are affirmed of the patient.
    """
    notes = own_notes()
    labels = np.array([[float(name in note.true) for name in HEADS] for note in notes])
    found = readings(ask, spec, [note.text for note in notes])
    ours = probabilities(found, spec)
    tasks: dict[str, Task] = {}
    for k, each in enumerate(spec.heads):
        words = np.array([baselines.keywords(note.text, each.name) for note in notes], np.float64)
        told = {"": Told(ours[:, k], each.thresholds.operating_point), "keywords": Told(words / (1 + words), 0.5)}
        if each.names:
            named = np.array([float(bool(one.heads and one.heads[k].mentions)) for one in found])
            told["by-name"] = Told(named, 0.5)
        tasks[each.name] = Task(labels[:, k], told, sum(bool(one.refusals) for one in found))
        if k == 0:
            tasks |= {f"{each.name}/{style}": _of(tasks[each.name], notes, style) for style in STYLES}
    return write_figures({**head, "data": "own_notes", "role": "test"}, [note.id for note in notes], tasks, out)


def _of(task: Task, notes: tuple[OwnNote, ...], style: str) -> Task:
    mine = np.array([note.style == style for note in notes])

    def part(values: Floats) -> Floats:
        return np.asarray(values[mine], np.float64)

    return Task(
        part(task.labels), {who: Told(part(told.probability), told.threshold) for who, told in task.told.items()}
    )
