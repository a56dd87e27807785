"""The index as people read it."""

from __future__ import annotations

import pytest

from streams.publish.points import in_points


@pytest.mark.parametrize(("index", "shown"), [(0.0, "0"), (49.9, "49"), (50.0, "50"), (69.99, "69"), (100.0, "100")])
def test_an_index_is_shown_in_whole_points_of_the_level_that_it_has(index: float, shown: str) -> None:
    assert in_points(index) == shown
