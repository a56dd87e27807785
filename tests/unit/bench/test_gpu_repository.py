"""Configs for GPUs differ from those for CPUs in two places, and Triton's own schema reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from bench.gpu_repository import ENGINES, copy, on_gpu

MODELS = Path(__file__).parents[3] / "model_repo"
CONFIGS = sorted(MODELS.glob("*/config.pbtxt"))


def parsed(text: str) -> model_config_pb2.ModelConfig:
    return text_format.Parse(text, model_config_pb2.ModelConfig())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.parent.name)
def test_only_the_place_of_instances_and_the_accelerator_differ(path: Path, engine: str) -> None:
    before, after = parsed(path.read_text("utf-8")), parsed(on_gpu(path.read_text("utf-8"), engine))
    assert {group.kind for group in after.instance_group} == {model_config_pb2.ModelInstanceGroup.KIND_GPU}
    named = [one.name for one in after.optimization.execution_accelerators.gpu_execution_accelerator]
    assert named == (["tensorrt"] if engine == "tensorrt" else [])
    for config in (before, after):
        config.ClearField("instance_group")
        config.ClearField("optimization")
    assert before == after


def test_a_config_that_says_no_place_is_refused() -> None:
    with pytest.raises(ValueError, match="expected `kind: KIND_CPU`"):
        on_gpu('name: "m"', "cuda")


def test_a_copy_leaves_the_original_and_the_models_as_they_are(tmp_path: Path) -> None:
    names = copy(MODELS, tmp_path / "gpu", "cuda")
    assert names == [path.parent.name for path in CONFIGS]
    for path in MODELS.rglob("*.onnx"):
        assert (tmp_path / "gpu" / path.relative_to(MODELS)).read_bytes() == path.read_bytes()
    assert all("KIND_CPU" in path.read_text("utf-8") for path in CONFIGS)


def test_only_the_models_that_are_named_go_on_gpus_and_a_second_copy_ends_the_same(tmp_path: Path) -> None:
    for _ in range(2):
        assert copy(MODELS, tmp_path / "gpu", "cuda", ["chest_heart_unet"]) == ["chest_heart_unet"]
    for path in CONFIGS:
        place = "KIND_GPU" if path.parent.name == "chest_heart_unet" else "KIND_CPU"
        assert place in (tmp_path / "gpu" / path.relative_to(MODELS)).read_text("utf-8")


def test_a_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected models of .*, received nobody"):
        copy(MODELS, tmp_path / "gpu", "cuda", ["nobody"])
