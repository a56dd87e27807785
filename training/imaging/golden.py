"""Golden cases: drawn pictures with what becomes of them, which every later change must reproduce."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from streams.inference.imaging_manifest import ImagingManifest
from streams.modalities.imaging import Prepared, Reading, prepare, read, refused, stack
from streams.registry.golden import sampled
from streams.simulate.films import drawn
from training.imaging.phantoms import CASES, Phantom

__all__ = ["GoldenPicture", "GoldenPictures", "golden_of", "read_golden", "sampled", "write"]


class GoldenPicture(msgspec.Struct, frozen=True):
    """One drawn picture with what comes of it."""

    phantom: Phantom
    tensors: dict[str, list[float]]
    """`sampled`, by name."""
    outputs: dict[str, list[float]]
    """`sampled`, by name, as torch answers; empty where the model is not asked."""
    reading: Reading
    """Without outlines, which the samples of the outputs stand for."""


class GoldenPictures(msgspec.Struct, frozen=True):
    """The content of ``golden.json`` of a model of images."""

    model: str
    version: str
    cases: tuple[GoldenPicture, ...]


def golden_of(spec: ImagingManifest, network: nn.Module) -> GoldenPictures:
    """Run the phantoms through the feature function, torch and the reading."""
    return GoldenPictures(spec.name, spec.version, tuple(_case(spec, network, phantom) for phantom in CASES))


def _case(spec: ImagingManifest, network: nn.Module, phantom: Phantom) -> GoldenPicture:
    prepared = prepare(drawn(phantom.film), spec)
    tensors = {name: sampled(tensor) for name, tensor in prepared.tensors.items()}
    if prepared.reasons:
        return GoldenPicture(phantom, tensors, {}, refused(spec, prepared.reasons))
    answers = _asked(spec, network, prepared)
    (reading,) = read(spec, answers, [prepared.frame])
    outputs = {name: sampled(answer) for name, answer in answers.items()}
    return GoldenPicture(phantom, tensors, outputs, msgspec.structs.replace(reading, outlines=()))


def _asked(spec: ImagingManifest, network: nn.Module, prepared: Prepared) -> dict[str, NDArray[np.float32]]:
    batch = stack([prepared])
    with torch.no_grad():
        answer = network(*(torch.from_numpy(batch[t.name]) for t in spec.tensors))
    told = answer if isinstance(answer, tuple) else (answer,)
    return {output.name: tensor.numpy() for output, tensor in zip(spec.answers, told, strict=True)}


def write(golden: GoldenPictures, path: Path) -> None:
    """Write ``golden.json``, one case a line."""
    cases = b",\n".join(msgspec.json.encode(case) for case in golden.cases)
    head = msgspec.json.encode({"model": golden.model, "version": golden.version})[:-1]
    path.write_bytes(head + b',"cases":[\n' + cases + b"\n]}\n")


def read_golden(path: Path) -> GoldenPictures:
    """Read ``golden.json``."""
    return msgspec.json.decode(path.read_bytes(), type=GoldenPictures)
