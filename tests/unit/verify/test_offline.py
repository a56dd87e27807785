"""The model run in this process: in order, in any batch the same, and checked against its contract."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from streams.inference.manifest import load
from streams.inference.outcomes import Contract, Row, Value
from streams.verify.offline import BATCH, OfflineScorer

REPOSITORY = Path(__file__).parents[3] / "model_repo"
SPEC = load(REPOSITORY, "deterioration_gru")
SCORER = OfflineScorer(REPOSITORY, SPEC)


def row(seed: int) -> Row:
    chance = np.random.default_rng(seed)
    return {t.name: chance.normal(size=t.shape).astype(np.float32) for t in SPEC.tensors}


def values(rows: list[Row]) -> list[float]:
    return [outcome.value for outcome in SCORER.score(rows) if isinstance(outcome, Value)]


def test_nobody_is_nothing() -> None:
    assert SCORER.score([]) == []


def test_every_row_gets_its_own_value_in_order_over_more_than_one_batch() -> None:
    rows = [row(seed) for seed in range(BATCH + 3)]
    together = values(rows)
    assert len(together) == BATCH + 3
    for seed in (0, BATCH - 1, BATCH, BATCH + 2):
        assert together[seed] == pytest.approx(values([rows[seed]])[0], abs=1e-6)
    assert len(set(together)) > BATCH // 2


def test_an_answer_that_is_no_number_is_a_breach_of_contract() -> None:
    broken = {name: np.full_like(array, np.nan) for name, array in row(1).items()}
    [good, bad] = SCORER.score([row(0), broken])
    assert isinstance(good, Value)
    assert isinstance(bad, Contract)


def test_the_golden_answers_of_the_model_folder_are_given() -> None:
    cases = json.loads((REPOSITORY / SPEC.name / "golden.json").read_text())["cases"]
    rows: list[Row] = [
        {name: np.array(tensor, np.float32) for name, tensor in case["tensors"].items()} for case in cases
    ]
    assert values(rows) == pytest.approx([case["output"] for case in cases], abs=1e-4)
