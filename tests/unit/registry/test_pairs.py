"""What two versions said of the same facts, put side by side."""

from __future__ import annotations

from streams.records import Level, Mode, Prediction
from streams.registry.pairs import Pair, Said, paired, said
from tests.unit.workers.fakes import Rec, encode

GRU = "deterioration_gru"


def by(version: str, value: float | None, mode: Mode = "live", patient: str = "p1", at: int = 1000) -> Said:
    level: Level = "indeterminate" if value is None else "high" if value > 0.5 else "low"
    return Said(patient, GRU, version, at, value, level, mode)


def test_predictions_of_the_same_facts_are_a_pair() -> None:
    found = paired([(by("3", 0.1), "f1"), (by("4", 0.9, "shadow"), "f1")], "4")
    assert found.pairs == (Pair("p1", 1000, 0.1, 0.9, "low", "high"),)
    assert (found.live, found.candidate, found.alone) == ("3", "4", {"3": 0, "4": 0})


def test_predictions_of_other_facts_or_patients_are_none() -> None:
    others = [(by("4", 0.9, "shadow"), "f2"), (by("4", 0.9, "shadow", "p2"), "f1")]
    found = paired([(by("3", 0.1), "f1"), *others], "4")
    assert found.pairs == ()
    assert found.alone == {"3": 1, "4": 2}


def test_a_repeat_counts_once_and_the_last_one() -> None:
    found = paired([(by("3", 0.1), "f1"), (by("4", 0.8, "shadow"), "f1"), (by("4", 0.9, "shadow"), "f1")], "4")
    assert [pair.candidate for pair in found.pairs] == [0.9]


def test_the_version_that_has_most_in_common_is_compared_unless_another_is_named() -> None:
    both = [(by("3", 0.1), "f1"), (by("3", 0.1), "f2"), (by("2", 0.2), "f1")]
    candidate = [(by("4", 0.9, "shadow"), "f1"), (by("4", 0.9, "shadow"), "f2")]
    assert paired([*both, *candidate], "4").live == "3"
    assert paired([*both, *candidate], "4", "2").live == "2"


def test_pairs_are_in_order_of_clinical_time() -> None:
    records = [(by("3", 0.1, at=at), f"f{at}") for at in (3000, 1000, 2000)]
    records += [(by("4", 0.1, "shadow", at=at), f"f{at}") for at in (1000, 3000, 2000)]
    assert [pair.as_of for pair in paired(records, "4").pairs] == [1000, 2000, 3000]


def test_a_candidate_that_was_never_asked_has_no_pairs() -> None:
    assert paired([(by("3", 0.1), "f1")], "4").pairs == ()
    assert paired([], "4").pairs == ()


def test_other_models_and_records_without_a_digest_of_facts_are_passed_over() -> None:
    facts = (("cs_facts", b"f1"),)
    published = Prediction("p1", GRU, "3", 1000, "ok", 0.1, "low")
    records = [
        Rec(0, encode(published), headers=facts),
        Rec(1, encode(published)),
        Rec(2, encode(Prediction("p1", "news2", "2017", 1000, "ok", 3.0)), headers=facts),
    ]
    assert said(records, GRU) == [(by("3", 0.1), "f1")]
