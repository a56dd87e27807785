"""``MODEL_CARD.md``, written from the figures and the manifest so that it cannot drift from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from streams.inference.imaging_manifest import ImagingManifest, load_imaging
from training.figures import read_json, triple_text

_TEMPLATE = """\
# {name}, version {version}

**Not a medical device; for research and integration.** Written by `training/chest_heart_unet/card.py` from
`metrics.json`, `strangers.json` and `model.toml`; edit those, not this.

## What it says
{target} The ratio is drawn, not guessed: it is the width of the outlined heart over the width from the outer edge of
the right lung to that of the left, and both lines come with it, so that a reader can see what was measured. **A ratio
above {usual_high:g} is no diagnosis.** On films taken from the front (AP) and lying down the heart looks larger.

## How
The film is scaled by its percentiles {low:g} and {high:g} to {side} by {side} pixels, its sides each on their own,
which leaves a ratio of widths as it is. A U-Net over an EfficientNet-Lite0 encoder with ImageNet weights sees the film
and its mirror image, in which the lungs change places, and the mean of both is the answer: for each place the
probability of right lung, left lung and heart. Outlines are the lines of even odds; crumbs beside the largest piece are
left out.

It is for {modalities} of {parts}, views {views} (not said: {unknown_view}), from {min_age:g} years on (age not said:
{unknown_age}). **A film whose outlines are not like those of the training films is refused**: area, unity, certainty
and place of each structure must lie within the range they had on those, widened by {margin:.0%} of it ({limits}
limits).

## On what
{data}: {images} films of one data set, one per patient, three quarters from one maker's equipment. {citation}. Licence
{licence}. Age, sex and view of the patients are unknown, and each film was drawn once, by one reader. While training,
films were turned, scaled, mirrored, burnt out, shaded, blurred, and partly covered; in between stood pictures in which
nothing must be found: children's chest films, breast ultrasound, lung CT, cardiac MRI (the training parts of other
public sets), and chest films on their side, upside down or with black and white exchanged.

## How good
The file in this folder on the {n} films of role val, none of them used to fit it, through the code that serves. The
split is the data set's own; cross-validation would have been five times the work and is not done. Training was changed
once after a look at these films (its second stage, which learns edges and widths), so they are not wholly unseen; the
mean of both stages' weights or answers was tried on them too and is no better. Value and bootstrap 95 % interval over
films. Every film counts, also the {refused} that serving refuses. Baseline: the five training films that look most
alike; differences are ours less theirs, paired. The goal for the ratio was a mean absolute error of 0.015: {goal}.

| outline | Dice | least | five nearest | ours less theirs |
|---|---|---|---|---|
{dice_rows}

| ratio | mean absolute error | bias | most | ours less theirs |
|---|---|---|---|---|
{ratio_rows}

Ratio above 0.5 as drawn by hand: {large}.

## What it refuses
{strangers_head}

| pictures | shown | refused | most frequent reasons |
|---|---|---|---|
{stranger_rows}

Children's films, ultrasound, CT and MRI are of kinds that it was trained to leave alone, though not these very
pictures; halves of films are of no kind that it has seen. Lateral films are not in the data: nothing is known of them
but what the view in the DICOM header and the limits catch.

## Films from elsewhere (exploratory)
1,000 films of 64 by 64 pixels of the NIH ChestX-ray14, with the word *cardiomegaly* mined from reports. {nih_refused}
are refused. The ratio as a score for that word; intervals over patients (few of whom have it). A baseline on the same
films (HOG and logistic regression, cross-validated) has 0.70 (0.63 to 0.76).

| films | n | with the word (patients) | median ratio without, with | AUROC | sensitivity at 0.5 | specificity at 0.5 |
|---|---|---|---|---|---|---|
{nih_rows}

## Limits, and where it must not be used
- It must not be used to diagnose heart failure or cardiomegaly, nor to treat, triage or discharge anyone.
- Not for children, lateral or oblique films, CT, or anything but frontal chest films; the checks above are a net, not a
  proof.
- {all_films} films of one data set say little about other hospitals: compare with hand-drawn ratios on local films
  first.
- Effusions, collapse, large masses, pacemakers, scoliosis and operations are hardly in the data; where an edge is
  hidden, the outline is a guess.
- The view is often unknown. A ratio of an AP film is not comparable with one of a PA film.
- A film that does not say the patient's age is measured, and the prediction says `age:unknown`; fusion does not read
  it unless the record's birth date tells that the patient was grown up.
