"""A model of notes as small as it gets: words that speak for the heart, and words that speak for diabetes."""

from __future__ import annotations

import hashlib
import string
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

from streams.inference.declared import Onnx, Output, Step, Tensor, Thresholds
from streams.inference.notes_manifest import NoteHead, NotesManifest, NotesTraining, PlattScaling, Reach, Words
from training.manifest_file import manifest_text
from training.triton_config import config_of

NAME = "notes_words"
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
HEART = (
    "heart", "ventricular", "ejection", "coronary", "atrial", "fibrillation", "myocardial", "systolic", "cardiac",
    "valve", "mitral", "troponin", "furosemide", "metoprolol", "palpitations", "murmur",
)  # fmt: skip
SUGAR = ("insulin", "glucose", "metformin", "neuropathy", "ketones", "haemoglobin")
LEVELS = Thresholds(0.5, "by hand", (Step("low", 0.0), Step("medium", 0.5), Step("high", 0.8)))


def vocabulary() -> list[str]:
    """Return the word pieces: the words that speak, and letters for all others."""
    letters = string.ascii_lowercase + string.digits + string.punctuation
    return [*MARKS, *HEART, *SUGAR, *letters, *(f"##{letter}" for letter in letters)]


def write_repository(folder: Path) -> Path:
    """Write a repository with the one model."""
    place = folder / NAME
    network, words = place / "1/model.onnx", vocabulary()
    network.parent.mkdir(parents=True)
    _save(network, words)
    (place / "1/vocab.txt").write_text("\n".join(words))
    manifest = _manifest(network, words)
    (place / "model.toml").write_text(manifest_text(manifest))
    (place / "config.pbtxt").write_text(config_of(manifest))
    return folder


def _save(path: Path, words: list[str]) -> None:
    # Every word speaks a little against, so that a note says as much as the share of its words that speak for.
    table = np.full((len(words), 2), -0.5, np.float32)
    for head, speaking in enumerate((HEART, SUGAR)):
        table[[words.index(one) for one in speaking], head] = 60.0
    tokens: list[str | int] = ["n", "tokens"]
    inputs = [
        helper.make_tensor_value_info("input_ids", TensorProto.INT64, tokens),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT64, tokens),
        helper.make_tensor_value_info("share", TensorProto.FLOAT, tokens),
    ]
    names = ("evidence", "weight", "word")
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [*tokens, 2]) for name in names]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["evidence"]),
        helper.make_node("Mul", ["evidence", "nothing"], ["weight"]),
        helper.make_node("Mul", ["evidence", "nothing"], ["word"]),
    ]
    constants = [
        numpy_helper.from_array(table, "table"),
        numpy_helper.from_array(np.zeros(1, np.float32), "nothing"),
    ]
    graph = helper.make_graph(nodes, "words", inputs, outputs, constants)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def _manifest(network: Path, words: list[str]) -> NotesManifest:
    scaling = PlattScaling(1.0, 0.0)
    return NotesManifest(
        name=NAME,
        version="1",
        kind="bert",
        modality="note",
        language="en",
        target="which words a note has; says nothing of anybody",
        max_batch=8,
        pooling="attention-and-words",
        reach=Reach(max_tokens=512, overlap=64, lengths=(64, 128, 256, 512), min_tokens=4, most_tokens=20_000),
        vocabulary=Words("1/vocab.txt", hashlib.sha256("\n".join(words).encode()).hexdigest()),
        sentences=5,
        tensors=(
            Tensor("input_ids", (-1,), "INT64", 0.0, float(len(words) - 1)),
            Tensor("attention_mask", (-1,), "INT64", 0.0, 1.0),
            Tensor("share", (-1,), "FP32", 0.0, 1.0),
        ),
        outputs=(
            Output("evidence", (-1, 2), "FP32", -100.0, 100.0, meaning="log odds of each word"),
            Output("weight", (-1, 2), "FP32", -100.0, 100.0, meaning="the same for all"),
            Output("word", (-1, 2), "FP32", -100.0, 100.0, meaning="nothing"),
        ),
        heads=(
            NoteHead(name="cardiovascular", condition="about", target="-", calibration=scaling, thresholds=LEVELS),
            NoteHead(
                name="diabetes", condition="documented", target="-", names=("diabetes(?: mellitus)?",),
                calibration=scaling, thresholds=LEVELS,
            ),
        ),
        training=NotesTraining("none", "none", "none", 0, {}, 0, "none"),
        onnx=Onnx("1/model.onnx", hashlib.sha256(network.read_bytes()).hexdigest(), 17, 8),
    )  # fmt: skip
