"""What a model of images declares in ``model.toml``: which pictures it is for, how they are framed, what it answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from streams.errors import ContractError
from streams.inference.declared import (
    Calibration,
    Onnx,
    Output,
    Tensor,
    Thresholds,
    check_declared,
    check_levels,
    manifest_folder,
    read_manifest,
)

Unknown = Literal["accept", "refuse"]
"""What becomes of a picture that does not say it."""


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which pictures the model is for; what is not named here is not looked at. No guess is made."""

    modalities: tuple[str, ...]
    """DICOM (0008,0060), e.g. ``CR``, ``DX``, ``CT``."""
    body_parts: tuple[str, ...]
    """DICOM (0018,0015), e.g. ``CHEST``; upper case."""
    unknown_body_part: Unknown = "refuse"
    views: tuple[str, ...] = ()
    """DICOM (0018,5101), e.g. ``PA``; empty: any."""
    unknown_view: Unknown = "refuse"
    min_age_years: float = 0.0
    max_age_years: float = float("inf")
    """Up to but not including."""
    unknown_age: Unknown = "refuse"
    """Where it is accepted, and the ages have a bound, the prediction says ``age:unknown``."""


class Framing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a picture becomes the first tensor: which part, what size, which values become 0 and 1."""

    fit: Literal["stretch", "centre-square"]
    """The whole picture, its sides scaled each on its own; or the largest square in the middle."""
    scaling: Literal["percentiles", "window"]
    """`low` and `high` are percentiles of the framed picture, or values (HU)."""
    low: float
    high: float
    min_side: Annotated[int, msgspec.Meta(ge=1)]
    """Shortest side in pixels below which a picture is refused."""


class ImageOutput(Output, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One tensor of the network's answer and how it is read.

    ``class``: calibrated probabilities of `names`, shape (names,). ``measure``: values of `names`, shape (names,).
    ``outline``: probability of each of `names` at every place of the framed picture, shape (names, rows, columns).
    ``heat``: how much each place of a coarse grid speaks for ``names[0]``, shape (rows, columns).
    """

    kind: Literal["class", "measure", "outline", "heat"]
    names: tuple[str, ...]
    unit: str = ""
    """UCUM, of a ``measure``."""


class WidthRatio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measure drawn from outlines: the width of some over the width of others, each from outer edge to outer edge."""

    name: str
    of: tuple[str, ...]
    over: tuple[str, ...]
    usual_high: float
    """Upper end of what is usual in the people the model is for; above it is no diagnosis."""
    unit: str = "1"


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure of the answer that has to lie between two ends for the picture to be one the model is for."""

    figure: str
    """A name of `streams.modalities.imaging.plausibility`."""
    low: float
    high: float


class ImageTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the model learned from."""

    data: str
    citation: str
    licence: str
    images: int
    positives: int
    """Of the one class; 0 where there is none."""
    seed: int
    command: str


class ImagingManifest(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"tensors": "tensor", "outputs": "output", "measures": "measure", "limits": "limit"},
    kw_only=True,
):
    """One model of images as its folder declares it."""

    name: str
    version: str
    kind: Literal["cnn", "unet"]
    modality: Literal["imaging"]
    target: str
    max_batch: Annotated[int, msgspec.Meta(ge=1)]
    selection: Selection
    framing: Framing
    tensors: tuple[Tensor, ...]
    """The first is the picture: shape (1, rows, columns)."""
    outputs: tuple[ImageOutput, ...]
    measures: tuple[WidthRatio, ...] = ()
    limits: tuple[Limit, ...] = ()
    """Outside of any of them the answer is refused."""
    calibration: Calibration | None = None
    thresholds: Thresholds | None = None
    """Of the first class; None where there is no class."""
    training: ImageTraining
    onnx: Onnx

    @property
    def answers(self) -> tuple[Output, ...]:
        """Every output."""
        return self.outputs

    def of_kind(self, kind: str) -> tuple[ImageOutput, ...]:
        """Return the outputs of one kind."""
        return tuple(output for output in self.outputs if output.kind == kind)


def load_imaging(repository: Path, name: str, version: str = "") -> ImagingManifest:
    """Read and check one model's ``model.toml`` and its network's digest; see `streams.inference.manifest.load`.

    Raises
    ------
    ContractError
        Where the file is missing, malformed, of another modality or not of this network.
    """
    manifest = read_manifest(manifest_folder(repository / name, version), ImagingManifest)
    check_declared(manifest, repository / name, version)
    outlined = {each for output in manifest.of_kind("outline") for each in output.names}
    needed = {each for measure in manifest.measures for each in (*measure.of, *measure.over)}
    if needed - outlined:
        raise ContractError(f"{name} measures {sorted(needed - outlined)}, which no output outlines; mend model.toml")
    if manifest.thresholds is not None:
        check_levels(name, manifest.thresholds)
    return manifest
