"""The trained network as a folder of ``model_repo/``: the network, its manifest, configuration and golden cases."""

from __future__ import annotations

from pathlib import Path

import msgspec

from streams.inference.manifest import Manifest, load
from training import golden
from training.deterioration_gru.golden_cases import CASES
from training.deterioration_gru.network import Calibrated
from training.manifest_file import manifest_text
from training.network_file import round_large_weights, write_onnx
from training.triton_config import config_of


def export(network: Calibrated, spec: Manifest, repository: Path) -> Manifest:
    """Write everything but the card and the figures, and return the manifest as it is read back."""
    folder = repository / spec.name
    round_large_weights(network)
    onnx = write_onnx(network, spec, folder / spec.version / "model.onnx")
    spec = msgspec.structs.replace(spec, onnx=onnx)
    (folder / "model.toml").write_text(manifest_text(spec), "utf-8")
    (folder / "config.pbtxt").write_text(config_of(spec), "utf-8")
    golden.write(golden.golden_of(spec, network, CASES), folder / "golden.json")
    return load(repository, spec.name)
