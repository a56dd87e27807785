"""Every output of a batch is held against the manifest."""

import numpy as np
import pytest

from streams.inference.answers import check_outputs
from tests.unit.modalities.imaging.manifests import CLASSIFIER


def answer(**changes):
    good = {
        "found": np.array([[0.25], [0.5]], np.float32),
        "heat": np.zeros((2, 2, 2), np.float32),
        "told": np.ones((2, 1), np.float32),
    }
    return good | changes


def test_a_good_answer_is_believed():
    checked = check_outputs(CLASSIFIER, answer(), 2)
    assert checked.ok.tolist() == [True, True]
    assert checked.outputs["found"].tolist() == [[0.25], [0.5]]
    assert checked.fault == ""


def test_a_row_that_breaks_one_output_is_void_in_all():
    heat = np.zeros((2, 2, 2), np.float32)
    heat[1, 0, 1] = 10.0
    checked = check_outputs(CLASSIFIER, answer(heat=heat), 2)
    assert checked.ok.tolist() == [True, False]
    assert checked.fault == "heat: 1 of 2 rows not finite or not in -9.0..9.0"
    assert np.isnan(checked.outputs["found"][1]).all()
    assert checked.outputs["found"][0] == 0.25


def test_the_servers_arrays_are_left_as_they_were():
    found = np.array([[0.25], [np.nan]], np.float32)
    told = np.ones((2, 1), np.float32)
    check_outputs(CLASSIFIER, answer(found=found, told=told), 2)
    assert told.tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize(
    "heat", [np.zeros((2, 2), np.float32), np.zeros((2, 2, 2), np.float64), np.zeros((1, 2, 2), np.float32)]
)
def test_a_wrong_shape_or_type_voids_every_row(heat):
    checked = check_outputs(CLASSIFIER, answer(heat=heat), 2)
    assert checked.ok.tolist() == [False, False]
    assert checked.fault.startswith("heat: expected float32 (2, 2, 2), received")
    assert checked.outputs["heat"].shape == (2, 2, 2)


def test_an_output_that_is_missing_voids_every_row():
    checked = check_outputs(CLASSIFIER, {k: v for k, v in answer().items() if k != "told"}, 2)
    assert checked.fault == "told: expected float32 (2, 1), received no such tensor"
