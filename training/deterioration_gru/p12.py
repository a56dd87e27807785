"""PhysioNet 2012 stays as LOINC-coded series, through the same vocabulary that serving uses."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from streams.clock import DAY, HOUR, MINUTE, Instant
from streams.modalities.vitals.demographics import DAYS_PER_YEAR
from streams.timeline.series import Series
from streams.vocabulary import INDEX, QUANTITIES

ADMISSION: Instant = 13_000 * DAY + 8 * HOUR
"""The data tell no dates; every stay is put to this one. The feature function sees relative time alone."""

_SEX = {1.0: "male", 0.0: "female"}


class Stay(NamedTuple):
    """The first 48 hours of one ICU stay and how the hospital stay ended."""

    record_id: int
    role: str
    series: Series
    birth_date: str
    sex: str
    died: bool


def read_stays(folder: Path, roles: tuple[str, ...] = ()) -> list[Stay]:
    """Read a folder laid out like ``p12``; all roles where none is named.

    Statics of -1 are unknown. The age in whole years, a at admission, becomes a birth date a and a half years before.
    """
    splits = pd.read_csv(folder / "splits.csv")
    if roles:
        splits = splits[splits["role"].isin(roles)]
    events = pd.read_parquet(folder / "events.parquet", columns=["record_id", "minute", "parameter", "value"])
    events = events[events["record_id"].isin(splits["RecordID"])]
    statics = _statics(events)
    series = _series(events)
    return [
        Stay(record, role, series.get(record, _EMPTY), *statics.get(record, ("", "")), bool(died))
        for record, role, died in zip(splits["RecordID"], splits["role"], splits["In-hospital_death"], strict=True)
    ]


_EMPTY = Series(np.zeros(0, np.int16), np.zeros(0, np.int64), np.zeros(0))


def _statics(events: pd.DataFrame) -> dict[int, tuple[str, str]]:
    wanted = events[events["parameter"].isin(("Age", "Gender"))]
    table = wanted.groupby(["record_id", "parameter"], observed=True)["value"].first().unstack()
    table = table.reindex(columns=["Age", "Gender"])
    return {
        int(record): (_birth_date(age), _SEX.get(gender, ""))
        for record, age, gender in zip(table.index, table["Age"], table["Gender"], strict=True)
    }


def _birth_date(age: float) -> str:
    if not age >= 0:
        return ""
    born = ADMISSION // DAY - round((age + 0.5) * DAYS_PER_YEAR)
    return str(np.datetime64(born, "D"))


def _series(events: pd.DataFrame) -> dict[int, Series]:
    """Map, convert and drop the impossible, as normalise and the timeline do."""
    table = mapping()
    facts = events[events["parameter"].isin(table)]
    row = facts["parameter"].map({p: INDEX[code] for p, (code, _) in table.items()}).to_numpy(np.int16)
    value = facts["value"].to_numpy() * facts["parameter"].map({p: f for p, (_, f) in table.items()}).to_numpy(float)
    low, high = np.array([q.low for q in QUANTITIES]), np.array([q.high for q in QUANTITIES])
    keep = (value >= low[row]) & (value <= high[row])
    record, row, value = facts["record_id"].to_numpy()[keep], row[keep], value[keep]
    at = ADMISSION + facts["minute"].to_numpy(np.int64)[keep] * MINUTE
    order = np.lexsort((value, row, at, record))
    record, row, at, value = record[order], row[order], at[order], value[order]
    ids, starts = np.unique(record, return_index=True)
    ends = np.append(starts[1:], len(record))[: len(ids)]
    return {int(i): Series(row[a:b], at[a:b], value[a:b]) for i, a, b in zip(ids, starts, ends, strict=True)}


def mapping() -> dict[str, tuple[str, float]]:
    """Return parameter to (LOINC code, factor) of ``p12.toml``."""
    table = tomllib.loads(files(__package__).joinpath("p12.toml").read_text("utf-8"))
    return {row["parameter"]: (row["code"], row.get("factor", 1.0)) for row in table["map"]}
