"""How far results are in order: what the highest epoch noted."""

from __future__ import annotations

import pytest

from streams.timeline.heard import Heard


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        ([], None),
        ([(1, 10)], 10),
        ([(1, 10), (2, 5)], 5),
        ([(2, 5), (1, 10)], 5),
        ([(2, 7), (2, 5)], 5),
        ([(2, 5), (2, 7)], 5),
    ],
)
def test_the_highest_epoch_counts_and_of_one_epoch_the_lower_offset(
    noted: list[tuple[int, int]], expected: int | None
) -> None:
    heard = Heard()
    for epoch, offset in noted:
        heard.take(epoch, offset)
    assert heard.offset == expected


def test_what_a_former_owner_notes_later_counts_for_nothing() -> None:
    heard = Heard()
    heard.take(5, 50)
    heard.own(6)
    heard.take(5, 102)
    assert heard.offset == 50
