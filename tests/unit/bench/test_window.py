"""The peers' window equals the project's features where facts come on whole hours."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from bench.peers.window import Fact, Windows
from streams.clock import HOUR, MINUTE
from streams.inference.manifest import load
from streams.modalities.vitals import prepare
from streams.timeline.series import Snapshot, series_of
from streams.vocabulary import INDEX, QUANTITIES

SPEC = load(Path(__file__).parents[3] / "model_repo", "deterioration_gru")
START = 482_000 * HOUR


def facts_of(seed: int, hours: int, patient: str = "p") -> list[Fact]:
    """Several values of some quantities in every few hours; more than one of a quantity in an hour, too."""
    rng = random.Random(seed)
    plain = [i.code for i in SPEC.inputs if not i.parts]
    found = []
    for hour in range(hours):
        for code in rng.sample(plain, rng.randint(1, 6)):
            known = QUANTITIES[INDEX[code]]
            for _ in range(rng.randint(1, 3)):
                found.append(Fact(patient, START + hour * HOUR, code, rng.uniform(known.low, known.high)))
    return found


def expected(facts: list[Fact]) -> dict[str, np.ndarray]:
    rows = [(f.at, INDEX[f.code], f.value) for f in facts]
    found = Snapshot("p", max(f.at for f in facts), series_of(rows), "", "", "", False, (), 0)
    return prepare(found, SPEC).tensors


@pytest.mark.parametrize("seed", range(12))
def test_every_row_equals_the_features_of_the_facts_so_far(seed: int) -> None:
    facts = facts_of(seed, hours=40)
    rows = Windows(SPEC).take(facts)
    for k in {0, 1, len(facts) // 2, len(facts) - 1}:
        for name, tensor in expected(facts[: k + 1]).items():
            np.testing.assert_allclose(rows[name][k], tensor, atol=1e-5, err_msg=f"{name} of row {k}")


def test_patients_do_not_mix_and_batches_go_on() -> None:
    a, b = facts_of(1, 10, "a"), facts_of(2, 10, "b")
    mixed = sorted(a + b, key=lambda f: f.at)
    windows = Windows(SPEC)
    windows.take(mixed[:30])
    last = windows.take(mixed[30:])
    row = max(k for k, fact in enumerate(mixed[30:]) if fact.patient_id == "a")
    np.testing.assert_allclose(last["values"][row], expected(a)["values"], atol=1e-5)


def test_late_facts_and_unknown_codes_change_nothing() -> None:
    windows = Windows(SPEC)
    known = windows.take([Fact("p", START + HOUR, "8867-4", 80.0)])
    after = windows.take([Fact("p", START, "8867-4", 180.0), Fact("p", START + HOUR, "0-0", 1.0)])
    for k in range(2):
        np.testing.assert_array_equal(after["values"][k], known["values"][0])


def test_a_long_gap_empties_nothing_but_ages_all() -> None:
    windows = Windows(SPEC)
    windows.take([Fact("p", START, "8867-4", 80.0)])
    later = windows.take([Fact("p", START + 100 * HOUR + 30 * MINUTE, "9279-1", 16.0)])
    pulse = [i.code for i in SPEC.inputs].index("8867-4")
    assert later["hours_since"][0, -1, pulse] == SPEC.window.bins - 1
