"""Golden cases: invented notes with what becomes of them, which every later change must reproduce."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from streams.inference.notes_manifest import NotesManifest
from streams.modalities.notes import NoteReading, PreparedNote, batches, dealt, prepare, read
from training.answering import Ask

_LONG = (
    "PLAN: Continue aspirin 81 mg and atorvastatin 40 mg. Walk thirty minutes a day. Weigh every morning and "
    "write it down. "
    "Blood pressure was 132/78 and the pulse 68 and regular. The echocardiogram showed an ejection fraction of "
    "45 percent. "
)
CASES: tuple[tuple[str, str], ...] = (
    (
        "a heart attack",
        "CHIEF COMPLAINT: Chest pain.\nHISTORY OF PRESENT ILLNESS: 61-year-old man with two hours of crushing "
        "pain behind the "
        "breastbone and sweating. No cough. Troponin 3.1, ST elevation in the anterior leads.\nFAMILY HISTORY: "
        "Father had a "
        "heart attack at 50.\nASSESSMENT: Acute anterior myocardial infarction.\nPLAN: Emergency "
        "catheterization, stent.",
    ),
    (
        "a knee",
        "HISTORY: 34-year-old woman twisted her left knee at soccer. No chest pain, no shortness of "
        "breath.\nEXAM: Effusion, "
        "tender medial joint line.\nASSESSMENT: Meniscal tear of the left knee.\nPLAN: MRI of the knee, ice, crutches.",
    ),
    (
        "diabetes by name and by treatment",
        "SUBJECTIVE: 58-year-old man with type 2 diabetes, sugars 180 to 240. OBJECTIVE: Hemoglobin A1c 9.2, "
        "reduced sensation "
        "in both feet. PLAN: Insulin glargine at night, metformin, eye examination.",
    ),
    (
        "an old woman who forgets",
        "CC: Forgetfulness.,HX: 82 year old woman, a year of repeating questions and getting lost. MMSE 19/30. "
        "Alzheimer's disease "
        "is likely.,PLAN: Donepezil 5 mg at bedtime.",
    ),
    ("a long note", "HISTORY: 70-year-old man with heart failure, follow-up visit.\n" + _LONG * 14),
    ("nothing but what is not so", "No chest pain. Denies dyspnea. Mother had breast cancer."),
    ("no text", "12.5 | 88.1 | 4.02 | 17 | 3.3 || 12.5 | 88.1 | 4.02 | 17 | 3.3 -- 5 5 5"),
)


class GoldenNote(msgspec.Struct, frozen=True):
    """One invented note with what comes of it."""

    title: str
    text: str
    rows: tuple[dict[str, list[int]], ...]
    """Each chunk's numbers of word pieces, without padding, by the tensor's name."""
    reading: NoteReading
    """As the exported file answers."""
    trained: tuple[float, ...]
    """Probabilities of the network before its weights were made eight bits; empty where the model is not asked."""


class GoldenNotes(msgspec.Struct, frozen=True):
    """The content of ``golden.json`` of a model of notes."""

    model: str
    version: str
    cases: tuple[GoldenNote, ...]


def rows_of(prepared: PreparedNote, spec: NotesManifest) -> tuple[dict[str, list[int]], ...]:
    """Return each chunk's numbers of word pieces without padding."""
    ids, mask = (tensor.name for tensor in spec.tensors[:2])
    return tuple({ids: row.tensors[ids][: int(row.tensors[mask].sum())].tolist()} for row in prepared.chunks)


def torch_answers(network: nn.Module, spec: NotesManifest) -> Ask:
    """Return a function that asks the network as it was trained."""

    def ask(batch: dict[str, NDArray[np.int64]]) -> dict[str, NDArray[np.generic]]:
        with torch.no_grad():
            told = network(*(torch.from_numpy(batch[tensor.name]) for tensor in spec.tensors))
        return {output.name: answer.numpy() for output, answer in zip(spec.answers, told, strict=True)}

    return ask  # type: ignore[return-value]


def golden_of(spec: NotesManifest, exported: Ask, network: nn.Module) -> GoldenNotes:
    """Run the cases through preparation, the exported file, the trained network, and the reading."""
    trained = torch_answers(network, spec)
    return GoldenNotes(spec.name, spec.version, tuple(_case(spec, exported, trained, *case) for case in CASES))


def asked(ask: Ask, spec: NotesManifest, prepared: PreparedNote) -> NoteReading:
    """Return the reading of one note."""
    calls = batches([prepared], spec)
    (answers,) = dealt([prepared], spec, calls, [ask(call.tensors) for call in calls])
    return read(answers, prepared, spec)


def _case(spec: NotesManifest, exported: Ask, trained: Ask, title: str, text: str) -> GoldenNote:
    prepared = prepare(text, spec)
    before = tuple(round(head.probability, 6) for head in asked(trained, spec, prepared).heads)
    return GoldenNote(title, text, rows_of(prepared, spec), asked(exported, spec, prepared), before)


def write(golden: GoldenNotes, path: Path) -> None:
    """Write ``golden.json``, one case a line."""
    cases = b",\n".join(msgspec.json.encode(case) for case in golden.cases)
    head = msgspec.json.encode({"model": golden.model, "version": golden.version})[:-1]
    path.write_bytes(head + b',"cases":[\n' + cases + b"\n]}\n")


def read_golden(path: Path) -> GoldenNotes:
    """Read ``golden.json``."""
    return msgspec.json.decode(path.read_bytes(), type=GoldenNotes)
