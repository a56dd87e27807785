"""What a model saw of each code, and whether that is enough to answer."""

from __future__ import annotations

import numpy as np

from streams.clock import SECOND
from streams.inference.manifest import Input, Manifest
from streams.modalities.vitals.columns import Columns
from streams.modalities.vitals.rows import Rows
from streams.records import InputUsed


def inputs_used(rows: Rows, columns: Columns) -> tuple[InputUsed, ...]:
    """Count the facts per code and tell the age of the newest, in seconds."""
    width = len(columns.codes)
    newest = np.zeros(width, np.int64)
    newest[rows.column] = rows.age  # ascending in time within a column: the last assignment is the newest
    ages, codes = newest.tolist(), columns.codes
    counts = np.bincount(rows.column, minlength=width).tolist()
    return tuple(InputUsed(codes[k], n, ages[k] / SECOND) for k, n in enumerate(counts) if n)


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
