"""What counts as worse than what was acknowledged."""

from __future__ import annotations

import pytest

from streams.alerts.life import Place
from streams.alerts.watch import Watch
from tests.unit.alerts.policies import at, one, policy, word


@pytest.mark.parametrize(
    ("acknowledged", "again"),
    [(76, 86), (80, 90), (90, 95), (96, 98), (99.8, 99.9)],
    ids=["as the policy says", "half of the rest is as much", "near the top", "nearer", "at the top"],
)
def test_near_the_top_of_the_index_half_of_what_is_left_is_worse(acknowledged: float, again: float) -> None:
    rules = policy("realert_points: 10")
    watch = Watch(rules)
    watch.assess([one(0, acknowledged)], at(0), Place(), (), at(0))
    watch.assess([], at(99), Place(), (word(1),), at(1))
    watch.assess([one(2, again - 0.1)], at(2), Place(), (word(1),), at(2))
    assert [life.state for life in watch.standing()] == ["acknowledged"]
    watch.assess([one(3, again)], at(3), Place(), (word(1),), at(3))
    assert [(life.state, life.reason) for life in watch.standing()] == [("raised", "worse")]
