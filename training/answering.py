"""An exported network asked as in serving: by onnxruntime here, or by a Triton server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tritonclient import grpc

from streams.errors import ContractError
from streams.inference.manifest import Manifest, check_output

Tensors = Mapping[str, NDArray[np.float32]]
Ask = Callable[[Tensors], dict[str, NDArray[np.generic]]]


def onnx_answers(repository: Path, spec: Manifest) -> Ask:
    """Return a function that asks the exported file; one thread, as the server does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(repository / spec.name / spec.onnx.file), options, providers=["CPUExecutionProvider"]
    )
    return lambda batch: {spec.output.name: session.run([spec.output.name], dict(batch))[0]}


def triton_answers(url: str, spec: Manifest) -> Ask:
    """Return a function that asks the Triton server at `url` (host:port, gRPC)."""
    client = grpc.InferenceServerClient(url)

    def ask(batch: Tensors) -> dict[str, NDArray[np.generic]]:
        inputs = [_input(t.name, t.dtype, batch[t.name]) for t in spec.tensors]
        answer = client.infer(spec.name, inputs, spec.version, client_timeout=30.0)
        return {spec.output.name: answer.as_numpy(spec.output.name)}

    return ask


def _input(name: str, dtype: str, array: NDArray[np.float32]) -> grpc.InferInput:
    wanted = grpc.InferInput(name, array.shape, dtype)
    wanted.set_data_from_numpy(array)
    return wanted


def probabilities(ask: Ask, spec: Manifest, batches: Sequence[Tensors]) -> NDArray[np.float64]:
    """Ask batch by batch; every answer must keep the manifest's contract.

    Raises
    ------
    ContractError
        Where any row does not.
    """
    answers = [check_output(spec, ask(batch), len(next(iter(batch.values())))) for batch in batches]
    faults = [a.fault for a in answers if a.fault]
    if faults:
        raise ContractError(f"{spec.name} broke its contract: {faults[0]}; export the model again")
    return np.concatenate([a.values for a in answers]).astype(np.float64)
