"""The trained network as a folder of ``model_repo/``: network in eight bits, vocabulary, manifest, configuration."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec
import torch

from streams.inference.notes_manifest import NotesManifest, PlattScaling, load_notes
from training.manifest_file import manifest_text
from training.network_file import write_onnx
from training.notes_bert.conditions import HEADS
from training.notes_bert.crossed import Setting
from training.notes_bert.fitting import Learner
from training.notes_bert.lexicon import Lexicon
from training.notes_bert.network import NotesBert, Upper, pretrained, wheel_folder
from training.notes_bert.quantise import quantise
from training.triton_config import config_of


def whole(learner: Learner, lexicon: Lexicon, settings: Sequence[Setting]) -> NotesBert:
    """Return the network of all layers with both voices of the heads, weighed; the specialties are dropped."""
    layers, heads = len(learner.upper.layers), len(HEADS)
    lower, _ = pretrained(layers, learner.upper.heads)
    upper = Upper(layers, heads)
    upper.layers.load_state_dict(learner.upper.layers.state_dict())
    with torch.no_grad():
        for mine, theirs in ((upper.evidence, learner.upper.evidence), (upper.weight, learner.upper.weight)):
            mine.weight.copy_(theirs.weight[:heads])
            mine.bias.copy_(theirs.bias[:heads])
    trust = torch.tensor([one.trust for one in settings])
    table = torch.from_numpy(lexicon.table * [one.words for one in settings]).float()
    return NotesBert(lower, upper, trust, table).eval()


def settled(spec: NotesManifest, lexicon: Lexicon, settings: Sequence[Setting], chosen: str) -> NotesManifest:
    """Return the manifest with every head's calibration and threshold."""
    heads = tuple(
        msgspec.structs.replace(
            head,
            calibration=PlattScaling(1.0, round(one.intercept + one.words * float(base), 6)),
            thresholds=msgspec.structs.replace(head.thresholds, operating_point=one.threshold, chosen=chosen),
        )
        for head, one, base in zip(spec.heads, settings, lexicon.intercept, strict=True)
    )
    return msgspec.structs.replace(spec, heads=heads)


def with_vocabulary(spec: NotesManifest, folder: Path) -> NotesManifest:
    """Copy the wheel's vocabulary into a model's folder and return the manifest with its digest and place."""
    path = folder / spec.vocabulary.file
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(wheel_folder() / "vocab.txt", path)
    words = msgspec.structs.replace(spec.vocabulary, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    return msgspec.structs.replace(spec, vocabulary=words, folder=str(folder))


def export(network: NotesBert, spec: NotesManifest, repository: Path, *, eight_bits: bool = True) -> NotesManifest:
    """Write network, vocabulary, manifest and configuration, and return the manifest as it is read back."""
    folder = repository / spec.name
    spec = with_vocabulary(spec, folder)
    onnx = write_onnx(network, spec, folder / spec.version / "model.onnx", quantise if eight_bits else None)
    spec = msgspec.structs.replace(spec, onnx=onnx)
    (folder / "model.toml").write_text(manifest_text(spec), "utf-8")
    (folder / "config.pbtxt").write_text(config_of(spec), "utf-8")
    return load_notes(repository, spec.name)
