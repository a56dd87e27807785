"""One patient's snapshot to a network's tensors, what they were made of, and whether it is enough."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.inference.manifest import Manifest
from streams.modalities.vitals.columns import columns_of
from streams.modalities.vitals.demographics import statics_of
from streams.modalities.vitals.grid import grid_of
from streams.modalities.vitals.rows import rows_of
from streams.modalities.vitals.sufficiency import inputs_used, reasons_against
from streams.records import InputUsed
from streams.timeline.series import Snapshot

Float32 = NDArray[np.float32]

_AT_ONCE = 64
"""Patients whose bins fit into a core's cache together."""


class Prepared(msgspec.Struct, frozen=True):
    """One patient's model input.

    ``values`` has shape (bins, inputs), oldest bin first: normalised bin values, each carried forward to the next,
    0 before the first. ``hours_since`` has the same shape: whole bins since the newest bin with a value, 0 where the
    bin itself has one, -1 before the first; a row of nothing but -1 is padding. ``statics`` has shape (4,):
    normalised age, age known, male, sex known. No NaN anywhere.
    """

    tensors: dict[str, Float32]
    """By the manifest's names, without a batch dimension."""
    inputs: tuple[InputUsed, ...]
    """Codes that were used, in the manifest's order."""
    reasons: tuple[str, ...]
    """Why the input does not suffice (``missing:8867-4``, ``stale:9279-1``, ``too-few``); empty where it does."""


def prepare(snapshot: Snapshot, spec: Manifest) -> Prepared:
    """Turn one patient's facts into the tensors that `spec` declares; see `prepare_many`."""
    return prepare_many([snapshot], spec)[0]


def prepare_many(snapshots: Sequence[Snapshot], spec: Manifest) -> list[Prepared]:
    """Turn each patient's facts into the tensors that `spec` declares, in order; each is as if it were alone.

    Depends on relative time alone: shifting the facts, ``as_of`` and the birth date by whole days changes nothing.
    Most of the time of one patient goes into calling numpy, which for many costs the same.

    Parameters
    ----------
    snapshots
        Facts after ``as_of`` or older than the window are not read.
    spec
        The model's manifest; its inputs are the tensors' columns.
    """
    size = _AT_ONCE
    parts = [snapshots[start : start + size] for start in range(0, len(snapshots), size)]
    return [one for part in parts for one in _prepared(part, spec)]


def _prepared(snapshots: Sequence[Snapshot], spec: Manifest) -> list[Prepared]:
    columns, patients = columns_of(spec), len(snapshots)
    rows = rows_of(snapshots, columns)
    grids = zip(*grid_of(rows, patients, columns), strict=True)
    used = inputs_used(rows, patients, columns)
    return [
        Prepared(
            {
                "values": values,
                "hours_since": hours_since,
                "statics": statics_of(one.birth_date, one.sex, one.as_of, spec.statics),
            },
            inputs,
            reasons_against(inputs, spec),
        )
        for one, (values, hours_since), inputs in zip(snapshots, grids, used, strict=True)
    ]


def stack(prepared: Sequence[Prepared]) -> dict[str, Float32]:
    """Stack patients into one batch: every tensor gets a leading dimension of ``len(prepared)``; at least one."""
    return {name: np.stack([one.tensors[name] for one in prepared]) for name in prepared[0].tensors}
