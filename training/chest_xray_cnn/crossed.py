"""Cross-validation over the training films: out-of-fold evidence, calibrated across folds, beside the baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from streams.inference.imaging_manifest import ImagingManifest
from streams.modalities.imaging import prepare, stack
from training.calibration import platt, sigmoid
from training.chest_xray_cnn import baselines
from training.chest_xray_cnn.films import FOLDS, Films, folds_of
from training.chest_xray_cnn.fitting import fit_voice
from training.chest_xray_cnn.network import Voice
from training.figures import Truth, write_figures
from training.measures import Floats, best_balance

TASK = "pneumonia"


class Crossed(NamedTuple):
    """What cross-validation gives."""

    voices: list[Voice]
    """One per fold, fitted on the others."""
    probability: Floats
    """Out of fold, calibrated by the other folds."""
    linear: Floats
    """The baseline's, out of fold."""
    slope: float
    intercept: float
    """Of all out-of-fold logits; what the exported network is calibrated with."""
    threshold: float


def cross_validate(films: Films, spec: ImagingManifest, run: Path) -> Crossed:
    """Fit a voice per fold on the others, and calibrate; an interrupted run goes on from `run`."""
    folds = folds_of(films)
    voices = [_voice(films, folds != fold, fold, run) for fold in range(FOLDS)]
    logits = np.zeros(len(films.labels))
    linear = np.zeros(len(films.labels))
    for fold, voice in enumerate(voices):
        held = folds == fold
        logits[held] = logits_of(voice, films.images[held], spec)
        linear[held] = baselines.fit(_part(films, ~held)).probabilities(films.images[held])
    probability = np.zeros(len(logits))
    for fold in range(FOLDS):
        held = folds == fold
        slope, intercept = platt(logits[~held], films.labels[~held])
        probability[held] = sigmoid(slope * logits[held] + intercept)
    slope, intercept = platt(logits, films.labels)
    threshold = round(best_balance(films.labels, probability), 4)
    return Crossed(voices, probability, linear, round(slope, 6), round(intercept, 6), threshold)


def logits_of(voice: Voice, images: NDArray[np.uint8], spec: ImagingManifest) -> Floats:
    """Return one voice's logits of films as serving would prepare them."""
    found = []
    for part in np.array_split(images, max(1, len(images) // 256)):
        batch = stack([prepare(image.astype(np.float32), spec) for image in part])
        with torch.no_grad():
            found.append(voice(torch.from_numpy(batch[spec.tensors[0].name]))[:, 0].double().numpy())
    return np.concatenate(found)


def write_crossed(found: Crossed, films: Films, spec: ImagingManifest, out: Path) -> dict[str, Any]:
    """Write figures of role ``cv``, predictions and plots, and return the figures."""
    head = {"model": spec.name, "version": spec.version, "data": "pneumoniamnist", "role": "cv"}
    scored = {TASK: ({"": found.probability, "linear": found.linear}, 0)}
    return write_figures(head, scored, Truth(films.ids, films.labels), found.threshold, out)


def _voice(films: Films, mine: NDArray[np.bool_], fold: int, run: Path) -> Voice:
    return fit_voice(_part(films, mine), fold, run / f"voice{fold}")


def _part(films: Films, mine: NDArray[np.bool_]) -> Films:
    ids = tuple(name for name, there in zip(films.ids, mine, strict=True) if there)
    return msgspec.structs.replace(films, ids=ids, images=films.images[mine], labels=films.labels[mine])
