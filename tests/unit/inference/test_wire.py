from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tritonclient.grpc import InferInput, service_pb2
from tritonclient.grpc._utils import _get_inference_request
from tritonclient.utils import np_to_triton_dtype

from streams.errors import ContractError
from streams.inference import wire


def by_the_library(tensors: dict[str, NDArray[Any]]) -> Any:
    inputs = []
    for name, array in tensors.items():
        made = InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
        made.set_data_from_numpy(array)
        inputs.append(made)
    return _get_inference_request(
        model_name="m", inputs=inputs, model_version="1", request_id="", outputs=None, sequence_id=0,
        sequence_start=False, sequence_end=False, priority=0, timeout=1_800_000, parameters=None,
    )  # fmt: skip


def parsed(tensors: dict[str, NDArray[Any]]) -> Any:
    return service_pb2.ModelInferRequest.FromString(wire.request("m", "1", tensors, 1_800_000))


@pytest.mark.parametrize("rows", [1, 2, 63, 64, 256])
def test_the_message_is_the_librarys_own(rows: int) -> None:
    random = np.random.default_rng(rows)
    tensors: dict[str, NDArray[Any]] = {
        "values": random.normal(size=(rows, 48, 30)).astype(np.float32),
        "statics": random.normal(size=(rows, 4)).astype(np.float32),
        "mask": random.integers(0, 2, size=(rows, 3)),
    }
    assert parsed(tensors) == by_the_library(tensors)


@given(st.integers(0, 70_000))
def test_tensors_of_any_length_arrive_whole(length: int) -> None:
    array = np.arange(length, dtype=np.uint8)
    assert parsed({"x": array}).raw_input_contents == [array.tobytes()]


def test_an_array_that_is_not_contiguous_arrives_in_order() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T
    assert parsed({"x": array}) == by_the_library({"x": np.ascontiguousarray(array)})


@pytest.mark.parametrize("array", [np.zeros(1, np.complex128), np.array(["a"], object), np.array(["a"])])
def test_an_array_that_is_no_number_is_a_contract_error(array: NDArray[Any]) -> None:
    with pytest.raises(ContractError, match="tensor x"):
        wire.request("m", "1", {"x": array}, 1)


def test_a_response_comes_back_by_name() -> None:
    response = service_pb2.ModelInferResponse(raw_output_contents=[np.array([0.25, 0.5], np.float32).tobytes()])
    response.outputs.add(name="risk", datatype="FP32", shape=[2, 1])
    found = wire.outputs(response.SerializeToString())
    assert {name: array.tolist() for name, array in found.items()} == {"risk": [[0.25], [0.5]]}
