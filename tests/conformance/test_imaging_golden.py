"""Every model of images gives what its golden pictures say."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from streams.inference.answers import check_outputs
from streams.inference.declared import NUMPY
from streams.inference.repository import discover_imaging
from streams.modalities.imaging import prepare, read, refused, selects, stack
from streams.simulate.films import Film, drawn
from training.answering import triton_answers
from training.imaging import golden

REPOSITORY = Path(__file__).parents[2] / "model_repo"
MODELS = discover_imaging(REPOSITORY)

every_model = pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)


def stored(spec):
    return golden.read_golden(REPOSITORY / spec.name / "golden.json")


def asked_about(spec):
    return [case for case in stored(spec).cases if case.outputs]


def session(spec):
    path = REPOSITORY / spec.name / spec.onnx.file
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def batch(spec, cases):
    return stack([prepare(drawn(case.phantom.film), spec) for case in cases])


def answers(spec, cases):
    names = [output.name for output in spec.outputs]
    return dict(zip(names, session(spec).run(names, batch(spec, cases)), strict=True))


def test_there_are_models_of_images():
    assert MODELS


@every_model
def test_the_golden_file_is_of_this_version_and_says_yes_and_no(spec):
    found = stored(spec)
    assert (found.model, found.version) == (spec.name, spec.version)
    assert any(case.reading.refusals for case in found.cases)
    assert any(not case.reading.refusals for case in found.cases)


@every_model
def test_the_pictures_give_the_stored_tensors(spec):
    for case in stored(spec).cases:
        prepared = prepare(drawn(case.phantom.film), spec)
        assert bool(prepared.reasons) == (not case.outputs), case.phantom.title
        for declared in spec.tensors:
            tensor = prepared.tensors[declared.name]
            assert (tensor.shape, tensor.dtype) == (declared.shape, NUMPY[declared.dtype])
            assert declared.low <= tensor.min() <= tensor.max() <= declared.high
            np.testing.assert_allclose(golden.sampled(tensor), case.tensors[declared.name], atol=1e-5)


@every_model
def test_onnxruntime_answers_as_torch_did(spec):
    cases = asked_about(spec)
    checked = check_outputs(spec, answers(spec, cases), len(cases))
    assert checked.ok.all()
    for k, case in enumerate(cases):
        for name, expected in case.outputs.items():
            np.testing.assert_allclose(golden.sampled(checked.outputs[name][k]), expected, atol=1e-3)


@every_model
def test_the_reading_is_the_stored_one(spec):
    for case in stored(spec).cases:
        prepared = prepare(drawn(case.phantom.film), spec)
        if prepared.reasons:
            assert refused(spec, prepared.reasons) == case.reading
            continue
        (reading,) = read(spec, answers(spec, [case]), [prepared.frame])
        assert reading.refusals == case.reading.refusals, case.phantom.title
        for one, two in zip(reading.measures, case.reading.measures, strict=True):
            assert one.value == pytest.approx(two.value, abs=1e-3)
        for one, two in zip(reading.classes, case.reading.classes, strict=True):
            assert one.probability == pytest.approx(two.probability, abs=1e-3)
            assert one.level == two.level


@every_model
def test_a_picture_is_answered_alike_alone_and_in_a_batch(spec):
    cases = asked_about(spec)
    together = answers(spec, cases)
    for k, case in enumerate(cases):
        for name, alone in answers(spec, [case]).items():
            np.testing.assert_allclose(alone[0], together[name][k], atol=1e-4)


@every_model
def test_answers_differ_so_that_a_dead_network_is_noticed(spec):
    first = [case.outputs[spec.outputs[0].name] for case in asked_about(spec)]
    assert np.ptp(np.array(first), axis=0).max() > 0.05


@every_model
def test_heat_is_the_logit_that_it_explains(spec):
    for heat in spec.of_kind("heat"):
        found = answers(spec, asked_about(spec))
        told = next(o for o in spec.of_kind("class") if heat.names[0] in o.names)
        logit = found[heat.name].mean((1, 2))
        np.testing.assert_allclose(1 / (1 + np.exp(-logit)), found[told.name][:, 0], atol=1e-5)


@every_model
def test_a_head_ct_is_never_looked_at(spec):
    assert selects(spec, "CT", "HEAD", "", 54.0) == "modality"


@every_model
def test_triton_answers_as_torch_did(spec, triton_url):
    cases = asked_about(spec)
    ask = triton_answers(triton_url, spec)
    for case in cases:
        checked = check_outputs(spec, ask(batch(spec, [case])), 1)
        assert checked.ok.all()
        for name, expected in case.outputs.items():
            np.testing.assert_allclose(golden.sampled(checked.outputs[name][0]), expected, atol=1e-3)


def test_the_drawn_films_of_the_demo_are_measured_and_a_larger_heart_has_a_larger_ratio():
    spec = next(spec for spec in MODELS if spec.name == "chest_heart_unet")
    prepared = [prepare(drawn(Film(heart=heart)), spec) for heart in (0.34, 0.38, 0.42, 0.45)]
    (name,) = [output.name for output in spec.outputs]
    answer = session(spec).run([name], stack(prepared))[0]
    readings = read(spec, {name: answer}, [one.frame for one in prepared])
    assert [reading.refusals for reading in readings] == [()] * 4
    ratios = [reading.measures[0].value for reading in readings]
    assert ratios == sorted(ratios)
    assert ratios[-1] - ratios[0] > 0.08
