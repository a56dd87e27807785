"""Cross-validation over all notes: out-of-fold evidence, calibrated across folds, beside TF-IDF on the same folds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from training.calibration import platt, sigmoid
from training.figures import read_json
from training.measures import Floats, best_f1
from training.notes_bert import baselines
from training.notes_bert.conditions import HEADS
from training.notes_bert.figures import Task, Told, write_figures
from training.notes_bert.fitting import PLAN, fit, logits_of
from training.notes_bert.fitting import Told as Hidden
from training.notes_bert.lexicon import fit_lexicon
from training.notes_bert.notes import FOLDS, Notes, folds_of

Mine = NDArray[np.bool_]
FEWEST_TRUE = 30
"""Notes that a head has to be true of for two voices to be weighed: ten for each number that is fitted (Peduzzi et al.,
J Clin Epidemiol 1996;49:1373). With fewer the word pieces speak alone.
"""


class Crossed(NamedTuple):
    """What cross-validation gives, each of shape (notes, heads)."""

    deep: Floats
    """Log odds of MiniLM, out of fold; NaN where serving refuses a note."""
    words: Floats
    """Log odds of the word pieces alone, out of fold."""
    probability: Floats
    """Of both together, out of fold, weighed and calibrated by the other folds."""
    tfidf: Floats


class Setting(NamedTuple):
    """How one head's two voices are weighed and calibrated, and where it says yes."""

    trust: float
    """Of MiniLM's log odds."""
    words: float
    """Of the word pieces' log odds."""
    intercept: float
    threshold: float

    def logits(self, deep: Floats, words: Floats) -> Floats:
        """Return log odds of both together."""
        return self.trust * deep + self.words * words + self.intercept


def cross_validate(notes: Notes, hidden: Sequence[Hidden], found: csr_matrix, run: Path) -> Crossed:
    """Fit on the other folds and judge each, fold by fold; an interrupted run goes on from `run`.

    Parameters
    ----------
    found
        Word pieces of every note; see `training.notes_bert.lexicon.counted`.
    """
    folds = folds_of(notes)
    deep, words, tfidf = (np.full(notes.labels.shape, np.nan) for _ in range(3))
    for fold in range(FOLDS):
        held = folds == fold
        deep[held] = _judged(notes, hidden, held, fold, run)
        words[held] = fit_lexicon(found[~held], notes.labels[~held]).logits(found[held])
        told = baselines.tfidf(notes.part(~held), notes.part(held))
        tfidf[held] = np.stack([told[head] for head in HEADS], 1)
    return Crossed(deep, words, _calibrated(deep, words, notes, folds), tfidf)


def _judged(notes: Notes, hidden: Sequence[Hidden], held: Mine, fold: int, run: Path) -> Floats:
    kept = run / f"fold{fold}.npy"
    if not kept.exists():
        labels = np.concatenate([notes.labels, notes.specialties], 1)
        plan = msgspec.structs.replace(PLAN, seed=PLAN.seed + fold)
        learner = fit([hidden[k] for k in np.flatnonzero(~held)], labels[~held], run / f"fold{fold}", plan)
        np.save(kept, logits_of(learner, [hidden[k] for k in np.flatnonzero(held)]))
    judged: Floats = np.load(kept)
    return judged


def _calibrated(deep: Floats, words: Floats, notes: Notes, folds: NDArray[np.int64]) -> Floats:
    probability = np.tile(notes.labels.mean(0), (len(deep), 1))
    known = np.isfinite(deep[:, 0])
    for fold in range(FOLDS):
        held, others = (folds == fold) & known, (folds != fold) & known
        for k, setting in enumerate(settings_of(deep[others], words[others], notes.labels[others])):
            probability[held, k] = sigmoid(setting.logits(deep[held, k], words[held, k]))
    return probability


def settings_of(deep: Floats, words: Floats, labels: Floats) -> tuple[Setting, ...]:
    """Return each head's weights, calibration and threshold from log odds that no fit has seen."""
    known = np.isfinite(deep[:, 0])
    return tuple(_setting(deep[known, k], words[known, k], labels[known, k]) for k in range(len(HEADS)))


def _setting(deep: Floats, words: Floats, labels: Floats) -> Setting:
    """Weigh two voices by logistic regression (stacking; Wolpert 1992); none may speak against itself."""
    weights, intercept = _regressed(np.stack([deep, words], 1), labels)
    few = labels.sum() < FEWEST_TRUE
    if few or weights.min() < 0:
        alone = 1 if few else int(weights.argmax())
        weights = np.zeros(2)
        slope, intercept = platt((deep, words)[alone], labels)
        weights[alone] = max(slope, 1e-3)
    setting = Setting(round(float(weights[0]), 6), round(float(weights[1]), 6), round(intercept, 6), 0.5)
    threshold = best_f1(labels, sigmoid(setting.logits(deep, words)))
    return setting._replace(threshold=round(threshold, 4))


def _regressed(voices: Floats, labels: Floats) -> tuple[Floats, float]:
    fitted = LogisticRegression(C=10.0, max_iter=1000).fit(voices, labels)
    return np.asarray(fitted.coef_[0], np.float64), float(fitted.intercept_[0])


def write_crossed(found: Crossed, notes: Notes, head: dict[str, Any], out: Path) -> dict[str, Any]:
    """Write figures of role ``cv``, predictions and plots, and return the figures."""
    refused = int(np.isnan(found.deep[:, 0]).sum())
    tasks = {
        name: Task(notes.labels[:, k], {"": _told(found.probability[:, k], notes.labels[:, k]),
                                        "tfidf": _told(found.tfidf[:, k], notes.labels[:, k])}, refused)
        for k, name in enumerate(HEADS)
    }  # fmt: skip
    return write_figures({**head, "role": "cv"}, notes.keys, tasks, out)


def _told(probability: Floats, labels: Floats) -> Told:
    """Both the network and the baseline say yes from where their own F1 is highest."""
    return Told(probability, best_f1(labels, probability))


def baseline_thresholds(folder: Path) -> dict[str, float]:
    """Return where TF-IDF says yes, by head, as cross-validation settled it; one half where it has not."""
    path = folder / "metrics.json"
    tasks = read_json(path)["tasks"] if path.exists() else {}
    return {head: tasks.get(f"baseline/tfidf/{head}", {}).get("threshold", 0.5) for head in HEADS}
