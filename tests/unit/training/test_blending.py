"""Voices count by what they say of stays that they have not seen."""

import numpy as np
import pytest

from training.calibration import sigmoid
from training.deterioration_gru.blending import shares_of


@pytest.fixture
def voices():
    return np.random.default_rng(0).normal(size=(4000, 3))


def labels_of(voices, weights):
    chance = sigmoid(voices @ np.array(weights) - 1.0)
    return (np.random.default_rng(1).random(len(voices)) < chance).astype(float)


def test_the_weights_that_made_the_labels_are_found(voices):
    assert shares_of(voices, labels_of(voices, [1.0, 0.4, 0.0])) == pytest.approx([1.0, 0.4, 0.0], abs=0.1)


def test_a_voice_that_is_always_wrong_is_silenced_not_turned_round(voices):
    assert shares_of(voices, labels_of(voices, [1.0, -0.8, 0.4]))[1] == 0.0
