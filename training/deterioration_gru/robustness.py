"""What becomes of the exported network when the input is not what it should be, and for whom it works how well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from streams.clock import HOUR, MINUTE
from streams.inference.manifest import Manifest, load
from streams.modalities.vitals import prepare, stack
from streams.timeline.series import Series, Snapshot
from streams.vocabulary import INDEX, QUANTITIES
from training.answering import Ask, onnx_answers, probabilities
from training.deterioration_gru.examples import View, everything, snapshot_of
from training.deterioration_gru.p12 import ADMISSION, Stay
from training.deterioration_gru.spec import NAME
from training.measures import Floats, drawn

Change = Callable[[Series], Series]

GRUBBY = 0.1
"""Noise: standard deviation of every value, as a share of the input's own spread."""

SHIFTS_MIN = (-30, -10, 10, 30)
LABS_SHIFT_MIN = 60

UNITS = {
    "body temperature in Fahrenheit": ("8310-5", lambda v: v * 1.8 + 32),
    "creatinine in umol/L": ("2160-0", lambda v: v * 88.42),
    "serum glucose in mmol/L": ("2345-7", lambda v: v / 18.016),
    "lactate in mg/dL": ("2524-7", lambda v: v * 9.008),
    "inspired oxygen as a fraction": ("3150-6", lambda v: v / 100),
    "systolic pressure in kPa": ("8480-6", lambda v: v * 0.13332),
}
ICU = {1: "coronary care", 2: "cardiac surgery recovery", 3: "medical", 4: "surgical"}
AGES = ((0, 50), (50, 65), (65, 80), (80, 200))
HOURS = (1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 30, 36, 42, 48)


def examine(data: Path, stays: list[Stay], run: Path, repository: Path) -> dict[str, Any]:
    """Return every table; perturbations on `stays` with the exported network, groups out of fold over all stays."""
    spec = load(repository, NAME)
    ask = onnx_answers(repository, spec)
    labels = np.array([s.died for s in stays], np.float64)
    whole = [snapshot_of(s, View(2880, everything())) for s in stays]
    plain = _ask(whole, spec, ask)
    threshold = spec.thresholds.operating_point
    base = drawn(labels, plain, threshold)

    def row(changed: list[Snapshot]) -> dict[str, Any]:
        answer = _ask(changed, spec, ask)
        draw = drawn(labels, answer, threshold)
        return {
            "auroc": draw.triples()["auroc"],
            "auprc": draw.triples()["auprc"],
            "auroc_less": draw.less(base, "auroc"),
            "moved": round(float(np.abs(answer - plain).mean()), 4),
            "moved_most": round(float(np.abs(answer - plain).max()), 4),
        }

    return {
        "model": spec.name,
        "version": spec.version,
        "stays": len(stays),
        "plain": {"auroc": base.triples()["auroc"], "auprc": base.triples()["auprc"]},
        "missing": {i.name: row(_changed(whole, _without(i.code))) for i in spec.inputs},
        "noise": row(_changed(whole, _noise(spec))),
        "clock": _clocks(whole, row),
        "units": {name: _units(whole, row, code, factor) for name, (code, factor) in UNITS.items()},
        "groups": _groups(data, run),
        "hours": _hours(stays, labels, spec, ask),
        "stability": _stability(stays, spec, ask),
    }


def _ask(snapshots: list[Snapshot], spec: Manifest, ask: Ask) -> Floats:
    prepared = [prepare(s, spec) for s in snapshots]
    return probabilities(ask, spec, [stack(prepared[i : i + 64]) for i in range(0, len(prepared), 64)])


def _changed(snapshots: list[Snapshot], change: Change) -> list[Snapshot]:
    return [msgspec.structs.replace(s, series=change(s.series)) for s in snapshots]


def _kept(series: Series, keep: NDArray[np.bool_]) -> Series:
    return Series(series.quantity[keep], series.effective_at[keep], series.value[keep])


def _without(code: str) -> Change:
    return lambda series: _kept(series, series.quantity != INDEX[code])


def _possible(series: Series) -> Series:
    """Drop what the vocabulary calls impossible, as normalise does."""
    low, high = np.array([q.low for q in QUANTITIES]), np.array([q.high for q in QUANTITIES])
    return _kept(series, (series.value >= low[series.quantity]) & (series.value <= high[series.quantity]))


def _noise(spec: Manifest) -> Change:
    random = np.random.default_rng(7)
    spread, log = np.zeros(len(QUANTITIES)), np.zeros(len(QUANTITIES), np.bool_)
    for declared in spec.inputs:
        spread[INDEX[declared.code]] = declared.std * GRUBBY
        log[INDEX[declared.code]] = declared.scale == "log1p"

    def change(series: Series) -> Series:
        noise = random.normal(size=len(series.value)) * spread[series.quantity]
        value = np.where(
            log[series.quantity], np.expm1(np.log1p(series.value.clip(min=0)) + noise), series.value + noise
        )
        return _possible(Series(series.quantity, series.effective_at, value))

    return change


