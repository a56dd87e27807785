"""An exported network asked as in serving: by onnxruntime here, or by a Triton server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tritonclient import grpc

from streams.errors import ContractError
from streams.inference.answers import check_outputs
from streams.inference.declared import Declared

Tensors = Mapping[str, NDArray[Any]]
Ask = Callable[[Tensors], dict[str, NDArray[np.generic]]]


def onnx_answers(repository: Path, spec: Declared) -> Ask:
    """Return a function that asks the exported file; one thread, as the server does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(repository / spec.name / spec.onnx.file), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in spec.answers]
    return lambda batch: dict(zip(names, session.run(names, dict(batch)), strict=True))


def triton_answers(url: str, spec: Declared) -> Ask:
    """Return a function that asks the Triton server at `url` (host:port, gRPC)."""
    client = grpc.InferenceServerClient(url)

    def ask(batch: Tensors) -> dict[str, NDArray[np.generic]]:
        inputs = [_input(t.name, t.dtype, batch[t.name]) for t in spec.tensors]
        answer = client.infer(spec.name, inputs, spec.version, client_timeout=30.0)
        return {output.name: answer.as_numpy(output.name) for output in spec.answers}

    return ask


def _input(name: str, dtype: str, array: NDArray[Any]) -> grpc.InferInput:
    wanted = grpc.InferInput(name, array.shape, dtype)
    wanted.set_data_from_numpy(array)
    return wanted


def answers(ask: Ask, spec: Declared, batches: Sequence[Tensors]) -> dict[str, NDArray[np.float32]]:
    """Ask batch by batch and return every output by name; every answer must keep the manifest's contract.

    Raises
    ------
    ContractError
        Where any row does not.
    """
    checked = [check_outputs(spec, ask(batch), len(next(iter(batch.values())))) for batch in batches]
    faults = [one.fault for one in checked if one.fault]
    if faults:
        raise ContractError(f"{spec.name} broke its contract: {faults[0]}; export the model again")
    return {output.name: np.concatenate([one.outputs[output.name] for one in checked]) for output in spec.answers}


def probabilities(ask: Ask, spec: Declared, batches: Sequence[Tensors]) -> NDArray[np.float64]:
    """Return the first output of `answers`, shape (rows,), for models whose answer is one probability."""
    return answers(ask, spec, batches)[spec.answers[0].name].reshape(-1).astype(np.float64)
