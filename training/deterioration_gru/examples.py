"""Stays cut at any hour, with or without laboratory values, as the snapshots that serving would have seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.clock import MINUTE
from streams.inference.manifest import Manifest
from streams.modalities.vitals import Prepared, prepare
from streams.timeline.series import Series, Snapshot
from streams.vocabulary import INDEX, QUANTITIES
from training.deterioration_gru.p12 import ADMISSION, Stay

Mask = NDArray[np.bool_]


class View(NamedTuple):
    """How a stay is looked at."""

    minute: int
    """Facts up to here since admission are known."""
    visible: Mask
    """Per row of `QUANTITIES`: whether this patient's facts of it are there at all."""


def everything() -> Mask:
    """Return a mask that shows every quantity."""
    return np.ones(len(QUANTITIES), np.bool_)


def vitals_only(spec: Manifest) -> Mask:
    """Return a mask that hides the model's laboratory inputs and every other laboratory value."""
    hidden = {i.code for i in spec.inputs if i.group == "lab"} | {q.code for q in QUANTITIES if q.kind == "lab"}
    return np.array([q.code not in hidden for q in QUANTITIES])


def snapshot_of(stay: Stay, view: View) -> Snapshot:
    """Cut a stay; ``as_of`` is the newest fact seen, as in serving."""
    end = stay.series.effective_at.searchsorted(ADMISSION + view.minute * MINUTE, "right")
    keep = view.visible[stay.series.quantity[:end]]
    quantity, at, value = stay.series
    series = Series(quantity[:end][keep], at[:end][keep], value[:end][keep])
    as_of = int(series.effective_at[-1]) if keep.any() else ADMISSION + view.minute * MINUTE
    return Snapshot(str(stay.record_id), as_of, series, stay.birth_date, stay.sex, "", False, (), 0)


def prepare_stay(stay: Stay, view: View, spec: Manifest) -> Prepared:
    """Return the tensors of one stay under one view."""
    return prepare(snapshot_of(stay, view), spec)


def random_view(spec: Manifest, random: np.random.Generator) -> View:
    """Draw a view to train on.

    A quarter see all 48 hours, the rest end at a minute of uniform chance; for three in ten the hospital sends no
    laboratory values; any other input that is not required is missing altogether for one in twenty, GCS and inspired
    oxygen for one in five, and what only some of the training stays have (``timing = false``) for one in three.
    """
    minute = 2880 if random.random() < 0.25 else int(random.integers(60, 2880))
    visible = vitals_only(spec) if random.random() < 0.3 else everything()
    for declared in spec.inputs:
        if not declared.required and random.random() < _chance_missing(declared.timing, bool(declared.parts)):
            visible[INDEX[declared.code]] = False
    return View(minute, visible)


def _chance_missing(timing: bool, composed: bool) -> float:
    return (0.2 if composed else 0.05) if timing else 0.33
