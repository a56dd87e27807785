"""Answers come back as probabilities, measures, outlines and heat in the coordinates of the picture."""

import numpy as np
import pytest

from streams.modalities.imaging import Frame, Line, read, refused
from tests.unit.modalities.imaging.manifests import CLASSIFIER, MEASURER

FRAME = Frame(0.0, 0.0, 80.0, 40.0)


def maps(**boxes):
    """Return maps of structures; each box is (top, bottom, left, right) in cells."""
    found = np.zeros((1, 3, 8, 8), np.float32)
    for k, name in enumerate(("right", "left", "heart")):
        if name in boxes:
            top, bottom, left, right = boxes[name]
            found[0, k, top:bottom, left:right] = 1
    return found


CHEST = {"right": (1, 7, 0, 3), "left": (1, 7, 5, 8), "heart": (3, 7, 3, 6)}


def measured(frame=FRAME, **boxes):
    (reading,) = read(MEASURER, {"structures": maps(**(CHEST | boxes))}, [frame])
    return reading


def test_the_ratio_is_the_width_of_the_heart_over_that_of_the_chest():
    (ratio,) = measured().measures
    assert (ratio.name, ratio.value, ratio.unit, ratio.usual_high) == ("ratio", 0.375, "1", 0.5)


def test_the_lines_are_where_it_was_measured_in_pixels_of_the_source():
    (ratio,) = measured().measures
    heart, chest = ratio.lines
    assert (heart.name, heart.start[0], heart.end[0]) == ("heart", 30.0, 60.0)
    assert (chest.name, chest.start[0], chest.end[0]) == ("right and left", 0.0, 80.0)
    assert heart.start[1] == heart.end[1]
    assert 15.0 <= heart.start[1] <= 35.0
    assert isinstance(heart, Line)


def test_outlines_are_in_pixels_of_the_source():
    by_name = {o.name: np.array(o.points) for o in measured().outlines}
    assert by_name.keys() == {"right", "left", "heart"}
    heart = by_name["heart"]
    assert [heart[:, 0].min(), heart[:, 0].max(), heart[:, 1].min(), heart[:, 1].max()] == [30, 60, 15, 35]


def test_a_frame_within_the_picture_moves_what_was_found():
    (ratio,) = measured(Frame(100.0, 50.0, 80.0, 40.0)).measures
    assert ratio.lines[0].start[0] == 130.0
    assert 65.0 <= ratio.lines[0].start[1] <= 85.0
    assert ratio.value == 0.375


def test_a_heart_that_is_not_there_is_implausible_and_nothing_is_measured():
    reading = measured(heart=(0, 0, 0, 0))
    assert reading.refusals == ("implausible:heart/area",)
    assert reading.measures == ()
    assert {o.name for o in reading.outlines} == {"right", "left"}


def test_a_lung_in_pieces_is_implausible():
    torn = maps(**CHEST)
    torn[0, 0, 3:5] = 0
    (reading,) = read(MEASURER, {"structures": torn}, [FRAME])
    assert reading.refusals == ("implausible:right/whole",)


def test_a_broken_answer_is_refused_and_spoils_no_other():
    both = np.concatenate([maps(**CHEST), maps(**CHEST)])
    both[0, 2, 4, 4] = np.nan
    broken, good = read(MEASURER, {"structures": both}, [FRAME, FRAME])
    assert broken.refusals == ("contract",)
    assert broken.outlines == ()
    assert good.refusals == ()
    assert good.measures[0].value == 0.375


@pytest.mark.parametrize("outputs", [{}, {"structures": np.zeros((1, 3, 8, 9), np.float32)}])
def test_a_missing_or_misshapen_answer_is_refused(outputs):
    (reading,) = read(MEASURER, outputs, [FRAME])
    assert reading.refusals == ("contract",)


def test_a_class_comes_with_its_level_its_heat_and_what_was_told():
    outputs = {
        "found": np.array([[0.75]], np.float32),
        "heat": np.array([[[-1.0, 0.5], [2.0, 4.0]]], np.float32),
        "told": np.array([[61.5]], np.float32),
    }
    (reading,) = read(CLASSIFIER, outputs, [Frame(2.0, 0.0, 8.0, 8.0)])
    (found,), (heat,), (told,) = reading.classes, reading.heat, reading.measures
    assert (found.name, found.probability, found.level) == ("pneumonia", 0.75, "high")
    assert (heat.name, heat.values) == ("pneumonia", ((-1.0, 0.5), (2.0, 4.0)))
    assert (heat.corner, heat.size) == ((2.0, 0.0), (8.0, 8.0))
    assert (told.name, told.value, told.unit, told.lines) == ("age", 61.5, "a", ())


def test_a_probability_beyond_one_is_refused():
    outputs = {
        "found": np.array([[1.5]], np.float32),
        "heat": np.zeros((1, 2, 2), np.float32),
        "told": np.zeros((1, 1), np.float32),
    }
    assert read(CLASSIFIER, outputs, [FRAME])[0].refusals == ("contract",)


def test_a_picture_that_was_not_asked_about_says_why():
    reading = refused(MEASURER, ("blank",))
    assert (reading.model, reading.version, reading.refusals) == ("measurer", "1", ("blank",))