def _clocks(whole: list[Snapshot], row: Callable[[list[Snapshot]], dict[str, Any]]) -> dict[str, Any]:
    """Shift the laboratory's clock against the bedside's; a shift of everything changes nothing by construction."""
    labs = np.array([q.kind == "lab" for q in QUANTITIES])

    def shifted(minutes: int) -> Change:
        def change(series: Series) -> Series:
            at = series.effective_at + np.where(labs[series.quantity], minutes * MINUTE, 0)
            order = np.lexsort((series.value, series.quantity, at))
            return Series(series.quantity[order], at[order], series.value[order])

        return change

    return {
        f"laboratory {minutes:+d} min": row(_changed(whole, shifted(minutes)))
        for minutes in (*SHIFTS_MIN, -LABS_SHIFT_MIN, LABS_SHIFT_MIN)
    }


def _units(
    whole: list[Snapshot],
    row: Callable[[list[Snapshot]], dict[str, Any]],
    code: str,
    factor: Callable[[Floats], Floats],
) -> dict[str, Any]:
    """Mistake the unit of one quantity throughout; plausibility drops what it can tell."""
    seen = kept = 0

    def change(series: Series) -> Series:
        nonlocal seen, kept
        mine = series.quantity == INDEX[code]
        found = _possible(
            Series(series.quantity, series.effective_at, np.where(mine, factor(series.value), series.value))
        )
        seen, kept = seen + int(mine.sum()), kept + int((found.quantity == INDEX[code]).sum())
        return found

    figures = row(_changed(whole, change))
    return {"caught": round(1 - kept / max(seen, 1), 4), **figures}


def _groups(data: Path, run: Path) -> dict[str, Any]:
    """Figures by age, sex and kind of unit at 48 hours, out of fold."""
    table = pd.read_csv(run / "cv" / "figures" / "predictions.csv")
    table = table[table["task"] == "48h/all"].set_index("id")
    threshold = msgspec.json.decode((run / "cv" / "figures" / "metrics.json").read_bytes())["tasks"]["48h/all"][
        "threshold"
    ]
    events = pd.read_parquet(data / "events.parquet", columns=["record_id", "parameter", "value"])
    wanted = events[events["parameter"].isin(("Age", "Gender", "ICUType"))]
    known = wanted.groupby(["record_id", "parameter"], observed=True)["value"].first().unstack().reindex(table.index)
    masks = {f"age {a} to {b - 1}" if b < 200 else f"age {a} and over": known["Age"].between(a, b - 1) for a, b in AGES}
    masks |= {name: known["Gender"] == code for code, name in ((1, "men"), (0, "women"))}
    masks |= {f"{name} unit": known["ICUType"] == code for code, name in ICU.items()}
    found = {}
    for name, mask in masks.items():
        label, value = (table.loc[mask, c].to_numpy(float) for c in ("label", "probability"))
        triples = drawn(label, value, threshold).triples()
        found[name] = {
            "n": len(label),
            "positives": int(label.sum()),
            "predicted": round(float(value.mean()), 4),
            "observed": round(float(label.mean()), 4),
            **{k: triples[k] for k in ("auroc", "auprc", "ece", "sensitivity", "specificity")},
        }
    return found


def _hours(stays: list[Stay], labels: Floats, spec: Manifest, ask: Ask) -> dict[str, Any]:
    """Share of stays at or above the operating point by hour since admission, and how good that is."""
    found = {}
    for hour in HOURS:
        answer = _ask([snapshot_of(s, View(hour * 60, everything())) for s in stays], spec, ask)
        high = answer >= spec.thresholds.operating_point
        found[str(hour)] = {
            "alerting": round(float(high.mean()), 4),
            "mean": round(float(answer.mean()), 4),
            "sensitivity": round(float(high[labels > 0.5].mean()), 4),
            "precision": round(float(labels[high].mean()), 4) if high.any() else 0.0,
        }
    return found


def _stability(stays: list[Stay], spec: Manifest, ask: Ask) -> dict[str, Any]:
    """How far the answer moves when an hour passes that tells nothing new: the newest heart rate and pressure again."""
    again = [INDEX["8867-4"], INDEX["8480-6"]]
    moved = []
    for hour in (6, 12, 24, 36):
        before, after = [], []
        for stay in stays:
            snapshot = snapshot_of(stay, View(hour * 60, everything()))
            rows = [np.flatnonzero(snapshot.series.quantity == q) for q in again]
            if not all(len(r) for r in rows):
                continue
            newest = np.array([r[-1] for r in rows])
            at = np.full(len(newest), snapshot.as_of + HOUR)
            old = snapshot.series
            series = Series(
                np.append(old.quantity, old.quantity[newest]),
                np.append(old.effective_at, at),
                np.append(old.value, old.value[newest]),
            )
            before.append(snapshot)
            after.append(msgspec.structs.replace(snapshot, as_of=int(at[0]), series=series))
        moved.append(np.abs(_ask(after, spec, ask) - _ask(before, spec, ask)))
    step = np.concatenate(moved)
    return {
        "pairs": len(step),
        "median": round(float(np.median(step)), 4),
        "p95": round(float(np.percentile(step, 95)), 4),
        "p99": round(float(np.percentile(step, 99)), 4),
        "most": round(float(step.max()), 4),
    }


__all__ = ["ADMISSION", "examine"]
