"""Every model of vital signs gives what its golden patients say."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from tritonclient import grpc

from streams.clock import isoformat
from streams.inference.manifest import NUMPY, Manifest, check_output
from streams.inference.repository import discover
from streams.modalities.vitals import prepare, stack
from training import golden

REPOSITORY = Path(__file__).parents[2] / "model_repo"
MODELS = [spec for spec in discover(REPOSITORY) if isinstance(spec, Manifest)]

every_model = pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)


def folder(spec):
    return REPOSITORY / spec.name


def cases(spec):
    return golden.read(folder(spec) / "golden.json").cases


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
