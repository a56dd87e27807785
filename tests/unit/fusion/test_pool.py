"""The sum, its ceilings, its floor; and how it is taken back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from streams.fusion.evidence import Voice, voices
from streams.fusion.pool import level_of, needed, pool
from streams.fusion.rule import DEFAULT
from streams.records import Prediction
from tests.unit.fusion.voices import AS_OF, gru, ratio, scored, slow_lists, vital


def heard(*predictions: Prediction) -> list[Voice]:
    return voices(predictions, AS_OF, DEFAULT)


def test_what_has_a_ceiling_comes_last_and_stops_there() -> None:
    found = pool(heard(ratio(0.7), scored(4), gru(0.14)), "low", DEFAULT.edges)
    assert found.total == pytest.approx(math.log(45 / 55))
    assert sum(found.moved) == pytest.approx(found.total)


def test_beyond_its_ceiling_it_adds_nothing() -> None:
    both = gru(0.4), scored(6)
    assert (
        pool(heard(*both, ratio(0.7)), "medium", DEFAULT.edges).total
        == pool(heard(*both), "medium", DEFAULT.edges).total
    )


def test_the_levels_begin_at_their_edges() -> None:
    edges = DEFAULT.edges
    assert [level_of(edge, edges) for edge in edges.values()] == ["low-medium", "medium", "high"]
    assert [level_of(edge - 1e-9, edges) for edge in edges.values()] == ["low", "low-medium", "medium"]


@given(vital, slow_lists)
def test_the_needed_size_is_where_the_whole_crosses(both: tuple[Prediction, ...], slow: tuple[Prediction, ...]) -> None:
    found = heard(*both, *slow)
    for wanted in DEFAULT.edges.values():
        for k, size in enumerate(needed(found, pool(found, "low", DEFAULT.edges), wanted)):
            above = [one._replace(size=size + 1e-6) if n == k else one for n, one in enumerate(found)]
            below = [one._replace(size=size - 1e-6) if n == k else one for n, one in enumerate(found)]
            # What has a ceiling only raises; a size below 0 is then no size that it could have.
            if not math.isinf(size) and (found[k].term.ceiling == math.inf or size > 1e-6):
                assert pool(above, "low", DEFAULT.edges).total >= wanted - 1e-9
                assert pool(below, "low", DEFAULT.edges).total < wanted
