"""The python-based backend ``onnxruntime`` in the real Triton, against onnxruntime itself."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from tritonclient import grpc
from tritonclient.utils import InferenceServerException

from streams.embedded import triton
from streams.embedded.part import PartFailed
from streams.embedded.stack import Stack

pytestmark = pytest.mark.embedded

WriteModel = Callable[[Path, str], None]
Rows = npt.NDArray[np.float32]

UNBATCHED = """\
backend: "onnxruntime"
max_batch_size: 0
input [{ name: "x" data_type: TYPE_FP32 dims: [-1, 3] }]
output [{ name: "risk" data_type: TYPE_FP32 dims: [-1, 1] }]
instance_group [{ count: 1 kind: KIND_CPU }]
"""
COMPLETED = 'backend: "onnxruntime"\n'


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, tiny_repository: Path, write_model: WriteModel) -> Path:
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(tiny_repository / "tiny", folder / "tiny")
    write_model(folder / "unbatched", UNBATCHED)
    write_model(folder / "completed", COMPLETED)
    return folder


@pytest.fixture(scope="module")
def client(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.InferenceServerClient]:
    run_dir = tmp_path_factory.mktemp("triton")
    stack = Stack(run_dir, broker="tansu", model_repository=repository)
    with stack, grpc.InferenceServerClient(stack.settings.triton_url) as made:
        yield made


def rows(count: int, seed: int = 0) -> Rows:
    return np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)


def tensor(values: Rows) -> grpc.InferInput:
    made = grpc.InferInput("x", list(values.shape), "FP32")
    made.set_data_from_numpy(values)
    return made


def expected(repository: Path, values: Rows) -> Rows:
    session = onnxruntime.InferenceSession(repository / "tiny/1/model.onnx")
    answer: Rows = session.run(["risk"], {"x": values})[0]
    return answer


@pytest.mark.parametrize("model", ["tiny", "unbatched"])
@pytest.mark.parametrize("count", [1, 2, 64])
def test_the_answer_is_that_of_onnxruntime(
    client: grpc.InferenceServerClient, repository: Path, model: str, count: int
) -> None:
    values = rows(count, seed=count)
    answer = client.infer(model, [tensor(values)]).as_numpy("risk")
    np.testing.assert_allclose(answer, expected(repository, values), rtol=0, atol=1e-6)
    assert answer.dtype == np.float32


def test_a_config_left_out_is_completed_from_the_network(client: grpc.InferenceServerClient, repository: Path) -> None:
    values = rows(3)
    answer = client.infer("completed", [tensor(values)]).as_numpy("risk")
    np.testing.assert_allclose(answer, expected(repository, values), rtol=0, atol=1e-6)
    config = client.get_model_config("completed").config
    assert [(t.name, list(t.dims)) for t in config.input] == [("x", [3])]
    assert [(t.name, list(t.dims)) for t in config.output] == [("risk", [1])]


def test_requests_of_different_sizes_run_as_one_batch_and_each_gets_its_own_rows(
    client: grpc.InferenceServerClient, repository: Path
) -> None:
    before = client.get_inference_statistics("tiny").model_stats[0]
    sizes = [1, 5, 2, 7, 3, 1]
    asked = [rows(size, seed=100 + size * 10 + at) for at, size in enumerate(sizes)]
    answers: dict[int, Rows] = {}

    def answered(at: int) -> Callable[[grpc.InferResult | None, Exception | None], None]:
        def keep(result: grpc.InferResult | None, error: Exception | None) -> None:
            assert error is None
            assert result is not None
            answers[at] = result.as_numpy("risk")

        return keep

    for at, values in enumerate(asked):
        client.async_infer("tiny", [tensor(values)], answered(at))
    wait_for(lambda: len(answers) == len(sizes))
    for at, values in enumerate(asked):
        np.testing.assert_allclose(answers[at], expected(repository, values), rtol=0, atol=1e-6)
    after = client.get_inference_statistics("tiny").model_stats[0]
    assert after.inference_count - before.inference_count == sum(sizes)
    assert after.execution_count - before.execution_count < len(sizes)


def wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "gave up waiting"
        time.sleep(0.01)


def test_an_input_of_the_wrong_shape_is_refused_and_the_server_goes_on(
    client: grpc.InferenceServerClient, repository: Path
) -> None:
    with pytest.raises(InferenceServerException, match="unexpected shape"):
        client.infer("tiny", [tensor(np.zeros((1, 4), np.float32))])
    assert client.infer("tiny", [tensor(rows(1))]).as_numpy("risk").shape == (1, 1)


def test_what_onnxruntime_refuses_reaches_the_caller_without_values(client: grpc.InferenceServerClient) -> None:
    # 4 columns pass the free dimensions of this config, not the network's MatMul.
    with pytest.raises(InferenceServerException) as refused:
        client.infer("unbatched", [tensor(np.full((1, 4), 123.456, np.float32))])
    assert "123.456" not in str(refused.value)


def test_it_serves_the_version_that_the_stock_image_s_tag_names(client: grpc.InferenceServerClient) -> None:
    assert client.get_server_metadata().version == triton.SERVER_VERSION
    assert re.fullmatch(r"tritonserver:\d\d\.\d\d-py3", triton.STOCK_IMAGE)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('"risk"', '"danger"', "danger"),
        ("TYPE_FP32 dims: [3]", "TYPE_FP64 dims: [3]", "TYPE_FP64"),
        ("dims: [3]", "dims: [4]", r"\[4\]"),
    ],
)
def test_a_config_that_contradicts_the_network_stops_the_start_and_is_named(
    right: str, wrong: str, told: str, tmp_path: Path, tiny_repository: Path, write_model: WriteModel
) -> None:
    config = (tiny_repository / "tiny" / "config.pbtxt").read_text()
    assert right in config
    write_model(tmp_path / "repository" / "contrary", config.replace(right, wrong))
    stack = Stack(tmp_path / "run", broker="tansu", model_repository=tmp_path / "repository")
    with pytest.raises(PartFailed, match=told) as failure:
        stack.start()
    assert failure.value.part == "triton"
    assert "contrary" in str(failure.value)
    assert "What to do" in str(failure.value)


def test_a_model_without_its_network_stops_the_start_and_is_named(tmp_path: Path, write_model: WriteModel) -> None:
    write_model(tmp_path / "repository" / "empty", COMPLETED)
    (tmp_path / "repository" / "empty" / "1" / "model.onnx").unlink()
    stack = Stack(tmp_path / "run", broker="tansu", model_repository=tmp_path / "repository")
    with pytest.raises(PartFailed, match=r"model\.onnx"):
        stack.start()
