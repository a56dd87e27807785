"""Triton backend ``onnxruntime`` over the onnxruntime wheel: serves ``<model>/<version>/model.onnx`` on the CPU.

A python-based backend: Triton runs it in its Python stub, in place of the stock image's own backend of the same name, so
that ``model_repo/`` holds the same files for both. Of the stock backend's parameters it knows
``intra_op_thread_count``, ``inter_op_thread_count`` (default 1 each) and ``default_model_filename``.
"""

import json
import os

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils

_BACK = 10
_NUMPY_OF_ONNX = {
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(int8)": "TYPE_INT8",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(bool)": "TYPE_BOOL",
    "tensor(string)": "TYPE_STRING",
}


def _path(config):
    return os.path.join(pb_utils.get_model_dir(), config.get("default_model_filename") or "model.onnx")


def _session(config):
    def threads(key):
        return int(config.get("parameters", {}).get(key, {}).get("string_value", "1"))

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads("intra_op_thread_count")
    options.inter_op_num_threads = threads("inter_op_thread_count")
    # Spinning threads would take the cores from the workers beside it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    path = _path(config)
    if not os.path.isfile(path):
        raise pb_utils.TritonModelException(f"expected an ONNX model at {path}, found none; export the model again")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _dims(node, batched):
    shape = [d if isinstance(d, int) else -1 for d in node.shape]
    return shape[1:] if batched else shape


def _compare(kind, declared, nodes, batched):
    """Raise unless every tensor that the configuration declares is the ONNX model's."""
    by_name = {node.name: node for node in nodes}
    for tensor in declared:
        node = by_name.get(tensor["name"])
        if node is None:
            raise pb_utils.TritonModelException(
                f"config.pbtxt declares {kind} '{tensor['name']}', model.onnx has {sorted(by_name)}"
            )
        if _NUMPY_OF_ONNX[node.type] != tensor["data_type"]:
            raise pb_utils.TritonModelException(
                f"{kind} '{node.name}': config.pbtxt says {tensor['data_type']}, model.onnx {_NUMPY_OF_ONNX[node.type]}"
            )
        dims, have = [int(d) for d in tensor["dims"]], _dims(node, batched)
        if "reshape" not in tensor and (
            len(dims) != len(have) or any(-1 not in (a, b) and a != b for a, b in zip(dims, have))
        ):
            raise pb_utils.TritonModelException(
                f"{kind} '{node.name}': config.pbtxt says dims {dims}, model.onnx {have} (without the batch axis)"
            )


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(auto_complete_model_config):
        """Fill in what ``config.pbtxt`` leaves out, as the stock backend does, from the ONNX model."""
        config = auto_complete_model_config.as_dict()
        if config["input"] and config["output"]:
            return auto_complete_model_config
        session = _session(config)
        nodes = session.get_inputs() + session.get_outputs()
        batched = all(n.shape and not isinstance(n.shape[0], int) for n in nodes)
        if not config["max_batch_size"] and batched and not config["input"] and not config["output"]:
            auto_complete_model_config.set_max_batch_size(4)  # the stock backend's default for a free first axis
            auto_complete_model_config.set_dynamic_batching()
        batched = batched and auto_complete_model_config.as_dict()["max_batch_size"] > 0
        for add, declared, found in (
            (auto_complete_model_config.add_input, config["input"], session.get_inputs()),
            (auto_complete_model_config.add_output, config["output"], session.get_outputs()),
        ):
            if not declared:
                for node in found:
                    tensor = {"name": node.name, "data_type": _NUMPY_OF_ONNX[node.type], "dims": _dims(node, batched)}
                    add(tensor)
        return auto_complete_model_config

    def initialize(self, args):
        if args["model_name"] in os.environ.get("CARDIOSTREAM_STEPPING_BACK", "").split(","):
            # A model of slow work has this process to itself; vital signs are not to wait for it.
            os.nice(_BACK)
        config = json.loads(args["model_config"])
        self._batched = int(config["max_batch_size"]) > 0
        self._session = _session(config)
        _compare("input", config["input"], self._session.get_inputs(), self._batched)
        _compare("output", config["output"], self._session.get_outputs(), self._batched)
        self._inputs = [node.name for node in self._session.get_inputs()]
        self._outputs = [tensor["name"] for tensor in config["output"]]

    def execute(self, requests):
        """Answer the requests of one dynamic batch with one run of the network."""
        if not self._batched:
            return [response for request in requests for response in self._run([request])]
        return self._run(requests)

    def _run(self, requests):
        try:
            feeds = [
                {name: pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in self._inputs}
                for request in requests
            ]
            whole = feeds[0] if len(feeds) == 1 else {n: np.concatenate([f[n] for f in feeds]) for n in self._inputs}
            answers = self._session.run(self._outputs, whole)
        except Exception as error:  # told to each caller; the server stays up
            # onnxruntime's texts name tensors and shapes, never values.
            failure = pb_utils.TritonError(f"onnxruntime: {error}")
            return [pb_utils.InferenceResponse(error=failure) for _ in requests]
        return self._split(requests, feeds, answers)

    def _split(self, requests, feeds, answers):
        responses, start = [], 0
        for request, feed in zip(requests, feeds):
            stop = start + len(feed[self._inputs[0]]) if self._batched else None
            wanted = request.requested_output_names()
            responses.append(
                pb_utils.InferenceResponse(
                    [
                        pb_utils.Tensor(name, answer[start:stop] if self._batched else answer)
                        for name, answer in zip(self._outputs, answers)
                        if name in wanted
                    ]
                )
            )
            start = stop
        return responses
