"""A copy of the model repository whose configs ask for GPUs: ``python -m bench.gpu_repository --to FOLDER``.

The models are the same files; only ``config.pbtxt`` differs, in the two places that ``docs/gpu.md`` explains. With
``--models`` the named ones alone are put on GPUs and the others stay as they are.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Collection
from pathlib import Path

ON_CPU = "kind: KIND_CPU"
ENGINES = {
    "cuda": "",
    "tensorrt": """\
optimization { execution_accelerators { gpu_execution_accelerator : [ {
  name : "tensorrt"
  parameters { key: "precision_mode" value: "FP32" }
  parameters { key: "max_workspace_size_bytes" value: "1073741824" }
  parameters { key: "trt_engine_cache_enable" value: "1" }
  parameters { key: "trt_engine_cache_path" value: "/engines" }
} ] } }
""",
}
"""What a config says beside its instances; CUDA is what ONNX Runtime takes on a GPU unless told otherwise."""


def on_gpu(config: str, engine: str) -> str:
    """Return a ``config.pbtxt`` that puts its instances on GPUs; ValueError where it does not say where they are."""
    if ON_CPU not in config:
        raise ValueError(f"expected `{ON_CPU}` in the config, found none; export the model again")
    text = config.replace(ON_CPU, "kind: KIND_GPU")
    return text + ("" if text.endswith("\n") else "\n") + ENGINES[engine]


def copy(source: Path, target: Path, engine: str, models: Collection[str] = ()) -> list[str]:
    """Copy every model of a repository, a second time over the first; return the names of those that go on GPUs.

    ValueError where `models` names one that is not there; all go on GPUs where it names none.
    """
    shutil.copytree(source, target, dirs_exist_ok=True)
    configs = {config.parent.name: config for config in sorted(target.glob("*/config.pbtxt"))}
    if unknown := set(models) - configs.keys():
        raise ValueError(f"expected models of {source}, received {', '.join(sorted(unknown))}")
    moved = [name for name in configs if not models or name in models]
    for name in moved:
        configs[name].write_text(on_gpu(configs[name].read_text("utf-8"), engine), "utf-8")
    return moved


def main() -> None:
    """Copy and say what was copied."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, default=Path("model_repo"))
    parser.add_argument("--to", dest="target", type=Path, required=True, help="folder to copy into")
    parser.add_argument("--engine", choices=tuple(ENGINES), default="cuda")
    parser.add_argument("--models", nargs="*", default=(), help="those that go on GPUs; all where none is named")
    options = parser.parse_args()
    for name in copy(options.source, options.target, options.engine, options.models):
        print(f"{name}: on GPU, {options.engine}")


if __name__ == "__main__":
    main()
