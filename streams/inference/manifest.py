"""A model's folder as a contract: what goes in, what comes out, how far to believe it; read from ``model.toml``."""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.errors import ContractError
from streams.records import Level
from streams.vocabulary import INDEX

Kind = Literal["gru"]
DType = Literal["FP32"]
NUMPY: dict[str, type[np.generic]] = {"FP32": np.float32}
"""Triton's name of an element type to numpy's."""

Positive = Annotated[float, msgspec.Meta(gt=0)]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]


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


class Tensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One named tensor of the exported network, without its batch dimension."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    low: float
    high: float


class Output(Tensor, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The network's answer."""

    meaning: str


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Platt scaling, already inside the exported graph: sigmoid(slope * logit + intercept)."""

    method: Literal["platt"]
    slope: Positive
    intercept: float
    inside_graph: Literal[True]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lowest probability of a level."""

    level: Level
    at: Probability


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a probability turns into a word."""

    operating_point: Probability
    chosen: str
    """How the operating point was chosen."""
    levels: tuple[Step, ...]
    """Rising; the first starts at 0."""


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the model learned from."""

    data: str
    citation: str
    licence: str
    stays: int
    deaths: int
    seed: int
    command: str


class Onnx(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The exported network and its digest."""

    file: str
    sha256: str
    opset: int
    ir_version: int


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
        return [step.level for step in self.thresholds.levels if probability >= step.at][-1]


class Answer(NamedTuple):
    """A batch's checked answer; a row that breaks the contract is marked and spoils no other."""

    values: NDArray[np.float32]
    """Shape (rows,); NaN where not `ok`."""
    ok: NDArray[np.bool_]
    """Shape (rows,)."""
    fault: str
    """What was expected and what came for the first fault; empty where all is well."""


def load(repository: Path, name: str) -> Manifest:
    """Read and check one model's ``model.toml`` and its network's digest.

    Parameters
    ----------
    repository
        The folder of models that Triton serves.
    name
        The model's folder.

    Raises
    ------
    ContractError
        Where the file is missing, malformed or not of this network.
    """
    path = repository / name / "model.toml"
    try:
        manifest = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Manifest)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise ContractError(f"{path} cannot be read: {error}; export the model again or mend the file") from error
    _check(manifest, path.parent)
    return manifest


def discover(repository: Path) -> tuple[Manifest, ...]:
    """Load every model of `repository`, in order of their names; every folder there must be a model."""
    return tuple(
        load(repository, path.name) for path in sorted(repository.iterdir()) if path.is_dir() and path.name[0] != "."
    )


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
    declared = manifest.output
    answer = outputs.get(declared.name)
    shape, dtype = (rows, *declared.shape), NUMPY[declared.dtype]
    if answer is None or answer.shape != shape or answer.dtype != dtype:
        came = "no such tensor" if answer is None else f"{answer.dtype} {answer.shape}"
        return _void(rows, f"{declared.name}: expected {np.dtype(dtype)} {shape}, received {came}")
    values = answer.reshape(rows, -1)[:, 0].astype(np.float32)
    ok = (values >= declared.low) & (values <= declared.high)  # NaN compares false
    fault = (
        ""
        if ok.all()
        else f"{declared.name}: {int((~ok).sum())} of {rows} rows not finite or not in {declared.low}..{declared.high}"
    )
    return Answer(np.where(ok, values, np.float32(np.nan)), ok, fault)


def _void(rows: int, fault: str) -> Answer:
    return Answer(np.full(rows, np.nan, np.float32), np.zeros(rows, np.bool_), fault)


def _check(manifest: Manifest, folder: Path) -> None:
    if manifest.name != folder.name:
        raise ContractError(f"model.toml names {manifest.name}, its folder is {folder.name}; they must be the same")
    unknown = sorted(c for i in manifest.inputs for c in (i.code, *i.parts) if c not in INDEX)
    if unknown:
        raise ContractError(f"{folder.name} reads codes {unknown} that the vocabulary lacks; add them there first")
    steps = [step.at for step in manifest.thresholds.levels]
    if not steps or steps[0] != 0 or steps != sorted(steps):
        raise ContractError(f"{folder.name}: levels start at {steps[:1]} and must start at 0 and rise")
    _check_digest(manifest, folder)


def _check_digest(manifest: Manifest, folder: Path) -> None:
    network = folder / manifest.onnx.file
    try:
        digest = hashlib.sha256(network.read_bytes()).hexdigest()
    except OSError as error:
        raise ContractError(f"{network} cannot be read: {error}; export the model again") from error
    if digest != manifest.onnx.sha256:
        raise ContractError(
            f"{network} has SHA-256 {digest}, model.toml says {manifest.onnx.sha256}; export the model again"
        )
