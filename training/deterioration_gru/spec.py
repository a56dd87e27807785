"""What the network reads, with its normalisation learned from the training stays."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np

from streams.clock import HOUR
from streams.inference.manifest import (
    Calibration,
    Input,
    Manifest,
    Onnx,
    Output,
    Statics,
    Step,
    Sufficiency,
    Tensor,
    Thresholds,
    Training,
    Window,
)
from streams.modalities.vitals.demographics import age_years
from streams.modalities.vitals.grid import CLIP
from streams.vocabulary import INDEX, quantity
from training.deterioration_gru.p12 import ADMISSION, Stay
from training.measures import Floats

NAME, VERSION = "deterioration_gru", "3"
AGE_MAX = 90.5
"""The data cut ages at 90."""

LEVELS = (Step("low", 0.0), Step("low-medium", 0.1), Step("medium", 0.2), Step("high", 0.4))
"""Calibrated probability of death; about half, one, two and four times what an average stay of the data has."""

_TARGET = "Probability that the patient dies during this hospital stay, from the last 48 hours up to as_of."
_CITATION = (
    "Silva et al., Predicting in-hospital mortality of ICU patients: The PhysioNet/Computing in Cardiology "
    "Challenge 2012, Comput Cardiol 2012;39:245-248; Goldberger et al., Circulation 2000;101:e215-e220"
)


def draft(stays: list[Stay], seed: int) -> Manifest:
    """Return the manifest as far as it is known before training; the rest is filled in at export."""
    table = tomllib.loads(files(__package__).joinpath("inputs.toml").read_text("utf-8"))
    inputs = tuple(_input(row, stays) for row in table["input"])
    ages = np.array([a for a in (age_years(s.birth_date, ADMISSION) for s in stays) if a is not None])
    shape = (table["window"]["bins"], len(inputs))
    return Manifest(
        name=NAME,
        version=VERSION,
        kind="gru",
        modality="vitals",
        target=_TARGET,
        window=msgspec.convert(table["window"], Window),
        sufficiency=msgspec.convert(table["sufficiency"], Sufficiency),
        inputs=inputs,
        statics=Statics(round(float(ages.mean()), 4), round(float(ages.std()), 4), AGE_MAX),
        tensors=(
            Tensor("values", shape, "FP32", -CLIP, CLIP),
            Tensor("hours_since", shape, "FP32", -1.0, shape[0] - 1.0),
            Tensor("statics", (4,), "FP32", -CLIP, CLIP),
        ),
        output=Output("risk", (1,), "FP32", 0.0, 1.0, meaning="calibrated probability of death in hospital"),
        calibration=Calibration("platt", 1.0, 0.0, True),
        thresholds=Thresholds(0.5, "not chosen yet", LEVELS),
        training=Training(
            data="PhysioNet/CinC Challenge 2012, sets a and b, role train",
            citation=_CITATION,
            licence="ODC-By 1.0",
            stays=len(stays),
            deaths=sum(s.died for s in stays),
            seed=seed,
            command="python -m training.deterioration_gru.train --cv 5",
        ),
        onnx=Onnx(f"{VERSION}/model.onnx", "", 17, 8),
    )


def _input(row: dict[str, Any], stays: list[Stay]) -> Input:
    known = quantity(row["code"])
    values = np.concatenate([_bin_values(s, INDEX[known.code], row.get("aggregate", "mean")) for s in stays])
    scaled = np.log1p(values) if row.get("scale") == "log1p" else values
    mean, std = round(float(scaled.mean()), 5), round(float(scaled.std()), 5)
    return msgspec.convert({**row, "name": known.name, "unit": known.unit, "mean": mean, "std": std}, Input)


def _bin_values(stay: Stay, row: int, aggregate: str) -> Floats:
    """Return the stay's values of one quantity, hourly totals where bins hold totals."""
    mine = stay.series.quantity == row
    value: Floats = stay.series.value[mine]
    if aggregate == "mean":
        return value
    hour = (stay.series.effective_at[mine] - ADMISSION) // HOUR
    totals: Floats = np.bincount(hour, weights=value)[np.unique(hour)]
    return totals
