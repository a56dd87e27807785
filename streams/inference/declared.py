"""What every model's folder declares, whatever its modality: tensors, answers, the network's file."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec
import numpy as np

from streams.errors import ContractError
from streams.records import Level

DType = Literal["FP32", "INT64"]
NUMPY: dict[str, type[np.generic]] = {"FP32": np.float32, "INT64": np.int64}
"""Triton's name of an element type to numpy's."""

Positive = Annotated[float, msgspec.Meta(gt=0)]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Tensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One named tensor of the exported network, without its batch dimension."""

    name: str
    shape: tuple[int, ...]
    """-1 where it is free and may differ from call to call."""
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

    def level(self, probability: float) -> Level:
        """Return the level of a calibrated `probability`."""
        return [step.level for step in self.levels if probability >= step.at][-1]


class Onnx(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The exported network and its digest."""

    file: str
    sha256: str
    opset: int
    ir_version: int


class Declared(Protocol):
    """What the server, the exporter and the checks need to know of a model of any modality."""

    @property
    def name(self) -> str:
        """The model's folder."""

    @property
    def version(self) -> str:
        """A whole number; the folder of the network's file."""

    @property
    def target(self) -> str:
        """One sentence: what is said of the patient."""

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What goes in, in the network's order."""

    @property
    def answers(self) -> tuple[Output, ...]:
        """What comes out, in the network's order."""

    @property
    def max_batch(self) -> int:
        """Most rows per call."""

    @property
    def onnx(self) -> Onnx:
        """The network's file."""


M = TypeVar("M", bound=msgspec.Struct)


def read_manifest(folder: Path, kind: type[M]) -> M:
    """Read ``model.toml`` of one model's folder.

    Raises
    ------
    ContractError
        Where the file is missing, malformed or not of this `kind`.
    """
    path = folder / "model.toml"
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), kind)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise ContractError(f"{path} cannot be read: {error}; export the model again or mend the file") from error


def manifest_folder(folder: Path, version: str = "") -> Path:
    """Return where the manifest of a version stands: beside its network where it has one there, else in the folder.

    The version that a model is shipped with is described in the model's folder; a further one, such as a candidate,
    brings its own ``model.toml`` into ``<model>/<version>/``, which Triton passes over.
    """
    own = folder / version if version else folder
    return own if (own / "model.toml").is_file() else folder


def check_declared(manifest: Declared, folder: Path, version: str = "") -> None:
    """Raise ContractError where the manifest is not of this folder, of this network, or of the version asked for."""
    if version and manifest.version != version:
        raise ContractError(
            f"{folder.name}: expected a model.toml of version {version}, received one of {manifest.version}; "
            f"put the candidate's own into {folder.name}/{version}/"
        )
    if manifest.name != folder.name:
        raise ContractError(f"model.toml names {manifest.name}, its folder is {folder.name}; they must be the same")
    network = folder / manifest.onnx.file
    try:
        digest = hashlib.sha256(network.read_bytes()).hexdigest()
    except OSError as error:
        raise ContractError(f"{network} cannot be read: {error}; export the model again") from error
    if digest != manifest.onnx.sha256:
        raise ContractError(
            f"{network} has SHA-256 {digest}, model.toml says {manifest.onnx.sha256}; export the model again"
        )


def check_levels(name: str, thresholds: Thresholds) -> None:
    """Raise ContractError where levels do not start at 0 and rise."""
    steps = [step.at for step in thresholds.levels]
    if not steps or steps[0] != 0 or steps != sorted(steps):
        raise ContractError(f"{name}: levels start at {steps[:1]} and must start at 0 and rise")
