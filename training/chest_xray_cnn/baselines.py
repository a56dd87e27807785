"""What the network is held against: a linear model on the pixels (principal components, logistic regression)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from training.calibration import sigmoid
from training.chest_xray_cnn.films import Films
from training.figures import read_json, rounded, write_json
from training.measures import Floats

PATH = Path(__file__).with_name("baselines.json")
COMPONENTS = 50


class Linear(msgspec.Struct, frozen=True):
    """The fitted model as one weight per pixel, kept as numbers so that any folder can be scored without refitting."""

    weights: list[float]
    intercept: float

    def probabilities(self, images: NDArray[np.uint8]) -> Floats:
        """Score films of shape (films, 28, 28)."""
        return sigmoid(_flat(images) @ np.array(self.weights) + self.intercept)


def fit(films: Films) -> Linear:
    """Fit on films."""
    components = PCA(COMPONENTS, random_state=0).fit(_flat(films.images))
    model = LogisticRegression(max_iter=5000).fit(components.transform(_flat(films.images)), films.labels)
    weights = model.coef_[0] @ components.components_
    return Linear(rounded(weights, 6), round(float(model.intercept_[0] - weights @ components.mean_), 6))


def save(linear: Linear) -> None:
    """Keep the baseline beside this module."""
    write_json(msgspec.to_builtins(linear), PATH)


def load() -> Linear:
    """Return the baseline of the last training."""
    return msgspec.convert(read_json(PATH), Linear)


def _flat(images: NDArray[np.uint8]) -> Floats:
    return images.reshape(len(images), -1).astype(np.float64) / 255
