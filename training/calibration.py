"""Platt scaling: a slope and an intercept on the logit, fitted on patients the network has not seen."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from training.measures import Floats


def platt(logits: Floats, labels: Floats) -> tuple[float, float]:
    """Return (slope, intercept) of sigmoid(slope * logit + intercept) of greatest likelihood (Platt 1999)."""
    fitted = LogisticRegression(C=1e6).fit(logits.reshape(-1, 1), labels)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def sigmoid(logits: Floats) -> Floats:
    """Return probabilities of logits."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float64)
