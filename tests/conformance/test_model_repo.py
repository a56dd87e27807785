"""Every folder of model_repo/ keeps its contract; a new model is covered at once."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from google.protobuf import text_format
from tritonclient import grpc
from tritonclient.grpc import model_config_pb2

from streams.clock import isoformat
from streams.inference.manifest import NUMPY, check_output
from streams.inference.repository import discover
from streams.modalities.vitals import prepare, stack
from training import golden

REPOSITORY = Path(__file__).parents[2] / "model_repo"
MODELS = discover(REPOSITORY)
OPSET_CEILING, ML_CEILING, IR_CEILING, BYTES_CEILING = 17, 3, 8, 2_000_000
FREE = "batch"

every_model = pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)


def folder(spec):
    return REPOSITORY / spec.name


def config(spec):
    text = (folder(spec) / "config.pbtxt").read_text("utf-8")
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def network(spec):
    return onnx.load(folder(spec) / spec.onnx.file)


def cases(spec):
    return golden.read(folder(spec) / "golden.json").cases


def test_there_is_a_model():
    assert MODELS


@every_model
def test_the_folder_holds_the_declared_files(spec):
    names = {path.name for path in folder(spec).iterdir()}
    assert {"config.pbtxt", "model.toml", "golden.json", "MODEL_CARD.md", spec.version} <= names


@every_model
def test_the_configuration_matches_the_manifest(spec):
    served = config(spec)
    assert (served.name, served.backend) == (spec.name, "onnxruntime")
    assert list(served.version_policy.specific.versions) == [int(spec.version)]
    inputs = [(t.name, f"TYPE_{t.dtype}", t.shape) for t in spec.tensors]
    assert [(t.name, model_config_pb2.DataType.Name(t.data_type), tuple(t.dims)) for t in served.input] == inputs
    output = (spec.output.name, f"TYPE_{spec.output.dtype}", spec.output.shape)
    assert [(t.name, model_config_pb2.DataType.Name(t.data_type), tuple(t.dims)) for t in served.output] == [output]


@every_model
def test_the_queue_rejects_and_is_bounded_and_the_model_is_warm(spec):
    served = config(spec)
    policy = served.dynamic_batching.default_queue_policy
    assert policy.timeout_action == model_config_pb2.ModelQueuePolicy.REJECT
    assert policy.default_timeout_microseconds > 0
    assert policy.max_queue_size > 0
    assert max(served.dynamic_batching.preferred_batch_size) <= served.max_batch_size
    for warmup in served.model_warmup:
        assert {name: tuple(value.dims) for name, value in warmup.inputs.items()} == {
            t.name: t.shape for t in spec.tensors
        }
    assert served.model_warmup


@every_model
def test_the_network_matches_the_manifest(spec):
    session = onnxruntime.InferenceSession(folder(spec) / spec.onnx.file, providers=["CPUExecutionProvider"])
    declared = [(t.name, [FREE, *t.shape], "tensor(float)") for t in spec.tensors]
    assert [(t.name, t.shape, t.type) for t in session.get_inputs()] == declared
    answers = [(t.name, t.type) for t in session.get_outputs()]
    assert answers == [(spec.output.name, "tensor(float)")]


@every_model
def test_the_network_is_the_declared_file_and_old_servers_take_it(spec):
    written = (folder(spec) / spec.onnx.file).read_bytes()
    assert hashlib.sha256(written).hexdigest() == spec.onnx.sha256
    assert len(written) < BYTES_CEILING
    model = network(spec)
    domains = {o.domain: o.version for o in model.opset_import}
    assert domains.pop("ai.onnx.ml", ML_CEILING) <= ML_CEILING
    assert domains == {"": spec.onnx.opset}
    assert spec.onnx.opset <= OPSET_CEILING
    assert model.ir_version == spec.onnx.ir_version <= IR_CEILING


@every_model
def test_the_manifest_and_golden_file_are_of_one_version(spec):
    read = golden.read(folder(spec) / "golden.json")
    assert (read.model, read.version) == (spec.name, spec.version)
    assert len(read.cases) >= 3
    assert all(case.as_of == isoformat(golden.AS_OF) for case in read.cases)
    assert any(case.reasons for case in read.cases)
    assert not all(case.reasons for case in read.cases)


@every_model
def test_features_of_the_golden_facts_equal_the_stored_tensors(spec):
    for case in cases(spec):
        prepared = prepare(golden.snapshot_of(case), spec)
        assert (prepared.inputs, prepared.reasons) == (case.inputs, case.reasons), case.title
        assert prepared.tensors.keys() == case.tensors.keys()
        for name, tensor in prepared.tensors.items():
            np.testing.assert_allclose(tensor, np.array(case.tensors[name]), rtol=1e-5, atol=1e-6, err_msg=case.title)


@every_model
def test_the_golden_tensors_keep_the_declared_shape_type_and_range(spec):
    for case in cases(spec):
        tensors = prepare(golden.snapshot_of(case), spec).tensors
        for declared in spec.tensors:
            tensor = tensors[declared.name]
            assert (tensor.shape, tensor.dtype) == (declared.shape, NUMPY[declared.dtype])
            assert declared.low <= tensor.min() <= tensor.max() <= declared.high


def stored(spec):
    """Return the stored tensors as a batch and torch's stored answers."""
    batch = {
        t.name: np.array([case.tensors[t.name] for case in cases(spec)], dtype=NUMPY[t.dtype]) for t in spec.tensors
    }
    return batch, [case.output for case in cases(spec)]


