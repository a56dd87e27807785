"""Maps of probability become polygons that can be measured and drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.modalities.imaging.outlines import area, filled, polygons


def box(top, bottom, left, right, size=16):
    found = np.zeros((size, size), np.float32)
    found[top:bottom, left:right] = 1
    return found


def ends(polygon):
    return polygon[:, 0].min(), polygon[:, 0].max(), polygon[:, 1].min(), polygon[:, 1].max()


def test_a_box_is_outlined_at_its_edges():
    (polygon,) = polygons(box(5, 10, 3, 12))
    assert ends(polygon) == pytest.approx((3, 12, 5, 10))


def test_nothing_has_no_outline():
    assert polygons(np.full((16, 16), 0.49, np.float32)) == []


def test_what_runs_into_the_edge_is_closed_there():
    (polygon,) = polygons(np.ones((16, 16), np.float32))
    assert ends(polygon) == pytest.approx((0, 16, 0, 16), abs=1e-6)


def test_the_largest_comes_first():
    both = np.maximum(box(1, 4, 1, 4), box(6, 15, 6, 15))
    large, small = polygons(both)
    assert area(large) > area(small)
    assert ends(large)[0] == pytest.approx(6)


def test_an_edge_lies_between_pixels_where_the_odds_are_even():
    ramp = np.zeros((8, 8), np.float32)
    ramp[2:6, 2:5] = 0.9
    ramp[2:6, 5] = 0.5
    (polygon,) = polygons(ramp)
    assert polygon[:, 0].max() == pytest.approx(5.5)


def test_the_area_of_a_square_and_a_triangle():
    assert area(np.array([[0.0, 0], [4, 0], [4, 4], [0, 4]])) == 16
    assert area(np.array([[0.0, 0], [4, 0], [0, 4]])) == 8


@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 12), st.integers(1, 4))
def test_filling_an_outline_gives_back_what_was_outlined(top, tall, left, wide):
    drawn = box(top, top + tall, left, left + wide)
    assert (filled(polygons(drawn)[0], 16, 16) == (drawn > 0)).all()


def test_filling_beyond_the_picture_fills_what_is_within():
    found = filled(np.array([[-5.0, -5], [3, -5], [3, 3], [-5, 3]]), 8, 8)
    assert found.sum() == 9
    assert found[:3, :3].all()
