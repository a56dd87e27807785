"""``MODEL_CARD.md``, written from the figures and the manifest so that it cannot drift from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from streams.inference.manifest import Manifest, load

_TEMPLATE = """\
# {name}, version {version}

**Not a medical device; for research and integration.** Written by `training/deterioration_gru/card.py` from
`metrics.json` and `model.toml`; edit those, not this.

## What it says
{target} It is shown as deterioration risk. It was trained on death in hospital and on nothing else: it does not
foretell an arrest, a transfer or any other event, and says nothing about when.

## How
A gated recurrent network over {bins} hourly bins that end at the newest observation, {inputs} inputs: normalised
values carried forward, whether each was measured in the hour, hours since; age and sex. Platt scaling is inside the
network file. Too little or too old input gives `indeterminate` with the reason; required are {required}, and
at least {min_facts} values of {min_codes} quantities. Levels by probability: {levels}.

## On whom
{data}: {stays} adult stays of at least 48 hours in four kinds of intensive care unit of one hospital in Boston,
2001 to 2008, {deaths} of which ended in death in hospital; one stay in ten was kept back from
fitting, for stopping, calibration and threshold. {citation}. Licence {licence}.

## How good
Role `{role}` of the same data, {n} stays, {positives} deaths, none of them used for fitting, stopping, calibration or
threshold. Value and bootstrap 95 % interval over stays (differences are paired). Every stay is counted; the last
column says how many of them serving would call indeterminate. NEWS2 counts what was never measured as normal;
both baselines are fitted on the same random views of the same stays as the network.

| task | model | AUROC | AUPRC | Brier | ECE | AUROC less than ours by | indeterminate |
|---|---|---|---|---|---|---|---|
{rows}

At the threshold {threshold} ({chosen}):

| task | sensitivity | specificity | precision | F1 |
|---|---|---|---|---|
{points}

No cross-validation: the data come with a fixed split, which stands in for it.

## Limits, and where it must not be used
- Do not use it to treat, triage or discharge anyone, nor to withhold care.
- Not on wards, in emergency departments, in children, or in obstetrics: it has seen none. The data leave out stays
  shorter than 48 hours, so early deaths and quick recoveries are missing: early scores are no admission scores.
- One hospital, practice of 2001 to 2008. Calibration elsewhere is unknown: check it on local data in silent mode first.
- After 48 hours the window slides. The network has not been trained or tested on later hours.
- Respiratory rate was charted in 28 % of the stays and oxygen saturation comes from blood gases, so both weigh less
  than they should at a bedside that measures them continuously; the network is not told when they were taken.
- Arterial and cuff pressures are one variable. A coma score of an intubated patient has verbal 1 and looks worse.
- When something was measured tells how worried the staff were; where charting habits differ, so will scores.
- Inspired oxygen is read as a concentration only; litres per minute are not converted.
- Not examined for fairness between groups of patients beyond the figures here.
"""

_COLUMNS = ("auroc", "auprc", "brier", "ece")


def write_card(repository: Path, name: str) -> None:
    """Write the card of one model folder from its ``metrics.json``."""
    folder = repository / name
    metrics = msgspec.json.decode((folder / "metrics.json").read_bytes())
    (folder / "MODEL_CARD.md").write_text(card_of(load(repository, name), metrics), "utf-8")


def card_of(spec: Manifest, metrics: dict[str, Any]) -> str:
    """Return the card's text."""
    tasks: dict[str, Any] = metrics["tasks"]
    ours = {task: entry for task, entry in tasks.items() if not task.startswith("baseline/")}
    first = next(iter(ours.values()))
    return _TEMPLATE.format(
        name=spec.name,
        version=spec.version,
        target=spec.target,
        bins=spec.window.bins,
        inputs=len(spec.inputs),
        required=" and ".join(f"{i.name} not older than {i.fresh_s / 3600:g} h" for i in spec.inputs if i.required),
        min_facts=spec.sufficiency.min_facts,
        min_codes=spec.sufficiency.min_codes,
        levels=", ".join(f"{s.level} from {s.at:g}" for s in spec.thresholds.levels),
        data=spec.training.data,
        stays=spec.training.stays,
        deaths=spec.training.deaths,
        citation=spec.training.citation,
        licence=spec.training.licence,
        role=metrics["role"],
        n=first["n"],
        positives=first["positives"],
        rows="\n".join(_row(task, entry) for task, entry in tasks.items()),
        threshold=f"{spec.thresholds.operating_point:g}",
        chosen=spec.thresholds.chosen,
        points="\n".join(_point(task, entry) for task, entry in ours.items()),
    )


def _row(task: str, entry: dict[str, Any]) -> str:
    model, question = ("this", task) if not task.startswith("baseline/") else task.split("/", 2)[1:]
    less = _triple(entry["model_less_baseline"]["auroc"]) if "model_less_baseline" in entry else ""
    figures = " | ".join(_triple(entry[c]) for c in _COLUMNS)
    return f"| {question} | {model} | {figures} | {less} | {entry.get('indeterminate', '')} |"


def _point(task: str, entry: dict[str, Any]) -> str:
    figures = " | ".join(_triple(entry[c]) for c in ("sensitivity", "specificity", "precision", "f1"))
    return f"| {task} | {figures} |"


def _triple(triple: list[float]) -> str:
    value, low, high = triple
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
