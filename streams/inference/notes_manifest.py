"""What a model of clinical notes declares in ``model.toml``: how a note is cut, what is answered, what that means."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from streams.errors import ContractError
from streams.inference.declared import (
    Onnx,
    Output,
    Positive,
    Tensor,
    Thresholds,
    check_declared,
    check_levels,
    manifest_folder,
    read_manifest,
)

Count = Annotated[int, msgspec.Meta(ge=1)]


class Reach(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a note is cut into the rows of a call."""

    max_tokens: Count
    """Longest row in word pieces, its two end marks among them."""
    overlap: Annotated[int, msgspec.Meta(ge=0)]
    """Word pieces that two neighbouring rows share."""
    lengths: tuple[Count, ...]
    """What rows are padded to, rising, the last `max_tokens`; rows of one length make a batch."""
    min_tokens: Count
    """Word pieces below which there is nothing to judge (``empty``)."""
    most_tokens: Count
    """Word pieces above which a note is refused (``too-long``)."""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The vocabulary of word pieces."""

    file: str
    """Beside the network, one word piece a line."""
    sha256: str


class PlattScaling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Probability of pooled log odds: sigmoid(slope * logit + intercept), by `streams.modalities.notes.read`."""

    slope: Positive
    intercept: float


class NoteHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that the model says of a note; its place in the list is its place in the outputs."""

    name: str
    """E.g. ``cardiovascular``."""
    condition: Literal["about", "documented"]
    """Whether the note is about it, or documents it of the patient; neither says anything of what will be."""
    target: str
    """One sentence: what the probability is the probability of."""
    names: tuple[str, ...] = ()
    """Regular expressions of the disease's names, which are hidden from the network."""
    calibration: PlattScaling
    thresholds: Thresholds


class NotesTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the model learned from."""

    data: str
    citation: str
    licence: str
    notes: int
    positives: dict[str, int]
    """Head to the notes of which it is true."""
    seed: int
    command: str


class NotesManifest(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"tensors": "tensor", "outputs": "output", "heads": "head"},
    kw_only=True,
):
    """One model of notes as its folder declares it.

    The network answers every word piece of a row, for each head, with ``evidence`` (log odds that it speaks for it
    where it stands), ``weight`` (how much that counts, as a logarithm) and ``word`` (what the word piece adds
    wherever it stands). A note's log odds are the mean of the evidence under the softmax of the weights, and the sum
    of ``word``, over all rows: one pooling for notes of any length, and every sentence's share of the answer can be
    told.
    """

    name: str
    version: str
    kind: Literal["bert"]
    modality: Literal["note"]
    language: Literal["en"]
    target: str
    max_batch: Count
    pooling: Literal["attention-and-words"]
    reach: Reach
    vocabulary: Words
    sentences: Count
    """Most sentences that are told of a head."""
    tensors: tuple[Tensor, Tensor, Tensor]
    """Numbers of word pieces, 1 where there is one, and their shares of the note's words; shape (-1,)."""
    outputs: tuple[Output, Output, Output]
    """Evidence, weight and word; shape (-1, heads)."""
    heads: tuple[NoteHead, ...]
    training: NotesTraining
    onnx: Onnx
    folder: str = ""
    """Where it was read from; never written."""

    @property
    def answers(self) -> tuple[Output, ...]:
        """Every output."""
        return self.outputs

    @property
    def vocabulary_path(self) -> Path:
        """The file of word pieces."""
        return Path(self.folder) / self.vocabulary.file


def load_notes(repository: Path, name: str, version: str = "") -> NotesManifest:
    """Read and check one model's ``model.toml``, its network's and its vocabulary's digest; see `manifest.load`.

    Raises
    ------
    ContractError
        Where the file is missing, malformed, of another modality, or not of this network and vocabulary.
    """
    folder = manifest_folder(repository / name, version)
    manifest = read_manifest(folder, NotesManifest)
    check_declared(manifest, repository / name, version)
    manifest = msgspec.structs.replace(manifest, folder=str(repository / name))
    _check_vocabulary(manifest)
    _check_reach(manifest)
    for head in manifest.heads:
        check_levels(f"{name}/{head.name}", head.thresholds)
        _check_names(name, head)
    return manifest


def _check_vocabulary(manifest: NotesManifest) -> None:
    path, said = manifest.vocabulary_path, manifest.vocabulary.sha256
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ContractError(f"{path} cannot be read: {error}; export the model again") from error
    if digest != said:
        raise ContractError(f"{path} has SHA-256 {digest}, model.toml says {said}; export the model again")


def _check_reach(manifest: NotesManifest) -> None:
    reach, heads = manifest.reach, len(manifest.heads)
    if list(reach.lengths) != sorted(set(reach.lengths)) or reach.lengths[-1:] != (reach.max_tokens,):
        raise ContractError(
            f"{manifest.name}: lengths are {reach.lengths}; they must rise and end at {reach.max_tokens}"
        )
    if reach.overlap * 2 > reach.max_tokens - 2:
        raise ContractError(
            f"{manifest.name}: overlap is {reach.overlap}; at most half of a row, {reach.max_tokens // 2 - 1}"
        )
    shapes = {tensor.shape for tensor in manifest.tensors} | {output.shape for output in manifest.outputs}
    if shapes != {(-1,), (-1, heads)}:
        raise ContractError(f"{manifest.name}: shapes are {sorted(shapes)}; expected (-1,) in and (-1, {heads}) out")


def _check_names(name: str, head: NoteHead) -> None:
    for pattern in head.names:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ContractError(
                f"{name}/{head.name}: {pattern!r} is no regular expression: {error}; mend it"
            ) from error
