"""How much each voice of the network counts: logistic regression on answers about stays that it has not seen."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from training.calibration import sigmoid
from training.measures import Floats

RIDGE = 1e-4


def shares_of(voices: Floats, labels: Floats) -> list[float]:
    """Return the weights, none below 0, of least cross-entropy of sigmoid(voices @ weights + intercept).

    Parameters
    ----------
    voices
        Shape (rows, voices).
    """

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = voices @ weights[:-1] + weights[-1]
        off = sigmoid(logits) - labels
        value = float(np.mean(np.logaddexp(0, logits) - labels * logits) + RIDGE * np.sum(weights[:-1] ** 2))
        return value, np.append(voices.T @ off / len(off) + 2 * RIDGE * weights[:-1], off.mean())

    count = voices.shape[1]
    bounds = [(0.0, None)] * count + [(None, None)]
    found = minimize(loss, np.append(np.full(count, 0.3), 0.0), jac=True, bounds=bounds, method="L-BFGS-B")
    return [round(float(w), 5) for w in found.x[:-1]]
