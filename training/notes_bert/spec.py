"""What the network is for, how notes are cut for it, and what it answers."""

from __future__ import annotations

from streams.inference.declared import Onnx, Output, Step, Tensor, Thresholds
from streams.inference.notes_manifest import (
    NoteHead,
    NotesManifest,
    NotesTraining,
    PlattScaling,
    Reach,
    Words,
)
from training.notes_bert.conditions import ABOUT, DOCUMENTED, HEADS

NAME, VERSION = "notes_bert", "1"
LEVELS = (Step("low", 0.0), Step("low-medium", 0.25), Step("medium", 0.5), Step("high", 0.8))
"""Calibrated probability that the note is about a thing or documents it; stated, not fitted. No level of risk."""
MOST = 1000.0
"""Evidence or weight of one word piece beyond which the answer is broken."""
REACH = Reach(max_tokens=256, overlap=32, lengths=(64, 128, 192, 256), min_tokens=8, most_tokens=30_000)

_TARGET = (
    "What a clinical note is about and which of four diseases it documents; it recognises documents and foretells "
    "nothing."
)
_CITATION = (
    "MTSamples, transcribed medical reports (mtsamples.com), as packed by ML4LHS/clinspacy; Wang et al., MiniLM, "
    "NeurIPS 2020; "
    "Reimers and Gurevych, Sentence-BERT, EMNLP 2019"
)


def draft(notes: int, positives: dict[str, int], seed: int) -> NotesManifest:
    """Return the manifest as far as it is known before calibration and export."""
    heads = len(HEADS)
    return NotesManifest(
        name=NAME,
        version=VERSION,
        kind="bert",
        modality="note",
        language="en",
        target=_TARGET,
        max_batch=8,
        pooling="attention-and-words",
        reach=REACH,
        vocabulary=Words(f"{VERSION}/vocab.txt", ""),
        sentences=5,
        tensors=(
            Tensor("input_ids", (-1,), "INT64", 0.0, 30521.0),
            Tensor("attention_mask", (-1,), "INT64", 0.0, 1.0),
            Tensor("share", (-1,), "FP32", 0.0, 1.0),
        ),
        outputs=(
            Output(
                "evidence", (-1, heads), "FP32", -MOST, MOST, meaning="log odds that each word piece speaks for a head"
            ),
            Output("weight", (-1, heads), "FP32", -MOST, MOST, meaning="logarithm of how much each word piece counts"),
            Output(
                "word",
                (-1, heads),
                "FP32",
                -MOST,
                MOST,
                meaning="log odds that it, and its pair with the one before, add wherever they stand",
            ),
        ),
        heads=tuple(_heads()),
        training=NotesTraining(
            data="MTSamples, transcribed clinical notes",
            citation=_CITATION,
            licence="CC0 as asserted by the person who scraped the site, not by the site itself; MiniLM: Apache-2.0",
            notes=notes,
            positives=positives,
            seed=seed,
            command="python -m training.notes_bert.train --cv 5",
        ),
        onnx=Onnx(f"{VERSION}/model.onnx", "", 17, 8),
    )


def _heads() -> list[NoteHead]:
    thresholds, scaling = Thresholds(0.5, "not chosen yet", LEVELS), PlattScaling(1.0, 0.0)
    about = [
        NoteHead(name=name, condition="about", target=target, calibration=scaling, thresholds=thresholds)
        for name, target in ABOUT.items()
    ]
    documented = [
        NoteHead(
            name=one.name,
            condition="documented",
            target=f"Probability that the note names {one.words} as the patient's own, told from the rest of the note.",
            names=one.names,
            calibration=scaling,
            thresholds=thresholds,
        )
        for one in DOCUMENTED
    ]
    return [*about, *documented]
