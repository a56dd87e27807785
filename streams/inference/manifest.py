"""What a model of vital signs declares in ``model.toml``: window, inputs, sufficiency, the meaning of its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.errors import ContractError
from streams.inference.answers import check_outputs
from streams.inference.declared import (
    NUMPY,
    Calibration,
    DType,
    Onnx,
    Output,
    Positive,
    Probability,
    Step,
    Tensor,
    Thresholds,
    check_declared,
    check_levels,
    manifest_folder,
    read_manifest,
)
from streams.records import Level
from streams.vocabulary import INDEX

__all__ = [
    "NUMPY", "Answer", "Calibration", "DType", "Input", "Manifest", "Onnx", "Output", "Probability", "Statics", "Step",
    "Sufficiency", "Tensor", "Thresholds", "Training", "Window", "check_output", "load",
]  # fmt: skip

Kind = Literal["gru"]
MAX_BATCH = 256
"""Rows of one call; a row is 12 kB."""


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bins counted backwards from ``as_of``: bin k holds (as_of - (k+1) bins, as_of - k bins]."""

    bins: Annotated[int, msgspec.Meta(ge=1)]
    bin_s: Annotated[int, msgspec.Meta(ge=1)]


class Sufficiency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Least input, counted over the window, below which the model does not answer."""

    min_facts: int
    min_codes: int


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One clinical quantity that the model reads; the place in the list is its column in the tensors."""

    code: str
    """Canonical LOINC code of `streams.vocabulary`."""
    name: str
    unit: str
    """UCUM; the vocabulary's unit."""
    group: Literal["vital", "lab"]
    mean: float
    """Of the scaled bin values in the training data; subtracted first."""
    std: Positive
    scale: Literal["linear", "log1p"] = "linear"
    """What is done to a bin's value before it is normalised."""
    aggregate: Literal["mean", "sum"] = "mean"
    """How the values within a bin become one."""
    low: float = -math.inf
    """Values below are not read, where narrower than the vocabulary's range."""
    high: float = math.inf
    required: bool = False
    """Without it the model does not answer (``missing:CODE``)."""
    fresh_s: float = math.inf
    """Oldest that the newest value of a required input may be at ``as_of`` (``stale:CODE``)."""
    timing: bool = True
    """False: the network sees the value, not when it was taken, because its timing differs between sites."""
    parts: tuple[str, ...] = ()
    """Codes whose values of one instant add up to this quantity (Glasgow coma score)."""


class Statics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How age enters: years at ``as_of``, cut at `age_max`, normalised."""

    age_mean: float
    age_std: Positive
    age_max: float


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the model learned from."""

    data: str
    citation: str
    licence: str
    stays: int
    deaths: int
    seed: int
    command: str


class Manifest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"inputs": "input", "tensors": "tensor"}
):
    """One model as its folder declares it."""

    name: str
    version: str
    kind: Kind
    modality: str
    target: str
    """One sentence: what the probability is the probability of."""
    window: Window
    sufficiency: Sufficiency
    inputs: tuple[Input, ...]
    statics: Statics
    tensors: tuple[Tensor, ...]
    output: Output
    calibration: Calibration
    thresholds: Thresholds
    training: Training
    onnx: Onnx

    def level(self, probability: float) -> Level:
        """Return the level of a calibrated `probability`."""
        return self.thresholds.level(probability)

    @property
    def answers(self) -> tuple[Output, ...]:
        """The one output."""
        return (self.output,)

    @property
    def max_batch(self) -> int:
        """Most rows per call."""
        return MAX_BATCH


class Answer(NamedTuple):
    """A batch's checked answer; a row that breaks the contract is marked and spoils no other."""

    values: NDArray[np.float32]
    """Shape (rows,); NaN where not `ok`."""
    ok: NDArray[np.bool_]
    """Shape (rows,)."""
    fault: str
    """What was expected and what came for the first fault; empty where all is well."""


def load(repository: Path, name: str, version: str = "") -> Manifest:
    """Read and check one model's ``model.toml`` and its network's digest.

    Parameters
    ----------
    repository
        The folder of models that Triton serves.
    name
        The model's folder.
    version
        Of which version; empty for the one that the model's folder itself names. See `manifest_folder`.

    Raises
    ------
    ContractError
        Where the file is missing, malformed or not of this network or version.
    """
    manifest = read_manifest(manifest_folder(repository / name, version), Manifest)
    check_declared(manifest, repository / name, version)
    unknown = sorted(c for i in manifest.inputs for c in (i.code, *i.parts) if c not in INDEX)
    if unknown:
        raise ContractError(f"{name} reads codes {unknown} that the vocabulary lacks; add them there first")
    check_levels(name, manifest.thresholds)
    return manifest


def check_output(manifest: Manifest, outputs: Mapping[str, NDArray[np.generic]], rows: int) -> Answer:
    """Check a batch's answer against the manifest before anyone believes it.

    Parameters
    ----------
    outputs
        Tensors by name as the server returned them; the declared one has shape (`rows`, *shape*).

    Returns
    -------
    Answer
        A wrong name, shape or element type marks every row; a value that is not finite or out of range its own.
    """
    checked = check_outputs(manifest, outputs, rows)
    return Answer(checked.outputs[manifest.output.name].reshape(rows, -1)[:, 0], checked.ok, checked.fault)
