"""Looking for a resource among all timelines finds everyone who holds it, and few who do not."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.timeline.rows import identify
from streams.timeline.signatures import EACH, Signatures

sizes = st.lists(st.tuples(st.sampled_from(["p1", "p2", "p3"]), st.integers(0, 3 * EACH)), max_size=8)


def ids(names: range) -> list[bytes]:
    return [identify(f"o-{name}")[1] for name in names]


@given(sizes)
@settings(max_examples=100, deadline=None)
def test_every_holder_is_found_however_often_what_it_holds_changes(steps: list[tuple[str, int]]) -> None:
    made, columns, held = Signatures(), {}, {}
    for first, (owner, count) in enumerate(steps):
        held[owner] = ids(range(first * 1000, first * 1000 + count))
        columns[owner] = made.put(owner, columns.get(owner, ()), b"".join(held[owner]))
    for owner, names in held.items():
        assert all(owner in made.holders(name) for name in names)
    taken = [column for mine in columns.values() for column in mine]
    assert len(taken) == len(set(taken)) == sum(-(-len(names) // EACH) for names in held.values())


def test_few_are_looked_into_for_nothing() -> None:
    made, rng = Signatures(), random.Random(1)
    for owner in range(2000):
        made.put(str(owner), (), rng.randbytes(16 * 100))
    found = [len(list(made.holders(rng.randbytes(16)))) for _ in range(200)]
    assert sum(found) / 200 < 2000 / 50


def test_what_is_freed_is_nobodys_and_is_used_again() -> None:
    made = Signatures()
    [column] = made.put("p1", (), identify("a")[1])
    made.clear([column], free=True)
    assert list(made.holders(identify("a")[1])) == []
    assert made.put("p2", (), identify("b")[1]) == (column,)
    assert list(made.holders(identify("b")[1])) == ["p2"]
