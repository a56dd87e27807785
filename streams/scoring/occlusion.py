"""Why a learned model says what it says: its answer again with one quantity at a time left out of the record.

Occlusion (Zeiler and Fergus 2014) over the timeline: what is left out is as if it had never been measured, so the
difference tells what the model made of its having been there. Quantities that stand for one another share what they
tell, so the differences need not add up to the answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from streams.inference.manifest import Manifest
from streams.inference.outcomes import Outcome, Row, Value
from streams.modalities.vitals import prepare_many
from streams.records import Contribution, direction_of
from streams.timeline.series import Series, Snapshot
from streams.vocabulary import INDEX

AGE, SEX = "age", "sex"
LEAST = 1e-9
"""Probabilities are held this far from 0 and 1, so that log-odds stay finite."""


class Occluded(NamedTuple):
    """One quantity, and the model's input without it."""

    code: str
    """LOINC, or ours; `AGE` and `SEX` for what is known of the person."""
    name: str
    row: Row


def occluded(snapshot: Snapshot, spec: Manifest) -> list[Occluded]:
    """Return the model's input without each quantity that it read of one patient, in the manifest's order."""
    used = {one.code for one in prepare_many([snapshot], spec)[0].inputs}
    parts = [(one.code, one.name, {one.code, *one.parts}) for one in spec.inputs if one.code in used]
    without = [(code, name, _without(snapshot, codes)) for code, name, codes in parts]
    if snapshot.birth_date:
        without.append((AGE, "age", msgspec.structs.replace(snapshot, birth_date="")))
    if snapshot.sex:
        without.append((SEX, "sex", msgspec.structs.replace(snapshot, sex="")))
    prepared = prepare_many([one for *_, one in without], spec)
    return [Occluded(code, name, one.tensors) for (code, name, _), one in zip(without, prepared, strict=True)]


def explained(
    spec: Manifest, whole: float, those: Sequence[Occluded], answers: Sequence[Outcome]
) -> tuple[Contribution, ...]:
    """Return what each quantity did to the answer, in log-odds, largest first; nothing where there is no answer.

    Parameters
    ----------
    whole
        The model's probability with everything, 0..1.
    answers
        To the rows of `those`, in order.
    """
    found = [
        _contribution(spec.name, one, _logit(whole) - _logit(answer.value), whole, answer.value)
        for one, answer in zip(those, answers, strict=True)
        if isinstance(answer, Value)
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.size)))


def _contribution(model: str, one: Occluded, size: float, whole: float, without: float) -> Contribution:
    direction = direction_of(size)
    did = f"{direction} the log-odds by {abs(size):.2f}" if size else "moves nothing"
    words = f"{one.name} {did}: without it {100 * without:.1f} % in place of {100 * whole:.1f} %"
    return Contribution(one.code, model, direction, size, "log-odds", words)


def _without(snapshot: Snapshot, codes: set[str]) -> Snapshot:
    series = snapshot.series
    kept = ~np.isin(series.quantity, [INDEX[code] for code in codes])
    left = Series(series.quantity[kept], series.effective_at[kept], series.value[kept])
    return msgspec.structs.replace(snapshot, series=left)


def _logit(probability: float) -> float:
    held = min(max(probability, LEAST), 1.0 - LEAST)
    return math.log(held / (1.0 - held))
