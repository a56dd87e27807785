"""Contributions as bars: what raises to the right of the middle, what lowers to the left."""

from __future__ import annotations

import numpy as np

from streams.publish.bars import LINE, MOST, WIDTH, drawn
from streams.records import Contribution, direction_of


def contribution(size: float) -> Contribution:
    return Contribution("x", "m", direction_of(size), size, "log-odds", "heart rate")


def columns(picture: np.ndarray, colour: tuple[int, int, int]) -> list[int]:
    return sorted(set(np.nonzero((picture == colour).all(axis=2))[1].tolist()))


def test_red_lies_right_of_blue_and_twice_the_size_is_twice_the_length() -> None:
    picture = drawn([("t", [contribution(2.0), contribution(-1.0)])])
    red, blue = columns(picture, (178, 34, 34)), columns(picture, (30, 90, 160))
    assert max(blue) <= min(red)
    assert abs(len(red) - 2 * len(blue)) <= 2
    assert picture.shape[1] == WIDTH


def test_nothing_is_drawn_of_what_moves_nothing_and_no_more_than_the_most() -> None:
    picture = drawn([("t", [contribution(0.0)] * 100), ("empty", [])])
    assert columns(picture, (178, 34, 34)) == []
    assert picture.shape[0] == (2 + MOST + 2) * LINE
