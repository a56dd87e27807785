"""One gRPC client to Triton per process: a batch of tensors in, the model's outputs out."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import grpc  # type: ignore[import-untyped]
from grpc import StatusCode
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2, service_pb2_grpc

from streams.errors import ContractError, RetryableError
from streams.inference import wire
from streams.inference.outcomes import Tensors

SERVER_SHARE = 0.9
"""Share of the time left that the server may take; the client waits for all of it, so the server answers first."""
BACKOFF_S = 0.02
"""Mean pause before the first retry; doubles at the second."""
_OPTIONS = (
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # gRPC waits up to two minutes between attempts to connect; a restarted Triton should be found in seconds.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.enable_http_proxy", 0),
)
_CONTRACT = (StatusCode.INVALID_ARGUMENT, StatusCode.UNIMPLEMENTED, StatusCode.FAILED_PRECONDITION)
_REASONS = {
    StatusCode.UNAVAILABLE: "unavailable",
    StatusCode.CANCELLED: "unavailable",
    StatusCode.DEADLINE_EXCEEDED: "deadline",
    StatusCode.RESOURCE_EXHAUSTED: "queue-full",
}


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
        self._channel = grpc.aio.insecure_channel(url, options=_OPTIONS)
        self._call = self._channel.unary_unary(wire.METHOD)
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)

    async def infer(self, model: str, version: str, tensors: Tensors) -> dict[str, NDArray[Any]]:
        """Ask `model` for one batch.

        Raises
        ------
        Unanswered
            Triton is away, too busy, or too slow (a `RetryableError`).
        UnknownModel, ContractError
            Triton does not know the model, or refuses the tensors' names, shapes or types.
        """
        end = self._monotonic() + self.deadline_s
        for attempt in range(self.retries + 1):
            try:
                return await self._ask(model, version, tensors, end - self._monotonic())
            except grpc.RpcError as error:
                pause = BACKOFF_S * 2**attempt * (0.5 + self._jitter())
                if not self._again(error, attempt, end - self._monotonic() - pause):
                    raise _meaning(error, model) from None
            await self._pause(pause)
        raise Unanswered("unavailable", model)

    def _again(self, error: grpc.RpcError, attempt: int, left_s: float) -> bool:
        if error.code() is not StatusCode.UNAVAILABLE or _no_such_model(error):
            return False
        return attempt < self.retries and left_s > 0

    async def _ask(self, model: str, version: str, tensors: Tensors, left_s: float) -> dict[str, NDArray[Any]]:
        left_s = max(left_s, 0.001)
        message = wire.request(model, version, tensors, int(left_s * SERVER_SHARE * 1e6))
        return wire.outputs(await self._call(message, timeout=left_s))

    async def ready(self, model: str, version: str = "") -> bool:
        """Tell whether Triton is there and has `model` loaded."""
        asked = service_pb2.ModelReadyRequest(name=model, version=version)
        try:
            return bool((await self._stub.ModelReady(asked, timeout=self.deadline_s)).ready)
        except grpc.RpcError:
            return False

    async def close(self) -> None:
        """Close the channel; calls under way fail."""
        await self._channel.close()


def _no_such_model(error: grpc.RpcError) -> bool:
    return "unknown model" in (error.details() or "")


def _meaning(error: grpc.RpcError, model: str) -> Exception:
    """Translate Triton's answer; its message goes on only where it speaks of names and shapes."""
    code, message = error.code(), error.details() or ""
    if code is StatusCode.NOT_FOUND or _no_such_model(error):
        return UnknownModel(
            f"model {model}: expected it to be served, received {code.name}; check the model repository"
        )
    if code in _CONTRACT:
        return ContractError(
            f"model {model}: expected the manifest's inputs to be taken, received {code.name} {message!r}; "
            "compare model.toml with config.pbtxt"
        )
    if "queue size" in message:
        return Unanswered("queue-full", model)
    if "timeout expired" in message.lower():
        return Unanswered("deadline", model)
    return Unanswered(_REASONS.get(code, "internal"), model)
