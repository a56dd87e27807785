"""What was found is drawn where it was found."""

import numpy as np

from streams.modalities.imaging import Heat, Line, Measured, Outline, Reading, overlay
from streams.modalities.imaging.drawing import COLOURS

BLACK = np.zeros((20, 30), np.float32)


def coloured(picture, colour):
    rows, columns = np.nonzero((picture == colour).all(2))
    return {(int(r), int(c)) for r, c in zip(rows, columns, strict=True)}


def test_a_picture_without_findings_is_shown_in_grey():
    picture = overlay(np.linspace(0, 9, 600, dtype=np.float32).reshape(20, 30), Reading("m", "1"))
    assert (picture.shape, picture.dtype) == ((20, 30, 3), np.uint8)
    assert (picture[:, :, 0] == picture[:, :, 2]).all()
    assert picture[0, 0, 0] == 0
    assert picture[19, 29, 0] == 255


def test_an_outline_is_closed_and_nothing_else_is_coloured():
    square = Outline("heart", ((5.5, 5.5), (9.5, 5.5), (9.5, 8.5), (5.5, 8.5)))
    found = coloured(overlay(BLACK, Reading("m", "1", outlines=(square,))), COLOURS[0])
    edge = {(r, c) for r in range(5, 9) for c in range(5, 10) if r in (5, 8) or c in (5, 9)}
    assert found == edge


def test_the_lines_of_a_measure_are_drawn():
    measured = Measured("ratio", 0.5, "1", 0.5, (Line("heart", (3.5, 4.5), (8.5, 4.5)),))
    found = coloured(overlay(BLACK, Reading("m", "1", measures=(measured,))), COLOURS[-1])
    assert found == {(4, c) for c in range(3, 9)}


def test_heat_is_warm_where_it_speaks_for_and_cool_where_it_speaks_against_and_only_in_its_frame():
    heat = Heat("pneumonia", ((8.0, -8.0),), (5.0, 0.0), (20.0, 20.0))
    picture = overlay(BLACK, Reading("m", "1", heat=(heat,))).astype(int)
    assert picture[10, 10, 0] > picture[10, 10, 2]
    assert picture[10, 20, 2] > picture[10, 20, 0]
    assert (picture[:, :5] == 0).all()
    assert (picture[:, 25:] == 0).all()


def test_what_is_masked_is_black_and_what_lies_outside_is_left_out():
    values = np.full((20, 30), np.nan, np.float32)
    far = Outline("heart", ((-50.0, -50.0), (100.0, -50.0), (100.0, 100.0)))
    assert overlay(values, Reading("m", "1", outlines=(far,))).shape == (20, 30, 3)
    assert (overlay(values, Reading("m", "1")) == 0).all()
