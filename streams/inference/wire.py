"""Tensors to the bytes of one KServe v2 ``ModelInfer`` request, and a response back to tensors.

Written by hand because the library copies a batch four times on its way through protobuf objects: 1.2 ms for 64
patients against 0.05 ms here, on the same cores that the models need. Concatenated protobuf fields are one message
(protobuf.dev, encoding), so a small header from the library's own classes and the raw tensors make up the request.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferResult, service_pb2
from tritonclient.utils import np_to_triton_dtype

from streams.errors import ContractError
from streams.inference.outcomes import Tensors

METHOD = "/inference.GRPCInferenceService/ModelInfer"
_RAW_INPUT = bytes([service_pb2.ModelInferRequest.RAW_INPUT_CONTENTS_FIELD_NUMBER << 3 | 2])
"""Field number and wire type (length-delimited) of ``raw_input_contents``."""


def request(model: str, version: str, tensors: Tensors, timeout_us: int) -> bytes:
    """Return the message that asks `model` for one batch; ContractError for an array that has no Triton type.

    Parameters
    ----------
    tensors
        Name to array, batch axis first.
    timeout_us
        Longest that the request may wait in the server's queue.
    """
    head = service_pb2.ModelInferRequest(model_name=model, model_version=version)
    head.parameters["timeout"].int64_param = timeout_us
    raw: list[Any] = []
    for name, array in tensors.items():
        head.inputs.add(name=name, datatype=_datatype(name, array), shape=array.shape)
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        raw += (_RAW_INPUT, _varint(flat.nbytes), flat.data)
    return b"".join((head.SerializeToString(), *raw))


def outputs(message: bytes) -> dict[str, NDArray[Any]]:
    """Return a response's tensors by name."""
    result = InferResult(service_pb2.ModelInferResponse.FromString(message))
    return {output.name: result.as_numpy(output.name) for output in result.get_response().outputs}


def _datatype(name: str, array: NDArray[Any]) -> str:
    datatype = None if array.dtype.hasobject else np_to_triton_dtype(array.dtype)
    if datatype in (None, "BYTES"):
        raise ContractError(f"tensor {name}: expected a numeric array, received dtype {array.dtype}; mend it")
    return str(datatype)


def _varint(number: int) -> bytes:
    """Encode a length as protobuf's base-128 varint."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
