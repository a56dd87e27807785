from __future__ import annotations

import socket
from typing import Any

import grpc  # type: ignore[import-untyped]
import numpy as np
import pytest
from tritonclient.grpc import service_pb2

from streams.errors import ContractError, RetryableError
from streams.inference.client import TritonClient, Unanswered, UnknownModel

TENSORS = {"x": np.zeros((2, 3), np.float32)}


class Recorded:
    """Stands where the channel's call is; keeps what it was asked with."""

    def __init__(self, *answers: grpc.RpcError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, float]] = []

    async def __call__(self, message: bytes, timeout: float) -> bytes:  # noqa: ASYNC109 - as grpc calls it
        request = service_pb2.ModelInferRequest.FromString(message)
        self.asked.append((request.parameters["timeout"].int64_param, timeout))
        raise self.answers.pop(0)


def error(code: str, message: str = "") -> grpc.RpcError:
    return grpc.aio.AioRpcError(grpc.StatusCode[code], grpc.aio.Metadata(), grpc.aio.Metadata(), details=message)


def client(*answers: grpc.RpcError, deadline_s: float = 2.0, waits: list[float] | None = None) -> Any:
    now = [0.0]

    async def pause(seconds: float) -> None:
        now[0] += seconds
        if waits is not None:
            waits.append(seconds)

    made: Any = TritonClient("127.0.0.1:1", deadline_s, monotonic=lambda: now[0], pause=pause, jitter=lambda: 0.5)
    made._call = Recorded(*answers)
    return made


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (error("DEADLINE_EXCEEDED"), "deadline"),
        (error("UNAVAILABLE", "Request timeout expired"), "deadline"),
        (error("RESOURCE_EXHAUSTED"), "queue-full"),
        (error("UNAVAILABLE", "Exceeds maximum queue size"), "queue-full"),
        (error("UNAVAILABLE", "failed to connect to all addresses"), "unavailable"),
        (error("CANCELLED"), "unavailable"),
        (error("INTERNAL", "stub died"), "internal"),
    ],
)
async def test_an_answer_that_may_come_later_is_retryable(answer: grpc.RpcError, reason: str) -> None:
    with pytest.raises(RetryableError) as caught:
        await client(answer, answer, answer).infer("m", "1", TENSORS)
    assert isinstance(caught.value, Unanswered)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "answer",
    [
        error("NOT_FOUND", "Request for unknown model: 'm' is not found"),
        error("UNAVAILABLE", "Request for unknown model: 'm' version 9 is not at ready state"),
    ],
)
async def test_an_unknown_model_is_our_own_fault(answer: grpc.RpcError) -> None:
    with pytest.raises(UnknownModel):
        await client(answer).infer("m", "9", TENSORS)


async def test_refused_tensors_are_our_own_fault() -> None:
    with pytest.raises(ContractError, match="unexpected shape"):
        await client(error("INVALID_ARGUMENT", "unexpected shape for input 'x'")).infer("m", "1", TENSORS)


async def test_unavailable_is_tried_twice_more_with_growing_pauses() -> None:
    waits: list[float] = []
    made = client(*[error("UNAVAILABLE")] * 3, waits=waits)
    with pytest.raises(Unanswered):
        await made.infer("m", "1", TENSORS)
    assert len(made._call.asked) == 3
    assert waits == [0.02, 0.04]


async def test_nothing_else_is_tried_again() -> None:
    made = client(error("DEADLINE_EXCEEDED"), error("UNAVAILABLE"))
    with pytest.raises(Unanswered):
        await made.infer("m", "1", TENSORS)
    assert len(made._call.asked) == 1


async def test_no_retry_starts_after_the_deadline() -> None:
    made = client(*[error("UNAVAILABLE")] * 3, deadline_s=0.03)
    with pytest.raises(Unanswered):
        await made.infer("m", "1", TENSORS)
    assert len(made._call.asked) == 2


async def test_the_client_waits_longer_than_the_server_may_take_and_both_within_the_deadline() -> None:
    made = client(*[error("UNAVAILABLE")] * 3, deadline_s=2.0)
    with pytest.raises(Unanswered):
        await made.infer("m", "1", TENSORS)
    (server_us, client_s), second, third = made._call.asked
    assert (server_us, client_s) == (1_800_000, 2.0)
    assert (second[1], third[1]) == (pytest.approx(1.98), pytest.approx(1.94))
    assert all(server / 1e6 < client for server, client in made._call.asked)


async def test_an_array_that_triton_has_no_type_for_is_a_contract_error() -> None:
    with pytest.raises(ContractError, match="complex128"):
        await client().infer("m", "1", {"x": np.zeros((1, 1), np.complex128)})


async def test_nothing_listening_is_retryable_over_the_real_channel() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = TritonClient(f"127.0.0.1:{port}", deadline_s=2.0)
    try:
        with pytest.raises(Unanswered) as caught:
            await made.infer("m", "1", TENSORS)
        assert caught.value.reason == "unavailable"
        assert not await made.ready("m")
    finally:
        await made.close()
