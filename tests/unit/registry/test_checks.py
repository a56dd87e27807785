"""What a dropped-in version must keep, and the sentence where it does not."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from streams.inference.client import Unanswered
from streams.registry.checks import Check, checks
from tests.conftest import MODEL_REPOSITORY
from tests.second_version import MODEL, write_second


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_second(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def repository(written: Path, tmp_path: Path) -> Path:
    shutil.copytree(written, tmp_path / "repository")
    return tmp_path / "repository"


async def failing(repository: Path, version: str = "4") -> dict[str, str]:
    """Name and words of the checks that do not pass."""
    return {one.name: one.words for one in await checks(repository, MODEL, version) if not one.ok}


@pytest.mark.parametrize("model", [MODEL, "chest_heart_unet"])
async def test_a_model_of_either_modality_that_is_shipped_keeps_everything(model: str) -> None:
    found = await checks(MODEL_REPOSITORY, model)
    assert [one for one in found if not one.ok] == []
    assert [one.name for one in found] == [
        "manifest", "config.pbtxt", "MODEL_CARD.md", "features", "network", "answers by onnxruntime",
    ]  # fmt: skip


async def test_a_second_version_beside_the_shipped_one_keeps_everything(repository: Path) -> None:
    assert await failing(repository) == {}
    assert await failing(repository, "") == {}


def change(path: Path, pattern: str, to: str) -> None:
    text, count = re.subn(pattern, to, path.read_text(), count=1, flags=re.M)
    assert count
    path.write_text(text)


async def test_a_version_without_a_manifest_of_its_own_is_not_taken_for_the_shipped_one(repository: Path) -> None:
    (repository / MODEL / "4/model.toml").unlink()
    assert "expected a model.toml of version 4" in (await failing(repository))["manifest"]


async def test_another_network_than_the_declared_one_is_noticed(repository: Path) -> None:
    shutil.copy(next((repository / MODEL).glob("[0-35-9]/model.onnx")), repository / MODEL / "4/model.onnx")
    assert "SHA-256" in (await failing(repository))["manifest"]


async def test_a_version_that_triton_is_not_told_of_is_noticed(repository: Path) -> None:
    change(repository / MODEL / "config.pbtxt", r", 4 \]", " ]")
    assert "expected 4 among them" in (await failing(repository))["config.pbtxt"]


async def test_a_queue_without_an_end_is_noticed(repository: Path) -> None:
    change(repository / MODEL / "config.pbtxt", r"max_queue_size: \d+", "max_queue_size: 0")
    assert "bounded" in (await failing(repository))["config.pbtxt"]


async def test_a_card_that_does_not_say_what_it_is_not_for_is_noticed(repository: Path) -> None:
    (repository / MODEL / "4/MODEL_CARD.md").write_text("A fine model.\n")
    assert "Not a medical device" in (await failing(repository))["MODEL_CARD.md"]


async def test_golden_cases_of_another_version_are_noticed(repository: Path) -> None:
    shutil.copy(repository / MODEL / "golden.json", repository / MODEL / "4/golden.json")
    assert "write it anew" in (await failing(repository))["golden cases"]


async def test_a_network_that_answers_otherwise_than_the_golden_cases_say_is_noticed(repository: Path) -> None:
    change(repository / MODEL / "4/golden.json", r'"output": 0\.', '"output": 0.5')
    assert "largest difference" in (await failing(repository))["answers by onnxruntime"]


async def test_features_that_differ_from_the_golden_cases_are_noticed(repository: Path) -> None:
    change(repository / MODEL / "4/golden.json", r"72\.0", "99.0")
    assert "stored tensors" in (await failing(repository))["features"]


async def test_a_triton_that_is_away_is_a_failed_check(repository: Path) -> None:
    async def away(_: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        raise Unanswered("unavailable", MODEL)

    [last] = [one for one in await checks(repository, MODEL, "4", away) if one.name == "answers by Triton"]
    assert not last.ok
    assert last.words.startswith("unavailable")


async def through_a_session(tensors: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    session = onnxruntime.InferenceSession(str(MODEL_REPOSITORY / MODEL / "3/model.onnx"))
    return {"risk": session.run(["risk"], dict(tensors))[0]}


async def test_where_onnxruntime_is_not_installed_the_answers_by_triton_stand_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    found = await checks(MODEL_REPOSITORY, MODEL, "", through_a_session)
    assert [one for one in found if not one.ok] == []
    assert [(one.name, "not run here" in one.words) for one in found[-2:]] == [
        ("network", True), ("answers by Triton", False),
    ]  # fmt: skip


async def test_without_onnxruntime_and_without_triton_nothing_says_what_the_network_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    last = (await checks(MODEL_REPOSITORY, MODEL))[-1]
    assert (last.name, last.ok) == ("network", False)
    assert "ask the running Triton instead (--triton)" in last.words


async def test_a_triton_that_answers_nonsense_is_a_failed_check(repository: Path) -> None:
    async def nonsense(tensors: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        return {"risk": np.full((len(next(iter(tensors.values()))), 1), np.nan, np.float32)}

    found = await checks(repository, MODEL, "4", nonsense)
    assert found[-1] == Check("answers by Triton", False, found[-1].words)
    assert "not finite" in found[-1].words
