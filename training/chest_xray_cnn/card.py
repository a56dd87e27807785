"""``MODEL_CARD.md``, written from the figures and the manifest so that it cannot drift from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from streams.inference.imaging_manifest import ImagingManifest, load_imaging
from training.chest_xray_cnn.crossed import TASK
from training.chest_xray_cnn.films import FOLDS, GROUPS
from training.figures import read_json, triple_text

_TEMPLATE = """\
# {name}, version {version}

**Not a medical device; for research and integration.** Written by `training/chest_xray_cnn/card.py` from
`metrics.json`, `metrics_val.json` and `model.toml`; edit those, not this.

## What it says
{target} It is published as a prediction of its own and never moves the cardiovascular risk. Levels by probability:
{levels}. **At {side} by {side} pixels this is a test of a pipeline, not evidence about anybody's lungs**: most of what
a radiologist looks at is not in such a picture.

## How
The largest square in the middle of the film is reduced to {side} by {side} pixels and scaled by its percentiles
{low:g} and {high:g}. The mean of {voices} networks (EfficientNet-Lite0 to stride 16, ImageNet weights, mean pooling) is
Platt-scaled inside the file. The second output is the class-activation map: {cells} by {cells} log odds whose mean is
the logit of the probability, so the map explains exactly what was said. It shows where the network looked, not where
disease is.

It is for {modalities} of {parts}, views {views}, of children from {min_age:g} to under {max_age:g} years; where
body part, view or age are not said, the film is not looked at.

## On what
{data}: {images} films, {positives} with pneumonia, of children in one hospital in Guangzhou. {citation}. Licence
{licence}. Pictures that stand twice were taken once, and those that stand in role val too were taken out of training.
There are no patient ids: films were put into {groups} groups of those that look alike, and groups were dealt whole to
the {folds} folds, so that films of one child are rarely on both sides. While training, films were turned, scaled,
mirrored, shaded, sharpened, blurred, and partly covered, because what counts is what transfers to films made otherwise.

## How good
Value and bootstrap 95 % interval over films; differences are ours less theirs, paired. Baseline: a linear model on the
pixels ({components} principal components, logistic regression), refitted on the same folds.

| films | model | n | with pneumonia | AUROC | AUPRC | Brier | ECE | AUROC: ours less theirs | AUPRC: ours less theirs |
|---|---|---|---|---|---|---|---|---|---|
{rows}

At the threshold {threshold:g} ({chosen}):

| films | model | accuracy | sensitivity | specificity | precision | F1 |
|---|---|---|---|---|---|---|
{points}

*out of fold* judges each film by the one network that has not seen it; *role val* is the file in this folder, through
the code that serves. Calibration and threshold are from what was said out of fold; that training ends on films much as
they are was settled after a look at what a first version said out of fold and on role val. **Role val is easy**: it was
drawn from the same films as the training part and, without patient ids, perhaps shows the same children. The data
set's official test part is harder (a linear model has 0.925 AUROC there); expect less than the table says, above all in
specificity.

## Limits, and where it must not be used
- It must not be used to diagnose, treat, triage or discharge any child, nor to withhold care.
- Not for adults, newborns, lateral films, or anything but frontal chest films of children of one to five years.
- One hospital, labels by readers without follow-up: no outcomes, no bacteriology, no other
  disease. A film with another disease gets a number all the same.
- Three in four training films show pneumonia. Where fewer do, the probability is too high.
- No cardiac label: it says nothing about the heart.
"""

_COLUMNS = ("auroc", "auprc", "brier", "ece")
_POINTS = ("accuracy", "sensitivity", "specificity", "precision", "f1")


class Figures(NamedTuple):
    """What was measured, as the files beside the card hold it."""

    crossed: dict[str, Any]
    val: dict[str, Any]


def figures(folder: Path) -> Figures:
    """Read ``metrics.json`` and ``metrics_val.json``."""
    return Figures(read_json(folder / "metrics.json"), read_json(folder / "metrics_val.json"))


def write_card(repository: Path, name: str) -> None:
    """Write the card of one model folder from the figures beside it."""
    folder = repository / name
    (folder / "MODEL_CARD.md").write_text(card_of(load_imaging(repository, name), figures(folder)), "utf-8")


def card_of(spec: ImagingManifest, found: Figures) -> str:
    """Return the card's text."""
    from training.chest_xray_cnn.baselines import COMPONENTS

    selection, thresholds = spec.selection, spec.thresholds
    if thresholds is None:
        raise ValueError(f"{spec.name} has no thresholds; export it again")
    entries = [
        (films, "linear" if task.startswith("baseline/") else "this", entry)
        for films, metrics in (("out of fold", found.crossed), ("role val", found.val))
        for task, entry in metrics["tasks"].items()
        if task.endswith(TASK)
    ]
    return _TEMPLATE.format(
        name=spec.name,
        version=spec.version,
        target=spec.target,
        levels=", ".join(f"{step.level} from {step.at:g}" for step in thresholds.levels),
        side=spec.tensors[0].shape[1],
        low=spec.framing.low,
        high=spec.framing.high,
        voices=FOLDS,
        cells=spec.of_kind("heat")[0].shape[0],
        modalities=" and ".join(selection.modalities),
        parts=" or ".join(selection.body_parts),
        views=" and ".join(selection.views),
        min_age=selection.min_age_years,
        max_age=selection.max_age_years,
        data=spec.training.data,
        images=spec.training.images,
        positives=spec.training.positives,
        citation=spec.training.citation,
        licence=spec.training.licence,
        groups=GROUPS,
        folds=FOLDS,
        components=COMPONENTS,
        rows="\n".join(_row(*each) for each in entries),
        threshold=thresholds.operating_point,
        chosen=thresholds.chosen,
        points="\n".join(_point(*each) for each in entries),
    )


def _row(films: str, model: str, entry: dict[str, Any]) -> str:
    less = entry.get("model_less_baseline", {})
    figures = " | ".join(triple_text(entry[c]) for c in _COLUMNS)
    differences = " | ".join(triple_text(less[c], 4) if less else "" for c in ("auroc", "auprc"))
    return f"| {films} | {model} | {entry['n']} | {entry['positives']} | {figures} | {differences} |"


def _point(films: str, model: str, entry: dict[str, Any]) -> str:
    return f"| {films} | {model} | " + " | ".join(triple_text(entry[c]) for c in _POINTS) + " |"
