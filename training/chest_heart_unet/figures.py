"""How well outlines and ratios of films agree with what was drawn by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.modalities.imaging import Outline, Reading
from streams.modalities.imaging.outlines import filled
from training.chest_heart_unet.films import Bytes, Films
from training.chest_heart_unet.spec import STRUCTURES
from training.measures import Floats, drawn, of_rows

LARGE = 0.5
"""Ratio above which a heart is called large."""


class Answers(NamedTuple):
    """What was said of films."""

    labels: Bytes
    """Label maps, shape (films, rows, columns)."""
    ratio: Floats
    """NaN where none could be measured."""


def label_map(outlines: Sequence[Outline], rows: int, columns: int) -> NDArray[np.uint8]:
    """Fill the outlines as delivered; the heart lies in front."""
    labels = np.zeros((rows, columns), np.uint8)
    by_name = {outline.name: np.array(outline.points) for outline in outlines}
    for k, name in enumerate(STRUCTURES, 1):
        if name in by_name:
            labels[filled(by_name[name], rows, columns)] = k
    return labels


def width_ratio(labels: NDArray[np.uint8]) -> float:
    """Return the ratio of a label map as the folder's own was made: heart over both lungs, edge to edge."""
    heart, lungs = (np.flatnonzero(np.isin(labels, ks).any(0)) for ks in ((3,), (1, 2)))
    if not len(heart) or not len(lungs):
        return float("nan")
    return float((heart[-1] - heart[0] + 1) / (lungs[-1] - lungs[0] + 1))


def dice(said: Bytes, true: Bytes, structures: Sequence[int]) -> Floats:
    """Return the Dice coefficient of every film for the union of `structures`."""
    one, two = np.isin(said, structures), np.isin(true, structures)
    return np.asarray(2 * (one & two).sum((1, 2)) / (one.sum((1, 2)) + two.sum((1, 2))), np.float64)


def per_film(said: Answers, films: Films) -> dict[str, Floats]:
    """Return every figure of every film; a ratio that could not be measured errs by the constant of ignorance, 1."""
    error = np.where(np.isnan(said.ratio), 1.0, said.ratio - films.ratio)
    lungs = (dice(said.labels, films.masks, [1]) + dice(said.labels, films.masks, [2])) / 2
    return {
        "right lung": dice(said.labels, films.masks, [1]),
        "left lung": dice(said.labels, films.masks, [2]),
        "lungs": lungs,
        "heart": dice(said.labels, films.masks, [3]),
        "error": np.asarray(error, np.float64),
    }


def entries(said: Answers, films: Films, refused: int) -> dict[str, dict[str, Any]]:
    """Return the tasks of ``metrics.json``: Dice of each structure, error of the ratio, and the ratio as a test.

    Every film counts, also those that serving would refuse; their number stands beside the figures.
    """
    each, n = per_film(said, films), len(films.ids)
    found: dict[str, dict[str, Any]] = {
        name: {"n": n, "dice": of_rows(each[name]), "least": round(float(each[name].min()), 4), "refused": refused}
        for name in (*STRUCTURES, "lungs")
    }
    found["ratio"] = {
        "n": n,
        "mae": of_rows(np.abs(each["error"])),
        "bias": of_rows(each["error"]),
        "most": round(float(np.abs(each["error"]).max()), 4),
        "refused": refused,
    }
    large = (films.ratio > LARGE).astype(np.float64)
    if 0 < large.sum() < n:
        draws = drawn(large, np.nan_to_num(said.ratio), np.nextafter(LARGE, 1.0)).triples()
        kept = ("auroc", "auprc", "sensitivity", "specificity", "precision", "f1", "accuracy")
        head = {"n": n, "positives": int(large.sum()), "threshold": LARGE, "refused": refused}
        found["ratio above 0.5"] = {**head, **{figure: draws[figure] for figure in kept}}
    return found


def less(ours: Answers, theirs: Answers, films: Films) -> dict[str, list[float]]:
    """Return paired differences, ours less theirs, with intervals over films: Dice, and absolute error of the ratio."""
    one, two = per_film(ours, films), per_film(theirs, films)
    found = {name: of_rows(one[name] - two[name]) for name in (*STRUCTURES, "lungs")}
    found["ratio"] = of_rows(np.abs(one["error"]) - np.abs(two["error"]))
    return found


def answers_of(readings: Sequence[Reading], ratios: Floats, films: Films) -> Answers:
    """Return the readings' outlines as label maps of the films' size."""
    _, rows, columns = films.images.shape
    return Answers(np.stack([label_map(r.outlines, rows, columns) for r in readings]), ratios)
