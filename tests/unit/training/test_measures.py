"""Figures of literal probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from training.calibration import platt, sigmoid
from training.measures import best_f1, drawn, ece, measures

LABELS = np.array([0.0, 0.0, 1.0, 1.0])


def test_a_perfect_order_has_an_area_of_one():
    figures = measures(LABELS, np.array([0.1, 0.2, 0.8, 0.9]), 0.5)
    assert figures["auroc"] == figures["auprc"] == figures["sensitivity"] == figures["specificity"] == 1.0
    assert figures["brier"] == pytest.approx(0.025)


def test_one_false_alarm_and_one_miss():
    figures = measures(LABELS, np.array([0.1, 0.6, 0.4, 0.9]), 0.5)
    assert figures["auroc"] == 0.75
    assert [figures[k] for k in ("sensitivity", "specificity", "precision", "f1", "accuracy")] == [0.5] * 5


def test_calibration_error_is_the_gap_between_said_and_seen():
    assert ece(np.array([0.0, 1.0] * 10), np.full(20, 0.5)) == pytest.approx(0.0)
    assert ece(np.zeros(20), np.full(20, 0.3)) == pytest.approx(0.3)


def test_no_alarm_has_no_precision():
    assert measures(LABELS, np.array([0.1, 0.2, 0.3, 0.4]), 0.9)["precision"] == 0.0


def test_intervals_hold_the_value_and_repeat():
    random = np.random.default_rng(0)
    labels = (random.random(200) < 0.3).astype(float)
    told = np.clip(0.3 + 0.3 * (labels - 0.3) + 0.2 * random.standard_normal(200), 0, 1)
    one, two = drawn(labels, told, 0.4), drawn(labels, told, 0.4)
    assert one.triples() == two.triples()
    value, low, high = one.triples()["auroc"]
    assert low < value < high


def test_a_model_differs_from_itself_by_nothing():
    told = np.array([0.1, 0.6, 0.4, 0.9])
    one = drawn(LABELS, told, 0.5)
    assert one.less(one, "auroc") == [0.0, 0.0, 0.0]


def test_the_threshold_of_highest_f1():
    assert best_f1(LABELS, np.array([0.1, 0.2, 0.8, 0.9])) == 0.8


def test_platt_scaling_finds_the_slope_and_intercept_it_was_made_with():
    random = np.random.default_rng(1)
    logits = random.standard_normal(50_000) * 2
    labels = (random.random(50_000) < sigmoid(0.5 * logits - 1.0)).astype(float)
    slope, intercept = platt(logits, labels)
    assert slope == pytest.approx(0.5, abs=0.03)
    assert intercept == pytest.approx(-1.0, abs=0.05)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=60))
def test_ranks_give_what_scikit_learn_gives_with_ties_too(rows):
    labels, scores = (np.array(part, float) for part in zip(*[*rows, (True, 3), (False, 4)], strict=True))
    found = measures(labels, scores / 6, 0.5)
    assert found["auroc"] == pytest.approx(roc_auc_score(labels, scores))
    assert found["auprc"] == pytest.approx(average_precision_score(labels, scores))
