"""A trained network of images as a folder of ``model_repo/``: network, manifest, configuration, golden cases."""

from __future__ import annotations

from pathlib import Path

import msgspec
import torch
from torch import nn
from torch.fx.experimental.optimization import fuse

from streams.inference.imaging_manifest import ImagingManifest, load_imaging
from training.imaging import golden
from training.manifest_file import manifest_text
from training.network_file import round_large_weights, write_onnx
from training.triton_config import config_of

SAME = 1e-3
"""Most that folding may change of an answer."""


def export(network: nn.Module, spec: ImagingManifest, repository: Path) -> ImagingManifest:
    """Write everything but the card and the figures, and return the manifest as it is read back.

    Normalisations are folded into the convolutions before weights are rounded to half precision, so that the file
    holds what was rounded.
    """
    folder = repository / spec.name
    folded = folded_of(network, spec)
    round_large_weights(folded)
    onnx = write_onnx(folded, spec, folder / spec.version / "model.onnx")
    spec = msgspec.structs.replace(spec, onnx=onnx)
    (folder / "model.toml").write_text(manifest_text(spec), "utf-8")
    (folder / "config.pbtxt").write_text(config_of(spec), "utf-8")
    golden.write(golden.golden_of(spec, folded), folder / "golden.json")
    return load_imaging(repository, spec.name)


def folded_of(network: nn.Module, spec: ImagingManifest) -> nn.Module:
    """Return the network with its normalisations folded into the convolutions before them.

    Raises
    ------
    ValueError
        Where that changed what it says, as it does where a part is called twice.
    """
    folded: nn.Module = fuse(network.eval())
    picture = torch.rand(2, *spec.tensors[0].shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        pairs = zip(_told(network, picture), _told(folded, picture), strict=True)
        changed = max(float((one - two).abs().max()) for one, two in pairs)
    if not changed < SAME:
        raise ValueError(f"folding {spec.name} changed an answer by {changed:.2g}; call every part of it once")
    return folded


def _told(network: nn.Module, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
    answer = network(picture)
    return answer if isinstance(answer, tuple) else (answer,)
