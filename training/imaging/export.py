"""A trained network of images as a folder of ``model_repo/``: network, manifest, configuration, golden cases."""

from __future__ import annotations

from pathlib import Path

import msgspec
from torch import nn
from torch.fx.experimental.optimization import fuse

from streams.inference.imaging_manifest import ImagingManifest, load_imaging
from training.imaging import golden
from training.manifest_file import manifest_text
from training.network_file import round_large_weights, write_onnx
from training.triton_config import config_of


def export(network: nn.Module, spec: ImagingManifest, repository: Path) -> ImagingManifest:
    """Write everything but the card and the figures, and return the manifest as it is read back.

    Normalisations are folded into the convolutions before weights are rounded to half precision, so that the file
    holds what was rounded.
    """
    folder = repository / spec.name
    folded = fuse(network.eval())
    round_large_weights(folded)
    onnx = write_onnx(folded, spec, folder / spec.version / "model.onnx")
    spec = msgspec.structs.replace(spec, onnx=onnx)
    (folder / "model.toml").write_text(manifest_text(spec), "utf-8")
    (folder / "config.pbtxt").write_text(config_of(spec), "utf-8")
    golden.write(golden.golden_of(spec, folded), folder / "golden.json")
    return load_imaging(repository, spec.name)
