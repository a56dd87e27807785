"""What eight bits cost: AUROC beside the same network in single precision, and the time of one chunk of 512 word
pieces.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.inference.notes_manifest import NotesManifest
from training.answering import Ask, onnx_answers
from training.figures import write_json
from training.measures import Floats, measures
from training.notes_bert.export import export
from training.notes_bert.network import NotesBert
from training.notes_bert.notes import Notes
from training.notes_bert.scoring import probabilities, readings

TIMES = 9
LENGTH = 512


def compare(
    network: NotesBert, spec: NotesManifest, notes: Notes, eight: Floats, repository: Path, path: Path
) -> dict[str, Any]:
    """Score notes in single precision too, time both files in turn, write the figures and return them.

    Parameters
    ----------
    eight
        What the exported file says of the notes, shape (notes, heads).
    """
    with tempfile.TemporaryDirectory() as folder:
        single = export(network, spec, Path(folder), eight_bits=False)
        asks = {"eight_bits": onnx_answers(repository, spec), "single": onnx_answers(Path(folder), single)}
        size = {"eight_bits": _bytes(repository, spec), "single": _bytes(Path(folder), single)}
        told = {"eight_bits": eight, "single": probabilities(readings(asks["single"], spec, notes.texts), spec)}
        spent = _seconds(asks, spec)
    auroc = {
        head.name: {
            name: round(measures(notes.labels[:, k], found[:, k], 0.5)["auroc"], 5) for name, found in told.items()
        }
        for k, head in enumerate(spec.heads)
        if 0 < notes.labels[:, k].sum() < len(notes.labels)
    }
    figures = {
        "model": spec.name,
        "version": spec.version,
        "notes": len(notes.keys),
        "auroc": auroc,
        "largest_change_of_probability": round(float(np.abs(told["eight_bits"] - told["single"]).max()), 4),
        "bytes": size,
        "chunk_tokens": LENGTH,
        "chunk_ms_one_core": {name: round(value * 1e3, 1) for name, value in spent.items()},
    }
    write_json(figures, path)
    return figures


def _bytes(repository: Path, spec: NotesManifest) -> int:
    return (repository / spec.name / spec.onnx.file).stat().st_size


def _seconds(asks: dict[str, Ask], spec: NotesManifest) -> dict[str, float]:
    """Return the median time of one row of `LENGTH`, the files asked in turn so that both see the same machine."""
    ids = np.random.default_rng(0).integers(1000, 30000, (1, LENGTH)).astype(np.int64)
    tensors: tuple[NDArray[Any], ...] = (ids, np.ones_like(ids), np.full(ids.shape, 0.04, np.float32))
    row = dict(zip((tensor.name for tensor in spec.tensors), tensors, strict=True))
    spent: dict[str, list[float]] = {name: [] for name in asks}
    for _ in range(TIMES + 1):
        for name, ask in asks.items():
            begun = time.process_time()
            ask(row)
            spent[name].append(time.process_time() - begun)
    return {name: statistics.median(values[1:]) for name, values in spent.items()}
