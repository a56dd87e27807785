"""What the network must beat: NEWS2 as charted, and a logistic regression on the same tensors."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from vitalscore import score_news2

from streams.modalities.vitals import Prepared
from streams.timeline.series import Snapshot
from streams.vocabulary import INDEX
from training.calibration import platt, sigmoid
from training.measures import Floats

_NORMAL = {
    "9279-1": 16.0,
    "2708-6": 98.0,
    "3150-6": 21.0,
    "8480-6": 120.0,
    "8867-4": 75.0,
    "9269-2": 15.0,
    "8310-5": 37.0,
}
"""What a parameter that was never measured counts as: no points, the usual way to chart it."""

_LIMITS = {
    "9279-1": (1.0, 99.0),
    "2708-6": (50.0, 100.0),
    "8480-6": (1.0, 299.0),
    "8867-4": (1.0, 299.0),
    "8310-5": (25.0, 45.0),
}

PATH = Path(str(files(__package__).joinpath("baselines.json")))


class Linear(msgspec.Struct, frozen=True):
    """A fitted logistic model, kept as numbers so that any folder can be scored without refitting."""

    weights: list[float]
    intercept: float

    def probabilities(self, features: Floats) -> Floats:
        """Score rows of features."""
        return sigmoid(features @ np.array(self.weights) + self.intercept)


class Baselines(msgspec.Struct, frozen=True):
    """The baselines as fitted on the training stays."""

    news2: Linear
    logistic: Linear


def news2_points(snapshot: Snapshot) -> float:
    """Return the NEWS2 total (RCP 2017) of the newest values, by the library ``vitalscore``."""
    newest = dict(zip(snapshot.series.quantity.tolist(), snapshot.series.value.tolist(), strict=True))
    v = {code: _limited(code, newest.get(INDEX[code], normal)) for code, normal in _NORMAL.items()}
    result = score_news2(
        respiratory_rate=round(v["9279-1"]),
        spo2=v["2708-6"],
        on_oxygen=v["3150-6"] > 21,
        systolic_bp=round(v["8480-6"]),
        heart_rate=round(v["8867-4"]),
        consciousness="A" if v["9269-2"] >= 15 else "V",
        temperature=round(v["8310-5"], 1),
    )
    return float(result.total)


def _limited(code: str, value: float) -> float:
    """Cut a value to what the library accepts; beyond these limits the points no longer change."""
    low, high = _LIMITS.get(code, (0.0, 1e9))
    return min(max(value, low), high)


def summary(prepared: list[Prepared]) -> Floats:
    """Return per patient: newest, mean, least and greatest of every value, whether ever seen, and the statics."""
    rows = []
    for one in prepared:
        values, since = one.tensors["values"], one.tensors["hours_since"]
        seen = since >= 0
        measured = np.where(since == 0, values, 0).sum(0) / np.maximum((since == 0).sum(0), 1)
        low = np.where(seen, values, np.inf).min(0, initial=9, where=seen)
        high = np.where(seen, values, -np.inf).max(0, initial=-9, where=seen)
        never = ~seen[-1]
        low, high = np.where(never, 0, low), np.where(never, 0, high)
        rows.append(np.concatenate([values[-1], measured, low, high, ~never, one.tensors["statics"]]))
    return np.array(rows, np.float64)


def fit(snapshots: list[Snapshot], prepared: list[Prepared], labels: Floats) -> Baselines:
    """Fit both on the same views of the training stays."""
    points = np.array([news2_points(s) for s in snapshots])
    slope, intercept = platt(points, labels)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.02, max_iter=2000)).fit(summary(prepared), labels)
    scaler, logistic = model[0], model[1]
    weights = logistic.coef_[0] / scaler.scale_
    offset = float(logistic.intercept_[0] - weights @ scaler.mean_)
    return Baselines(Linear([slope], intercept), Linear([round(float(w), 6) for w in weights], round(offset, 6)))


def save(baselines: Baselines) -> None:
    """Keep the fitted baselines beside this module."""
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(baselines), indent=1))


def load() -> Baselines:
    """Return the baselines of the last training."""
    return msgspec.json.decode(PATH.read_bytes(), type=Baselines)