- Fusion may read the ratio as a hint about the heart, never alone as a level of risk.
"""

GOAL = 0.015
STRUCTURES = ("right lung", "left lung", "lungs", "heart")


class Figures(NamedTuple):
    """What was measured, as the files beside the card hold it."""

    metrics: dict[str, Any]
    strangers: dict[str, Any]


def figures(folder: Path) -> Figures:
    """Read ``metrics.json`` and ``strangers.json``."""
    return Figures(read_json(folder / "metrics.json"), read_json(folder / "strangers.json"))


def write_card(repository: Path, name: str) -> None:
    """Write the card of one model folder from the figures beside it."""
    folder = repository / name
    (folder / "MODEL_CARD.md").write_text(card_of(load_imaging(repository, name), figures(folder)), "utf-8")


def card_of(spec: ImagingManifest, found: Figures) -> str:
    """Return the card's text."""
    from training.chest_heart_unet.limits import MARGIN

    tasks, selection = found.metrics["tasks"], spec.selection
    large = tasks["ratio above 0.5"]
    nih = found.strangers["cardiomegaly"]
    return _TEMPLATE.format(
        name=spec.name,
        version=spec.version,
        target=spec.target,
        usual_high=spec.measures[0].usual_high,
        low=spec.framing.low,
        high=spec.framing.high,
        side=spec.tensors[0].shape[1],
        modalities=" and ".join(selection.modalities),
        parts=" or ".join(selection.body_parts),
        views=" and ".join(selection.views),
        unknown_view=_WORDS[selection.unknown_view],
        min_age=selection.min_age_years,
        unknown_age=_WORDS[selection.unknown_age],
        margin=MARGIN,
        limits=len(spec.limits),
        data=spec.training.data,
        images=spec.training.images,
        all_films=spec.training.images + tasks["heart"]["n"],
        citation=spec.training.citation,
        licence=spec.training.licence,
        n=tasks["heart"]["n"],
        refused=tasks["heart"]["refused"],
        goal="met" if tasks["ratio"]["mae"][0] <= GOAL else "**missed**",
        dice_rows="\n".join(_dice(name, tasks) for name in STRUCTURES),
        ratio_rows="\n".join(_ratio(tasks)),
        large=", ".join(f"{name} {triple_text(large[name])}" for name in ("accuracy", "sensitivity", "specificity")),
        strangers_head="Shown to the file in this folder, through the code that serves:",
        stranger_rows="\n".join(_strangers(found.strangers["refused"])),
        nih_refused=nih["refused"]["refused"],
        nih_rows="\n".join(_nih(nih["groups"])),
    )


_WORDS = {"accept": "accepted", "refuse": "refused"}


def _dice(name: str, tasks: dict[str, Any]) -> str:
    ours, theirs = tasks[name], tasks[f"baseline/nearest/{name}"]
    cells = (triple_text(ours["dice"]), f"{ours['least']:.3f}", triple_text(theirs["dice"]))
    return f"| {name} | " + " | ".join(cells) + f" | {triple_text(theirs['model_less_baseline'])} |"


def _ratio(tasks: dict[str, Any]) -> Iterator[str]:
    for title, key in (("this", "ratio"), ("five nearest", "baseline/nearest/ratio")):
        entry = tasks[key]
        paired = triple_text(entry["model_less_baseline"], 4) if "model_less_baseline" in entry else ""
        cells = (triple_text(entry["mae"], 4), triple_text(entry["bias"], 4), f"{entry['most']:.4f}", paired)
        yield f"| {title} | " + " | ".join(cells) + " |"


def _strangers(kinds: dict[str, Any]) -> Iterator[str]:
    for name, entry in kinds.items():
        reasons = ", ".join(f"{reason} {count}" for reason, count in entry["reasons"].items())
        yield f"| {name} | {entry['n']} | {entry['refused']} | {reasons} |"


def _nih(groups: dict[str, Any]) -> Iterator[str]:
    for name, entry in groups.items():
        medians = ", ".join("none" if m is None else f"{m:.3f}" for m in entry["median_ratio"])
        head = f"| {name} | {entry['n']} | {entry['positives']} ({entry['patients_positive']}) | {medians} | "
        shown = (triple_text(entry[f]) if f in entry else "" for f in ("auroc", "sensitivity", "specificity"))
        yield head + " | ".join(shown) + " |"
