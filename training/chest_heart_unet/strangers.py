"""What becomes of pictures that the network is not for, and, exploratory, of films from another country."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from streams.inference.imaging_manifest import ImagingManifest
from streams.modalities.imaging import Reading
from training.answering import Ask
from training.chest_heart_unet.evaluate import ratio_of
from training.chest_heart_unet.figures import LARGE
from training.chest_heart_unet.films import Films, read_others
from training.imaging.scoring import readings
from training.measures import Floats, drawn

MOST = 200
"""Pictures of each kind."""
ENLARGED = 3
"""How much children's films are enlarged, so that they are judged by what they show and not refused for their size."""


def examine(ask: Ask, spec: ImagingManifest, films: Films, data: Path) -> dict[str, Any]:
    """Return how many pictures of each kind are refused, and how the ratio goes with a label of an enlarged heart.

    Parameters
    ----------
    films
        Films of the kind that the network is for, not fitted.
    data
        Folder of all data sets.
    """
    kinds = {"films of the role val": list(films.images), **turned(films), **_others(data)}
    found = {name: refusals(readings(ask, spec, pictures)) for name, pictures in kinds.items()}
    return {"refused": found, "cardiomegaly": cardiomegaly(ask, spec, data / "nih1000-64")}


def turned(films: Films) -> dict[str, list[NDArray[np.uint8]]]:
    """Return films as they must not be read."""
    return {
        "upside down": [image[::-1] for image in films.images],
        "a quarter turned": [np.rot90(image) for image in films.images],
        "black and white exchanged": [255 - image for image in films.images],
        "left half": [image[:, :128] for image in films.images],
        "upper half": [image[:128] for image in films.images],
    }


def _others(data: Path) -> dict[str, list[NDArray[np.uint8]]]:
    titles = {
        "children": "children's chest films, 28 px enlarged", "ultrasound": "breast ultrasound",
        "ct": "patches of lung CT", "mri": "slices of cardiac MRI",
    }  # fmt: skip
    found = {}
    for name, images in read_others(data, "val", MOST).items():
        large = [np.kron(image, np.ones((ENLARGED, ENLARGED), np.uint8)) for image in images]
        found[titles[name]] = large if name == "children" else list(images)
    return found


def refusals(told: list[Reading]) -> dict[str, Any]:
    """Return how many pictures were refused, and the first reasons, most frequent first."""
    refused = [reading.refusals[0] for reading in told if reading.refusals]
    return {"n": len(told), "refused": len(refused), "reasons": dict(Counter(refused).most_common(3))}


def cardiomegaly(ask: Ask, spec: ImagingManifest, folder: Path) -> dict[str, Any]:
    """Return how well the ratio tells films that a report called cardiomegaly, of accepted and of all measured."""
    with np.load(folder / "nih1000_64.npz") as table:
        images, names = table["images"], table["label_names"].tolist()
        labels: Floats = table["labels"][:, names.index("Cardiomegaly")].astype(np.float64)
        patients = table["patient_id"]
    told = readings(ask, spec, images)
    ratio = np.array([ratio_of(reading, spec) for reading in told])
    accepted = np.array([not reading.refusals for reading in told])
    view = pd.read_csv(folder / "labels.csv")["view"].to_numpy()
    groups = {
        "accepted": accepted,
        "accepted, PA": accepted & (view == "PA"),
        "accepted, AP": accepted & (view == "AP"),
    }
    groups["all in which a ratio could be drawn"] = ~np.isnan(ratio)
    found = {name: _agreement(labels[mine], ratio[mine], patients[mine]) for name, mine in groups.items()}
    return {"films": len(told), "refused": refusals(told), "groups": found}


def _agreement(labels: Floats, ratio: Floats, patients: NDArray[np.int64]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "n": len(labels),
        "positives": int(labels.sum()),
        "patients": len(np.unique(patients)),
        "patients_positive": len(np.unique(patients[labels > 0])),
        "median_ratio": [_median(ratio[labels == k]) for k in (0, 1)],
    }
    if 0 < labels.sum() < len(labels):
        draws = drawn(labels, ratio, LARGE, patients=patients).triples()
        entry |= {name: draws[name] for name in ("auroc", "auprc", "sensitivity", "specificity")}
    return entry


def _median(values: Floats) -> float | None:
    return round(float(np.median(values)), 3) if len(values) else None
