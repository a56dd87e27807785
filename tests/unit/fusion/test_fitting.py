"""A fit on simulated patients of whom the truth is known."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from streams.errors import ContractError
from streams.fusion.fitting import LEAST_PATIENTS, Fitted, Rows, fit
from streams.fusion.rewriting import rewritten
from streams.fusion.rule import DEFAULT, DEFAULT_TEXT, Term, parse

TERMS = [DEFAULT.terms["deterioration_gru", ""], DEFAULT.terms["news2", ""], DEFAULT.terms["ecg_cnn", ""]]
TRUTH = {"deterioration": 1.1, "news2": 0.3, "ecg": 0.9}


def simulated(patients: int, seed: int, share_with_ecg: float = 0.6, scores: int = 3) -> Rows:
    """Draw patients whose outcome follows the pool itself, with the weights of `TRUTH`, at an intercept of -0.5."""
    random = np.random.default_rng(seed)
    evidence = random.normal(0.0, 1.2, (patients, len(TERMS)))
    known = np.ones(evidence.shape, np.bool_)
    known[:, 2] = random.random(patients) < share_with_ecg
    up, down = (np.array([getattr(term, side) for term in TERMS]) for side in ("up", "down"))
    bound = np.where(evidence > 0, up, down)
    weighted = bound * np.tanh(np.array(list(TRUTH.values())) * evidence / bound)
    chance = 1 / (1 + np.exp(0.5 - np.where(known, weighted, 0.0).sum(axis=1)))
    outcome = (random.random(patients) < chance).astype(float)
    return Rows(*(np.repeat(one, scores, axis=0) for one in (np.arange(patients), outcome, evidence, known)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_true_weights_lie_within_the_intervals(seed: int) -> None:
    found = fit(simulated(3000, seed), TERMS, draws=100, seed=seed)
    for truth, weight, interval in zip(TRUTH.values(), found.weights, found.intervals, strict=True):
        assert interval is not None
        assert interval[0] <= truth <= interval[1]
        assert interval[0] <= weight <= interval[1]
        assert interval[1] - interval[0] < 0.6
    assert found.intercept == pytest.approx(-0.5, abs=0.2)
    assert found.patients == 3000


def test_more_scores_of_the_same_patients_are_not_more_data() -> None:
    one, many = (fit(simulated(500, 4, scores=n), TERMS, draws=50) for n in (1, 8))
    assert one.weights == pytest.approx(many.weights, abs=1e-3)
    assert [one.intervals, one.patients] == [many.intervals, many.patients] or np.allclose(
        np.array(one.intervals, float), np.array(many.intervals, float), atol=1e-3
    )


def test_little_data_leave_the_weights_near_the_experts_and_say_so_by_wide_intervals() -> None:
    rows = simulated(80, 5, scores=1)
    rows.outcome[:] = np.random.default_rng(6).permutation(np.repeat([0.0, 1.0], 40))
    found = fit(rows, TERMS, draws=50)
    for term, weight in zip(TERMS, found.weights, strict=True):
        assert abs(weight - term.weight) < 0.7


def test_a_modality_of_few_patients_keeps_its_expert_weight() -> None:
    rows = simulated(600, 7)
    rows.known[:, 2] = rows.patient < LEAST_PATIENTS - 1
    found = fit(rows, TERMS, draws=20)
    assert (found.weights[2], found.intervals[2]) == (0.6, None)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_too_few_with_or_without_the_outcome_are_refused(outcome: float) -> None:
    rows = simulated(600, 8)
    rows.outcome[:] = outcome
    with pytest.raises(ContractError, match="too little data for 3 weights: expected at least 30 patients with"):
        fit(rows, TERMS)


def test_no_evidence_is_refused() -> None:
    rows = simulated(600, 9)
    rows.known[:] = False
    with pytest.raises(ContractError, match="expected 30 patients or more with evidence of one modality"):
        fit(rows, TERMS)


def test_the_new_file_is_valid_keeps_its_remarks_and_names_intervals() -> None:
    terms: list[Term] = list(DEFAULT.terms.values())
    intervals = tuple((0.1, 0.9) if term.name in TRUTH else None for term in terms)
    weights = tuple(0.5 if term.name in TRUTH else term.weight for term in terms)
    text = rewritten(DEFAULT_TEXT, terms, Fitted(weights, intervals, 0.0, 900, 90), "900 patients")
    found = parse(text, "site.toml").file
    assert found.fitted == "900 patients"
    assert [(name, one.weight, one.interval) for name, one in found.modality.present()][:4] == [
        ("deterioration", 0.5, (0.1, 0.9)),
        ("news2", 0.5, (0.1, 0.9)),
        ("ecg", 0.5, (0.1, 0.9)),
        ("labs", 0.5, None),
    ]
    assert text.startswith("# How the judgements")
    again = rewritten(text, terms, Fitted(weights, intervals, 0.0, 900, 90), "900 patients")
    assert msgspec.json.encode(parse(again, "x").file) == msgspec.json.encode(found)
