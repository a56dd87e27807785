"""Who is who: the words of Patient resources, whatever their order, and what changes with each."""

from __future__ import annotations

import itertools

import pytest

from streams.identity import alias
from streams.records import Identity, Version
from streams.timeline.identities import Identities

ANN = alias("urn:mrn", "ann", "hospital")


def word(subject: str, target: str, version_id: int = 1, *, stands: bool = True, by: str = "") -> Identity:
    return Identity(subject, target, "hospital", by or subject, Version(0, version_id), stands)


def told(*words: Identity) -> Identities:
    made = Identities()
    for one in words:
        made.take([one])
    return made


def ends(*words: Identity) -> dict[str, str]:
    """Whose each identity's facts are, which must be the same in every order of the words."""
    names = sorted({name for one in words for name in (one.subject, one.target)})
    found = {
        tuple(sorted((name, made.resolve(name)) for name in names if made.resolve(name) != name))
        for order in itertools.permutations(words)
        for made in [told(*order)]
    }
    [end] = found
    return dict(end)


def test_an_identity_without_a_word_is_its_own() -> None:
    assert Identities().resolve("p1") == "p1"
    assert Identities().origins("p1") == []


def test_a_retired_id_is_the_survivors() -> None:
    assert ends(word("p1", "p2")) == {"p1": "p2"}


def test_a_chain_ends_at_its_end() -> None:
    made = told(word("p2", "p3"), word("p1", "p2"), word(ANN, "p1"))
    assert made.way(ANN) == [ANN, "p1", "p2", "p3"]
    assert made.origins("p3") == [ANN, "p1", "p2"]


def test_of_several_targets_the_highest_version_decides() -> None:
    assert ends(word("p1", "p2", 1, by="p2"), word("p1", "p3", 2, by="p3")) == {"p1": "p3"}


def test_of_several_targets_of_one_version_the_highest_id_decides() -> None:
    assert ends(word("p1", "p2", by="p2"), word("p1", "p3", by="p3")) == {"p1": "p3"}


def test_a_word_taken_back_lets_the_next_one_stand() -> None:
    taken_back = word("p1", "p3", 4, stands=False, by="p3")
    assert ends(word("p1", "p2", 1, by="p2"), word("p1", "p3", 2, by="p3"), taken_back) == {"p1": "p2"}


def test_a_word_taken_back_and_said_again_stands() -> None:
    assert ends(word("p1", "p2", 1), word("p1", "p2", 2, stands=False), word("p1", "p2", 3)) == {"p1": "p2"}


@pytest.mark.parametrize("length", [2, 3, 4])
def test_in_a_cycle_the_highest_word_is_void(length: int) -> None:
    words = [word(f"p{k}", f"p{(k + 1) % length}", k + 1) for k in range(length)]
    assert ends(*words) == {f"p{k}": f"p{length - 1}" for k in range(length - 1)}


def test_where_the_highest_word_of_a_cycle_is_void_the_next_one_of_that_id_stands() -> None:
    words = word("p1", "p2", 1), word("p2", "p1", 5), word("p2", "p3", 2, by="p3")
    assert ends(*words) == {"p1": "p3", "p2": "p3"}


def test_a_word_that_was_void_stands_once_the_cycle_is_gone() -> None:
    assert ends(word("p1", "p2", 1), word("p2", "p1", 2), word("p1", "p2", 3, stands=False)) == {"p2": "p1"}


def test_two_cycles_are_each_broken() -> None:
    words = word("p1", "p2", 1), word("p2", "p1", 2), word("p3", "p4", 4), word("p4", "p3", 3)
    assert ends(*words) == {"p1": "p2", "p4": "p3"}


def test_taking_a_word_tells_who_moved_and_whose_it_was_and_is() -> None:
    made = Identities()
    assert made.take([word("p1", "p2", by="p2")]) == {"p1", "p2"}
    assert made.take([word("p1", "p2", by="p2")]) == set()
    assert made.take([word("p1", "p3", 2, by="p3")]) == {"p1", "p2", "p3"}
    assert made.take([word("p1", "p2", 1, by="p0")]) == set()
    assert made.take([word("p1", "p3", 3, stands=False, by="p3")]) == {"p1", "p2", "p3"}


def test_who_stands_behind_a_retired_id_moves_with_it_and_nobody_else() -> None:
    made = told(word(ANN, "p1"), word("p8", "p9"))
    assert made.take([word("p1", "p2")]) == {ANN, "p1", "p2"}


def test_a_cycle_moves_only_who_is_another_now() -> None:
    made = told(word("p1", "p2", 1))
    assert made.take([word("p2", "p1", 5)]) == set()


def test_all_words_at_once_are_the_same_as_one_by_one() -> None:
    words = [word("p1", "p2", 1), word("p2", "p1", 5), word("p2", "p3", 2, by="p3"), word(ANN, "p1")]
    at_once = Identities()
    at_once.take(words)
    assert [at_once.way(name) for name in (ANN, "p1", "p2")] == [told(*words).way(name) for name in (ANN, "p1", "p2")]


def test_who_ever_stood_behind_an_id_is_known_after_a_word_was_taken_back() -> None:
    made = told(word(ANN, "p1"), word("p1", "p2", 1), word("p1", "p2", 2, stands=False))
    assert made.origins("p2") == []
    assert made.ever_origins("p2") == [ANN, "p1"]


def test_a_word_is_known_unless_it_is_higher_than_what_was_taken_in() -> None:
    made = told(word("p1", "p2", 2))
    assert [made.knows(word("p1", "p2", n)) for n in (1, 2, 3)] == [True, True, False]
    assert not made.knows(word("p1", "p3", 1))


def test_an_alias_that_seventeen_patients_claim_is_nobodys_in_any_order_and_stays_small() -> None:
    claims = [word(ANN, f"p{n}", n + 1, by=f"p{n}") for n in range(40)]
    for order in (claims, claims[::-1], claims[20:] + claims[:20]):
        made = told(*order)
        assert made.resolve(ANN) == ANN
        assert made.words_of(ANN) == tuple(sorted(claims[-17:]))


def test_sixteen_claims_are_still_decided_by_the_highest() -> None:
    assert told(*(word(ANN, f"p{n}", n + 1, by=f"p{n}") for n in range(16))).resolve(ANN) == "p15"
