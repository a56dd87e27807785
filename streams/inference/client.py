"""One gRPC client to Triton per process: a batch of tensors in, the model's outputs out."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferInput
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from streams.errors import ContractError, RetryableError

Tensors = Mapping[str, NDArray[Any]]
"""Name to array with the batch as its first axis."""

SERVER_SHARE = 0.9
"""Share of the time left that the server may take; the client waits for all of it, so the server answers first."""
BACKOFF_S = 0.02
"""Mean pause before the first retry; doubles at the second."""
_CONTRACT = ("StatusCode.INVALID_ARGUMENT", "StatusCode.UNIMPLEMENTED", "StatusCode.FAILED_PRECONDITION")
_REASONS = {"StatusCode.DEADLINE_EXCEEDED": "deadline", "StatusCode.RESOURCE_EXHAUSTED": "queue-full"}


class UnknownModel(ContractError):
    """Triton does not serve the model that the manifest names."""


class Unanswered(RetryableError):
    """Triton could not be asked or did not answer in time.

    Parameters
    ----------
    reason
        ``unavailable``, ``deadline``, ``queue-full`` or ``internal``.
    """

    def __init__(self, reason: str, model: str) -> None:
        self.reason = reason
        super().__init__(
            f"{reason}: expected an answer of model {model}, received none; "
            "it is asked again later, look at Triton's log if this lasts"
        )


class Client(Protocol):
    """Whatever answers one batch of one model."""

    async def infer(self, model: str, version: str, tensors: Tensors) -> dict[str, NDArray[Any]]:
        """Return the outputs by name, batch axis first; raise `RetryableError` or `ContractError`."""


class TritonClient:
    """Asyncio client of Triton's gRPC endpoint (KServe v2 inference protocol).

    Parameters
    ----------
    url
        ``host:port``, or ``dns:///host:port`` to spread calls over all replicas behind a name.
    deadline_s
        Seconds for one call with its retries.
    retries
        Most further attempts after UNAVAILABLE; nothing else is retried.
    """

    def __init__(
        self,
        url: str,
        deadline_s: float,
        *,
        retries: int = 2,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.url, self.deadline_s, self.retries = url, deadline_s, retries
        self._monotonic, self._pause, self._jitter = monotonic, pause, jitter
        self._triton = InferenceServerClient(url, channel_args=_channel_args())

    async def infer(self, model: str, version: str, tensors: Tensors) -> dict[str, NDArray[Any]]:
        """Ask `model` for one batch.

        Raises
        ------
        Unanswered
            Triton is away, too busy, or too slow (a `RetryableError`).
        UnknownModel, ContractError
            Triton does not know the model, or refuses the tensors' names, shapes or types.
        """
        inputs = [_input(name, array) for name, array in tensors.items()]
        end = self._monotonic() + self.deadline_s
        for attempt in range(self.retries + 1):
            try:
                return await self._ask(model, version, inputs, end - self._monotonic())
            except InferenceServerException as error:
                pause = BACKOFF_S * 2**attempt * (0.5 + self._jitter())
                if not self._again(error, attempt, end - self._monotonic() - pause):
                    raise _meaning(error, model) from None
            await self._pause(pause)
        raise Unanswered("unavailable", model)

    def _again(self, error: InferenceServerException, attempt: int, left_s: float) -> bool:
        if error.status() != "StatusCode.UNAVAILABLE" or _no_such_model(error):
            return False
        return attempt < self.retries and left_s > 0

    async def _ask(self, model: str, version: str, inputs: list[InferInput], left_s: float) -> dict[str, NDArray[Any]]:
        left_s = max(left_s, 0.001)
        result = await self._triton.infer(
            model, inputs, model_version=version, timeout=int(left_s * SERVER_SHARE * 1e6), client_timeout=left_s
        )
        return {output.name: result.as_numpy(output.name) for output in result.get_response().outputs}

    async def ready(self, model: str, version: str = "") -> bool:
        """Tell whether Triton is there and has `model` loaded."""
        try:
            return bool(await self._triton.is_model_ready(model, version, client_timeout=self.deadline_s))
        except InferenceServerException:
            return False

    async def close(self) -> None:
        """Close the channel; calls under way fail."""
        await self._triton.close()


def _channel_args() -> list[tuple[str, object]]:
    return [
        ("grpc.lb_policy_name", "round_robin"),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", -1),
        # gRPC waits up to two minutes between attempts to connect; a restarted Triton should be found in seconds.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2000),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.enable_http_proxy", 0),
    ]


def _input(name: str, array: NDArray[Any]) -> InferInput:
    datatype = np_to_triton_dtype(array.dtype)
    if datatype is None:
        raise ContractError(f"tensor {name}: expected a numeric or bytes array, received dtype {array.dtype}; mend it")
    tensor = InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(np.ascontiguousarray(array))
    return tensor


def _no_such_model(error: InferenceServerException) -> bool:
    return "unknown model" in (error.message() or "")


def _meaning(error: InferenceServerException, model: str) -> Exception:
    """Translate Triton's answer; its message goes on only where it speaks of names and shapes."""
    status = error.status() or ""
    if status == "StatusCode.NOT_FOUND" or _no_such_model(error):
        return UnknownModel(
            f"model {model}: expected it to be served, received {status or 'no such model'}; check the model repository"
        )
    if status in _CONTRACT:
        return ContractError(
            f"model {model}: expected the manifest's inputs to be taken, received {status} {error.message()!r}; "
            "compare model.toml with config.pbtxt"
        )
    message = error.message() or ""
    if "queue size" in message:
        return Unanswered("queue-full", model)
    if "timeout expired" in message.lower():
        return Unanswered("deadline", model)
    fallback = "unavailable" if status in ("StatusCode.UNAVAILABLE", "StatusCode.CANCELLED") else "internal"
    return Unanswered(_REASONS.get(status, fallback), model)
