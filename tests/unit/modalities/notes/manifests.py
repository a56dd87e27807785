"""A manifest of a model of notes that exists nowhere, with a vocabulary of a few words."""

import hashlib
from pathlib import Path

import msgspec

from streams.inference.declared import Onnx, Output, Step, Tensor, Thresholds
from streams.inference.notes_manifest import NoteHead, NotesManifest, NotesTraining, PlattScaling, Reach, Words
from training.manifest_file import manifest_text

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "the",
    "patient",
    "has",
    "chest",
    "pain",
    "father",
    "had",
    "a",
    "heart",
    "attack",
    "no",
    "cough",
    ".",
    ",",
    ":",
    ";",
    "-",
    "denies",
    "fever",
    "knee",
    "is",
    "sore",
    "and",
    "type",
    "2",
    "diabetes",
    "on",
    "insulin",
    "history",
    "plan",
    "family",
    "return",
    "if",
    "worse",
    "blood",
    "##s",
    "##ing",
    "walk",
    "very",
    "long",
    "note",
]
LEVELS = Thresholds(0.5, "stated, for tests", (Step("low", 0.0), Step("medium", 0.5), Step("high", 0.8)))

READER = NotesManifest(
    name="reader",
    version="1",
    kind="bert",
    modality="note",
    language="en",
    target="nothing",
    max_batch=3,
    pooling="attention-and-words",
    reach=Reach(max_tokens=16, overlap=4, lengths=(8, 16), min_tokens=2, most_tokens=60),
    vocabulary=Words("1/vocab.txt", hashlib.sha256("\n".join(WORDS).encode()).hexdigest()),
    sentences=2,
    tensors=(
        Tensor("input_ids", (-1,), "INT64", 0.0, 99.0),
        Tensor("attention_mask", (-1,), "INT64", 0.0, 1.0),
        Tensor("share", (-1,), "FP32", 0.0, 1.0),
    ),
    outputs=(
        Output("evidence", (-1, 2), "FP32", -50.0, 50.0, meaning=""),
        Output("weight", (-1, 2), "FP32", -50.0, 50.0, meaning=""),
        Output("word", (-1, 2), "FP32", -50.0, 50.0, meaning=""),
    ),
    heads=(
        NoteHead(
            name="heart", condition="about", target="", calibration=PlattScaling(1.0, 0.0), thresholds=LEVELS
        ),
        NoteHead(
            name="diabetes", condition="documented", target="", names=("(?:type 2 )?diabetes", "DM"),
            calibration=PlattScaling(2.0, -1.0), thresholds=LEVELS,
        ),
    ),
    training=NotesTraining("none", "", "", 0, {}, 0, ""),
    onnx=Onnx("1/model.onnx", hashlib.sha256(b"network").hexdigest(), 17, 8),
)  # fmt: skip


def put(repository: Path, manifest: NotesManifest = READER, edit: tuple[str, str] = ("", "")) -> Path:
    """Write the folder of a model of notes and return it."""
    folder = repository / manifest.name
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "model.onnx").write_bytes(b"network")
    (folder / "1" / "vocab.txt").write_text("\n".join(WORDS))
    (folder / "model.toml").write_text(manifest_text(manifest).replace(*edit))
    return folder


def reader(repository: Path) -> NotesManifest:
    """Write the folder and return the manifest as it is read back, without its checks."""
    return msgspec.structs.replace(READER, folder=str(put(repository)))
