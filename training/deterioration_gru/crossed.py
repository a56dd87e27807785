"""Cross-validation over all stays: out-of-fold answers, pooled, calibrated across folds, beside baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.inference.manifest import Manifest
from streams.modalities.vitals import prepare
from streams.timeline.series import Snapshot
from training.calibration import platt, sigmoid
from training.deterioration_gru import refitted
from training.deterioration_gru.baselines import news2_points
from training.deterioration_gru.blending import shares_of
from training.deterioration_gru.evaluate import truth_of
from training.deterioration_gru.examples import View, snapshot_of
from training.deterioration_gru.fitting import DROPOUT, HIDDEN, PLAN, Rows, fit_network, voices_of
from training.deterioration_gru.network import SHORTER, VOICES, DeteriorationGru
from training.deterioration_gru.p12 import Stay
from training.deterioration_gru.statistics import statistics_of
from training.deterioration_gru.summaries import BLOCKS, TAIL
from training.deterioration_gru.tasks import tasks
from training.deterioration_gru.teachers import FOLDS, Teachers, fold_of
from training.deterioration_gru.views import Features, load_or_build
from training.figures import Scores, write_figures
from training.measures import Floats, best_f1


class Ground(NamedTuple):
    """What every fit of a run shares."""

    stays: list[Stay]
    spec: Manifest
    features: Features
    labels: Floats
    folds: NDArray[np.int64]
    teachers: Teachers


def ground_of(stays: list[Stay], spec: Manifest, run: Path) -> Ground:
    """Compute or read the features of `stays` and set up the teachers."""
    features = load_or_build(stays, spec, DeteriorationGru(spec, HIDDEN, DROPOUT), run / "features")
    labels = np.array([s.died for s in stays], np.float64)
    folds = np.array([fold_of(s) for s in stays])
    teachers = Teachers(features, teacher_columns(spec), labels, run / "teachers")
    return Ground(stays, spec, features, labels, folds, teachers)


def teacher_columns(spec: Manifest) -> dict[str, NDArray[np.int64]]:
    """Return the summaries that the teachers read."""
    width = len(spec.inputs)
    lab = np.array([i.group == "lab" for i in spec.inputs])
    every = np.arange(BLOCKS * width + TAIL)
    block = every // width
    is_lab = lab[every % width] & (block < BLOCKS)
    shorter = (block >= SHORTER.start) & (block < SHORTER.stop)
    return {"all": every[~(is_lab & shorter)], "vitals": every[~is_lab]}


def fold_voices(ground: Ground, fold: int, run: Path, epochs: int = PLAN.epochs) -> Floats:
    """Fit without one fold and return what is said of that fold's stays, shape (tasks, stays of the fold, voices)."""
    path = run / "cv" / f"fold{fold}.npy"
    if not path.exists():
        fit, judged = ground.folds != fold, np.flatnonzero(ground.folds == fold)
        targets = ground.teachers.targets(ground.folds, fit, fold)
        rows = Rows(ground.features, ground.labels, targets, ground.spec)
        network = fit_network(rows, np.flatnonzero(fit), PLAN.seed + fold, run / "cv" / f"fold{fold}", epochs)
        count = len(list(tasks(ground.spec)))
        np.save(path, np.stack([voices_of(network, ground.features, v, judged) for v in range(count)]))
    found: Floats = np.load(path)
    return found


class Learned(NamedTuple):
    """How voices become a probability."""

    shares: list[float]
    slope: float
    intercept: float

    def probabilities(self, voices: Floats) -> Floats:
        """Blend and calibrate; the last axis is that of the voices."""
        return sigmoid(self.slope * (voices @ np.array(self.shares)) + self.intercept)


class Pooled(NamedTuple):
    """Out-of-fold answers, shape (tasks, stays), and what was learned from them for the network that is exported."""

    probability: Floats
    learned: Learned
    threshold: float


def learn(voices: Floats, labels: Floats) -> Learned:
    """Learn shares and Platt scaling from out-of-fold answers, shape (tasks, stays, voices)."""
    rows = np.broadcast_to(labels, voices.shape[:2]).ravel()
    flat = voices.reshape(-1, voices.shape[-1])
    shares = shares_of(flat, rows)
    slope, intercept = platt(flat @ np.array(shares), rows)
    return Learned(shares, round(slope, 6), round(intercept, 6))


def pooled(ground: Ground, run: Path, epochs: int = PLAN.epochs) -> Pooled:
    """Cross-validate; a fold is blended and calibrated by the others, the exported network by all of role train."""
    voices = np.zeros((len(list(tasks(ground.spec))), len(ground.stays), len(VOICES)))
    for fold in range(FOLDS):
        voices[:, ground.folds == fold] = fold_voices(ground, fold, run, epochs)
    probability = np.zeros(voices.shape[:2])
    for fold in range(FOLDS):
        rest = ground.folds != fold
        probability[:, ~rest] = learn(voices[:, rest], ground.labels[rest]).probabilities(voices[:, ~rest])
    train = np.array([s.role == "train" for s in ground.stays])
    labels = np.broadcast_to(ground.labels[train], (len(voices), train.sum()))
    threshold = best_f1(labels.ravel(), probability[:, train].ravel())
    return Pooled(probability, learn(voices[:, train], ground.labels[train]), round(threshold, 4))


def cross_validate(ground: Ground, data: Path, run: Path, epochs: int = PLAN.epochs) -> dict[str, Any]:
    """Write ``metrics.json``, predictions and plots of role ``cv`` to the run's folder and return the figures."""
    found = pooled(ground, run, epochs)
    scored = {
        task: _scores(ground, view, task, k, found.probability[k], data, run)
        for k, (task, view) in enumerate(tasks(ground.spec))
    }
    head: dict[str, Any] = {"model": ground.spec.name, "version": ground.spec.version, "data": data.name, "role": "cv"}
    head["voices"] = dict(zip(VOICES, found.learned.shares, strict=True))
    return write_figures(head, scored, truth_of(ground.stays), found.threshold, run / "cv" / "figures")


def _scores(ground: Ground, view: View, task: str, k: int, ours: Floats, data: Path, run: Path) -> tuple[Scores, int]:
    """Return our probabilities beside the baselines', which are kept in the run's folder, and the stays not served."""
    snapshots = [snapshot_of(s, view) for s in ground.stays]
    path = run / "cv" / "baselines" / f"{task.replace('/', '_')}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **_baselines(ground, snapshots, task, k, data))
    scores = {"": ours, **np.load(path)}
    return scores, sum(bool(prepare(s, ground.spec).reasons) for s in snapshots)


def _baselines(ground: Ground, snapshots: list[Snapshot], task: str, k: int, data: Path) -> Scores:
    labels, folds = ground.labels, ground.folds
    points = np.array([news2_points(s) for s in snapshots])
    scores = {
        "news2": refitted.scored(points, labels, folds),
        "logistic": refitted.logistic(np.asarray(ground.features.summary[k], np.float64), labels, folds),
        "boosting": refitted.boosting(task, statistics_of(snapshots, ground.spec), labels, folds),
    }
    if task == "48h/all":
        scores["saps1"] = refitted.scored(refitted.saps1(data, [s.record_id for s in ground.stays]), labels, folds)
    return scores
