"""What a model saw of each code, and whether that is enough to answer."""

from __future__ import annotations

import numpy as np

from streams.clock import SECOND
from streams.inference.manifest import Input, Manifest
from streams.modalities.vitals.columns import Columns
from streams.modalities.vitals.rows import Rows
from streams.records import InputUsed


def inputs_used(rows: Rows, patients: int, columns: Columns) -> list[tuple[InputUsed, ...]]:
    """Count each patient's facts per code and tell the age of the newest, in seconds."""
    width, codes = len(columns.codes), columns.codes
    cell = rows.patient * width + rows.column
    newest = np.zeros(patients * width, np.int64)
    newest[cell] = rows.age  # ascending in time within a column: the last assignment is the newest
    ages = newest.reshape(patients, width).tolist()
    counts = np.bincount(cell, minlength=patients * width).reshape(patients, width).tolist()
    return [
        tuple([InputUsed(codes[k], n, age[k] / SECOND) for k, n in enumerate(count) if n])
        for age, count in zip(ages, counts, strict=True)
    ]


def reasons_against(inputs: tuple[InputUsed, ...], spec: Manifest) -> tuple[str, ...]:
    """Name what is missing, stale or too few, in the manifest's order."""
    by_code = {used.code: used for used in inputs}
    found = [_reason(i, by_code.get(i.code)) for i in spec.inputs if i.required]
    facts = sum([used.count for used in inputs])
    few = facts < spec.sufficiency.min_facts or len(inputs) < spec.sufficiency.min_codes
    return tuple(filter(None, (*found, "too-few" if few else "")))


def _reason(declared: Input, used: InputUsed | None) -> str:
    if used is None:
        return f"missing:{declared.code}"
    return f"stale:{declared.code}" if used.newest_age_s > declared.fresh_s else ""
