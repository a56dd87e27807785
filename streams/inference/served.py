"""How Triton is told to serve a model: the part of ``config.pbtxt`` that its versions must agree with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from streams.errors import ContractError

Shape = tuple[str, str, tuple[int, ...]]
"""Name, Triton's type, dimensions without the batch."""


class Served(msgspec.Struct, frozen=True):
    """What ``config.pbtxt`` says."""

    name: str
    backend: str
    max_batch_size: int
    versions: tuple[int, ...]
    """Of the policy `specific`; empty where it says another or none."""
    inputs: list[Shape]
    outputs: list[Shape]
    bounded: bool
    """Whether its queue is bounded and rejects what waits for too long."""


def served_as(path: Path) -> Served:
    """Read ``config.pbtxt``; ContractError where it is missing or no model configuration."""
    try:
        found: Any = text_format.Parse(path.read_text("utf-8"), model_config_pb2.ModelConfig())
    except (OSError, ValueError, text_format.ParseError) as error:
        raise ContractError(f"{path.name} cannot be read: {error}; write it as docs/adding-a-model.md says") from error
    policy = found.dynamic_batching.default_queue_policy
    return Served(
        found.name,
        found.backend,
        found.max_batch_size,
        tuple(found.version_policy.specific.versions),
        [_shape(one) for one in found.input],
        [_shape(one) for one in found.output],
        policy.timeout_action == model_config_pb2.ModelQueuePolicy.REJECT and policy.max_queue_size > 0,
    )


def _shape(one: Any) -> Shape:
    return one.name, model_config_pb2.DataType.Name(one.data_type), tuple(one.dims)
