"""What boosting is given: newest, least, greatest, mean and number of every input's values, and the statics."""

from __future__ import annotations

import numpy as np

from streams.inference.manifest import Manifest
from streams.modalities.vitals.columns import columns_of
from streams.modalities.vitals.demographics import statics_of
from streams.modalities.vitals.rows import rows_of
from streams.timeline.series import Snapshot
from training.measures import Floats


def statistics_of(snapshots: list[Snapshot], spec: Manifest) -> Floats:
    """Return (patients, 5 * inputs + 4); NaN where an input was never measured or the age is not known."""
    columns = columns_of(spec)
    table = np.full((len(snapshots), len(spec.inputs), 5), np.nan)
    table[:, :, 4] = 0
    statics = np.zeros((len(snapshots), 4))
    for mine, one, snapshot in zip(table, statics, snapshots, strict=True):
        one[:] = statics_of(snapshot.birth_date, snapshot.sex, snapshot.as_of, spec.statics)
        rows = rows_of([snapshot], columns)
        if not len(rows.value):
            continue
        order = np.argsort(rows.column, kind="stable")
        column, value = rows.column[order], rows.value[order]
        start = np.flatnonzero(np.append(True, column[1:] != column[:-1]))
        count = np.diff(np.append(start, len(column)))
        mine[column[start]] = np.stack(
            [
                value[start + count - 1],
                np.minimum.reduceat(value, start),
                np.maximum.reduceat(value, start),
                np.add.reduceat(value, start) / count,
                count,
            ],
            1,
        )
    statics[statics[:, 1] == 0, 0] = np.nan
    return np.concatenate([table.reshape(len(snapshots), -1), statics], 1)
