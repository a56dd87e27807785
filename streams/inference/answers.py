"""A batch's answer held against the manifest before anyone believes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.inference.declared import NUMPY, Declared, Output

Arrays = Mapping[str, NDArray[np.generic]]


class Checked(NamedTuple):
    """All outputs of a batch; a row that breaks the contract is marked and spoils no other."""

    outputs: dict[str, NDArray[np.float32]]
    """By name, each of shape (rows, *declared shape*); NaN in rows that are not `ok`."""
    ok: NDArray[np.bool_]
    """Shape (rows,)."""
    fault: str
    """What was expected and what came for the first fault; empty where all is well."""


def check_outputs(manifest: Declared, outputs: Arrays, rows: int, free: int = 0) -> Checked:
    """Check every declared output.

    Parameters
    ----------
    outputs
        Tensors by name as the server returned them; each declared one has shape (`rows`, *shape*).
    free
        What a dimension is in this call that the manifest leaves free.

    Returns
    -------
    Checked
        A wrong name, shape or element type marks every row; a value that is not finite or out of range its own.
    """
    ok, faults, found = np.ones(rows, np.bool_), [], {}
    for declared in manifest.answers:
        values, mine, fault = _one(declared, outputs, rows, free)
        found[declared.name] = values
        ok &= mine
        faults += [fault] if fault else []
    for values in found.values():
        if not ok.all():
            values[~ok] = np.nan
    return Checked(found, ok, faults[0] if faults else "")


def _one(declared: Output, outputs: Arrays, rows: int, free: int) -> tuple[NDArray[np.float32], NDArray[np.bool_], str]:
    answer = outputs.get(declared.name)
    shape, dtype = (rows, *(n if n >= 0 else free for n in declared.shape)), NUMPY[declared.dtype]
    if answer is None or answer.shape != shape or answer.dtype != dtype:
        came = "no such tensor" if answer is None else f"{answer.dtype} {answer.shape}"
        fault = f"{declared.name}: expected {np.dtype(dtype)} {shape}, received {came}"
        return np.full(shape, np.nan, np.float32), np.zeros(rows, np.bool_), fault
    values = np.array(answer, np.float32)
    within = (values >= declared.low) & (values <= declared.high)  # NaN compares false
    ok: NDArray[np.bool_] = within.reshape(rows, -1).all(1)
    bad = int((~ok).sum())
    said = f"{declared.name}: {bad} of {rows} rows not finite or not in {declared.low}..{declared.high}"
    return values, ok, said if bad else ""
