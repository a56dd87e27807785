"""A picture becomes a tensor whatever its size and scale."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from streams.inference.imaging_manifest import Framing
from streams.modalities.imaging import Frame, prepare, stack
from tests.unit.modalities.imaging.manifests import CLASSIFIER, MEASURER


def picture(prepared):
    return prepared.tensors["picture"][0]


def test_a_picture_of_the_tensors_size_is_only_scaled():
    values = np.arange(64, dtype=np.float32).reshape(8, 8)
    np.testing.assert_allclose(picture(prepare(values, MEASURER)), values / 63, atol=1e-6)


def test_scale_and_offset_of_the_machine_do_not_matter():
    values = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    one, two = prepare(values, MEASURER), prepare(values * 4000 - 1000, MEASURER)
    np.testing.assert_allclose(picture(one), picture(two), atol=1e-4)


def test_shrinking_takes_the_mean_of_what_falls_together():
    values = np.zeros((16, 16), np.float32)
    values[::2] = 2.0  # stripes finer than a pixel of the tensor
    values[:, 8:] += 10.0
    found = picture(prepare(values, MEASURER))
    np.testing.assert_allclose(found[1:7, :3], found[1, 0], atol=1e-6)
    np.testing.assert_allclose(found[1:7, 5:], found[1, 7], atol=1e-6)
    assert found[1, 7] - found[1, 0] > 0.75


def test_enlarging_leaves_the_ends():
    values = np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [4, 4, 4, 4]], np.float32)
    found = picture(prepare(values, MEASURER))
    assert (found[0] == 0).all()
    assert (found[7] == 1).all()


def test_stretching_shows_the_whole_picture():
    assert prepare(np.eye(10, 20, dtype=np.float32), MEASURER).frame == Frame(0.0, 0.0, 20.0, 10.0)


def test_the_centre_square_leaves_out_the_longer_sides_ends():
    values = np.zeros((8, 12), np.float32)
    values[:, :2] = values[:, 10:] = 400.0
    prepared = prepare(values, CLASSIFIER)
    assert prepared.frame == Frame(2.0, 0.0, 8.0, 8.0)
    np.testing.assert_allclose(picture(prepared), 1000 / 1400, atol=1e-6)


def test_a_window_is_in_the_pictures_own_unit():
    values = np.array([[-2000, -1000, -300, 400, 3000, -300, -300, -300]] * 8, np.float32)
    found = picture(prepare(values, CLASSIFIER))
    np.testing.assert_allclose(found[0, :5], [0, 0, 0.5, 1, 1], atol=1e-6)


def test_percentiles_cut_off_what_is_rare():
    spec = msgspec.structs.replace(MEASURER, framing=Framing("stretch", "percentiles", 0.0, 98.0, min_side=4))
    values = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    values[7, 7] = 1000.0  # a marker
    assert picture(prepare(values, spec))[4, 0] > 0.4


def test_what_is_masked_becomes_the_darkest():
    values = np.arange(64, dtype=np.float32).reshape(8, 8) + 5
    values[7] = np.nan
    found = picture(prepare(values, MEASURER))
    assert np.isfinite(found).all()
    assert (found[7] == 0).all()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((3, 100), np.float32), "min-side"),
        (np.full((8, 8), 7.0, np.float32), "blank"),
        (np.full((8, 8), np.nan, np.float32), "masked"),
        (np.where(np.arange(64).reshape(8, 8) < 40, np.nan, 1.0).astype(np.float32), "masked"),
    ],
)
def test_a_picture_that_shows_nothing_is_refused_with_the_reason(values, reason):
    prepared = prepare(values, MEASURER)
    assert prepared.reasons == (reason,)
    assert (prepared.tensors["picture"] == 0).all()


def test_pictures_of_different_sizes_stack_to_one_batch():
    batch = stack([prepare(np.eye(n, dtype=np.float32), MEASURER) for n in (5, 9, 40)])
    assert batch["picture"].shape == (3, 1, 8, 8)
    assert batch["picture"].dtype == np.float32


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        elements=st.floats(-1e6, 1e6, width=32) | st.just(float("nan")) | st.just(float("inf")),
    )
)
def test_whatever_comes_the_tensor_keeps_its_contract(values):
    tensor = prepare(values, MEASURER).tensors["picture"]
    assert (tensor.shape, tensor.dtype) == ((1, 8, 8), np.float32)
    assert (tensor >= 0).all()
    assert (tensor <= 1).all()