@every_model
def test_onnxruntime_answers_as_torch_did(spec):
    batch, expected = stored(spec)
    session = onnxruntime.InferenceSession(folder(spec) / spec.onnx.file, providers=["CPUExecutionProvider"])
    answer = check_output(spec, {spec.output.name: session.run([spec.output.name], batch)[0]}, len(expected))
    assert answer.ok.all()
    np.testing.assert_allclose(answer.values, expected, atol=1e-4)


@every_model
def test_a_row_is_answered_alike_alone_and_in_a_batch(spec):
    session = onnxruntime.InferenceSession(folder(spec) / spec.onnx.file, providers=["CPUExecutionProvider"])
    batch, _ = stored(spec)
    together = session.run([spec.output.name], batch)[0]
    for k in range(len(together)):
        alone = session.run([spec.output.name], {name: tensor[k : k + 1] for name, tensor in batch.items()})[0]
        np.testing.assert_allclose(alone[0], together[k], atol=1e-5)


@every_model
def test_golden_answers_differ_so_that_a_dead_network_is_noticed(spec):
    outputs = [case.output for case in cases(spec)]
    assert max(outputs) - min(outputs) > 0.05


@pytest.mark.embedded
@every_model
def test_triton_answers_as_torch_did(spec, triton_url):
    prepared = [prepare(golden.snapshot_of(case), spec) for case in cases(spec)]
    inputs = []
    for name, tensor in stack(prepared).items():
        wanted = grpc.InferInput(name, tensor.shape, "FP32")
        wanted.set_data_from_numpy(tensor)
        inputs.append(wanted)
    with grpc.InferenceServerClient(triton_url) as client:
        reply = client.infer(spec.name, inputs, model_version=spec.version, client_timeout=30)
    answer = check_output(spec, {spec.output.name: reply.as_numpy(spec.output.name)}, len(prepared))
    assert answer.ok.all()
    np.testing.assert_allclose(answer.values, [case.output for case in cases(spec)], atol=1e-4)


@every_model
def test_the_card_names_its_limits(spec):
    card = (folder(spec) / "MODEL_CARD.md").read_text("utf-8")
    assert "Not a medical device; for research and integration" in card
    assert "must not be used" in card
    assert spec.target in card
