"""Every folder of model_repo/ keeps its contract, whatever its modality; a new model is covered at once."""

import hashlib
from pathlib import Path

import onnx
import onnxruntime
import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from streams.inference.repository import discover

REPOSITORY = Path(__file__).parents[2] / "model_repo"
MODELS = discover(REPOSITORY)
OPSET_CEILING, ML_CEILING, IR_CEILING = 17, 3, 8
BYTES_CEILING = {"vitals": 2_000_000, "imaging": 8_000_000, "note": 25_000_000}
ALL_BYTES_CEILING = 60_000_000
FREE, LENGTH = "batch", "length"
ONNX = {"FP32": "tensor(float)", "INT64": "tensor(int64)"}

every_model = pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)


def folder(spec):
    return REPOSITORY / spec.name


def config(spec):
    text = (folder(spec) / "config.pbtxt").read_text("utf-8")
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def network(spec):
    return onnx.load(folder(spec) / spec.onnx.file)


def test_there_is_a_model():
    assert MODELS


@every_model
def test_the_folder_holds_the_declared_files(spec):
    names = {path.name for path in folder(spec).iterdir()}
    assert {"config.pbtxt", "model.toml", "golden.json", "MODEL_CARD.md", spec.version} <= names


def test_the_repository_stays_small():
    assert sum(path.stat().st_size for path in REPOSITORY.rglob("*") if path.is_file()) < ALL_BYTES_CEILING


@every_model
def test_the_configuration_matches_the_manifest(spec):
    served = config(spec)
    assert (served.name, served.backend) == (spec.name, "onnxruntime")
    assert list(served.version_policy.specific.versions) == [int(spec.version)]
    inputs = [(t.name, f"TYPE_{t.dtype}", t.shape) for t in spec.tensors]
    assert [(t.name, model_config_pb2.DataType.Name(t.data_type), tuple(t.dims)) for t in served.input] == inputs
    outputs = [(t.name, f"TYPE_{t.dtype}", t.shape) for t in spec.answers]
    assert [(t.name, model_config_pb2.DataType.Name(t.data_type), tuple(t.dims)) for t in served.output] == outputs
    assert served.max_batch_size == spec.max_batch


@every_model
def test_the_queue_rejects_and_is_bounded_and_the_model_is_warm(spec):
    served = config(spec)
    policy = served.dynamic_batching.default_queue_policy
    assert policy.timeout_action == model_config_pb2.ModelQueuePolicy.REJECT
    assert policy.default_timeout_microseconds > 0
    assert policy.max_queue_size > 0
    assert max(served.dynamic_batching.preferred_batch_size) <= served.max_batch_size
    for warmup in served.model_warmup:
        for tensor in spec.tensors:
            dims = warmup.inputs[tensor.name].dims
            assert [n if m >= 0 else m for n, m in zip(dims, tensor.shape, strict=True)] == list(tensor.shape)
            assert min(dims) > 0
        assert len(warmup.inputs) == len(spec.tensors)
    assert served.model_warmup


@every_model
def test_the_network_matches_the_manifest(spec):
    session = onnxruntime.InferenceSession(folder(spec) / spec.onnx.file, providers=["CPUExecutionProvider"])
    declared = [(t.name, [FREE, *(n if n >= 0 else LENGTH for n in t.shape)], ONNX[t.dtype]) for t in spec.tensors]
    assert [(t.name, t.shape, t.type) for t in session.get_inputs()] == declared
    answers = [(t.name, t.type) for t in session.get_outputs()]
    assert answers == [(t.name, "tensor(float)") for t in spec.answers]


@every_model
def test_the_network_is_the_declared_file_and_old_servers_take_it(spec):
    written = (folder(spec) / spec.onnx.file).read_bytes()
    assert hashlib.sha256(written).hexdigest() == spec.onnx.sha256
    assert len(written) < BYTES_CEILING[spec.modality]
    model = network(spec)
    domains = {o.domain: o.version for o in model.opset_import}
    assert domains.pop("ai.onnx.ml", ML_CEILING) <= ML_CEILING
    assert domains == {"": spec.onnx.opset}
    assert spec.onnx.opset <= OPSET_CEILING
    assert model.ir_version == spec.onnx.ir_version <= IR_CEILING


@every_model
def test_the_card_names_its_limits(spec):
    card = (folder(spec) / "MODEL_CARD.md").read_text("utf-8")
    assert "Not a medical device; for research and integration" in card
    assert "must not be used" in card
    assert spec.target in card
