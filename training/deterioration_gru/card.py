"""``MODEL_CARD.md``, written from the figures and the manifest so that it cannot drift from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

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
From {bins} hourly bins that end at the newest observation, {inputs} inputs: normalised values carried forward, and
hours since each was measured; age and sex. The network file holds a mixture of experts, Platt scaling included:

- *cut*: a perceptron with eight heads on what sums up the last 48, 24 and 8 hours (mean, least, greatest, number,
  newest, first), figures cut into pieces at their quantiles; *vital cut*: the same on vital signs alone;
- *recurrent*: a gated recurrent unit over four-hour steps; its last state and its states pooled by attention join the
  same figures in a perceptron;
- *trees*: gradient boosting, grown at 6, 12, 24 and 48 hours since the first fact and interpolated between; *vital
  trees*: the same on vital signs alone.

**The recurrent unit is one voice of several, not the whole**: the mixture adds up logits with these weights, learned
on out-of-fold answers: {voices}.
The experts of all inputs are heard in full from four kinds of laboratory value on, those of vital signs with none, and
both in between; a weight of 0 means that the voice added nothing. The perceptrons were fitted on half the truth and
half the opinion of gradient boosting that had not seen the stay.

Too little or too old input gives `indeterminate` with the reason; required are {required}, and at least {min_facts}
values of {min_codes} quantities. Levels by probability: {levels}.

## On whom
{data}: {stays} adult stays of at least 48 hours in four kinds of intensive care unit of one hospital in Boston, 2001
to 2008, {deaths} of which ended in death in hospital. {citation}. Licence {licence}.

## How good
Pooled out-of-fold answers of five-fold cross-validation over all {n} stays ({positives} deaths) of roles train and
val; folds by a digest of the stay's id, each fold's weights of the mixture and Platt scaling from the other folds.
The network in this folder was then fitted in the same way on the role train; its weights, calibration and threshold
are those of the out-of-fold answers of that role. The constants that normalise inputs use values, not outcomes, of
the role train. Value and bootstrap 95 % interval over stays (differences are ours less theirs, paired). Every stay is
counted; the last column says how many serving would call indeterminate. Baselines are refitted on the same folds:
SAPS-I of the first day; NEWS2, where what was never measured is normal; logistic regression on the network's own
summaries; gradient boosting on newest, least, greatest, mean and number of values of the same inputs at the same
hour, its settings chosen on these very predictions, in its favour. Ours were chosen on them too, among those listed
in `training/deterioration_gru/EXPERIMENTS.md`: a lower bound just above 0 is no promise for other patients.

| task | model | AUROC | AUPRC | Brier | ECE | AUROC: ours less theirs | AUPRC: ours less theirs | indeterminate |
|---|---|---|---|---|---|---|---|---|
{rows}

At the threshold {threshold} ({chosen}):

| task | sensitivity | specificity | precision | F1 |
|---|---|---|---|---|
{points}

The file in this folder on the {val_n} stays of role val ({val_positives} deaths), none of them used to fit it,
through the code that serves:

| task | AUROC | AUPRC | Brier | ECE |
|---|---|---|---|---|
{val_rows}

## How robust
The file in this folder on the same {val_n} stays with everything at 48 hours, changed as said. *Moved* is by how much
the probability of a stay changed, on average and at most.

| change | AUROC | AUPRC | AUROC: changed less unchanged | moved | at most | caught |
|---|---|---|---|---|---|---|
{robust_rows}

Shifting every clock alike changes nothing, by construction. *Caught* is the share of mistaken values that fall
outside the possible range and never become facts; what is not caught is believed.

Out of fold at 48 hours with everything, by group:

| group | stays | deaths | predicted | observed | AUROC | AUPRC | ECE | sensitivity | specificity |
|---|---|---|---|---|---|---|---|---|---|
{group_rows}

Stays of role val at or above the threshold, by hour since admission:

| hour | at or above | mean probability | sensitivity | precision |
|---|---|---|---|---|
{hour_rows}

When an hour passes and only the newest heart rate and systolic pressure come again unchanged, the probability moves
by {median:g} (median), {p95:g} (95 %), {p99:g} (99 %) and at most {most:g}, over {pairs} pairs at 6, 12, 24 and 36
hours. Without any new fact it does not move at all.

## Limits, and where it must not be used
- Do not use it to treat, triage or discharge anyone, nor to withhold care.
- Not on wards, in emergency departments, in children, or in obstetrics: it has seen none. The data leave out stays
  shorter than 48 hours, so early deaths and quick recoveries are missing: early scores are no admission scores.
- One hospital, practice of 2001 to 2008. Calibration elsewhere is unknown: check it on local data in silent mode
  first.
- After 48 hours the window slides. The network has not been trained or tested on later hours.
- Respiratory rate was charted in 28 % of the stays and oxygen saturation comes from blood gases, so both weigh less
  than they should at a bedside that measures them continuously; the network is not told when they were taken.
- Arterial and cuff pressures are one variable. A coma score of an intubated patient has verbal 1 and looks worse.
- When something was measured tells how worried the staff were; where charting habits differ, so will scores.
- Inspired oxygen is read as a concentration only; litres per minute are not converted.
- Groups of patients are compared above and nowhere else: the data tell neither origin nor insurance.
- Its target is death in hospital, often days later. It is no early warning of an event in the next hours.
"""

_COLUMNS = ("auroc", "auprc", "brier", "ece")


def write_card(repository: Path, name: str) -> None:
    """Write the card of one model folder from the figures beside it."""
    (repository / name / "MODEL_CARD.md").write_text(
        card_of(load(repository, name), figures(repository / name)), "utf-8"
    )


class Figures(NamedTuple):
    """What was measured, as the files beside the card hold it."""

    metrics: dict[str, Any]
    val: dict[str, Any]
    robustness: dict[str, Any]


def figures(folder: Path) -> Figures:
    """Read ``metrics.json``, ``metrics_val.json`` and ``robustness.json``."""
    names = ("metrics.json", "metrics_val.json", "robustness.json")
    return Figures(*(msgspec.json.decode((folder / name).read_bytes()) for name in names))


def card_of(spec: Manifest, found: Figures) -> str:
    """Return the card's text."""
    tasks: dict[str, Any] = found.metrics["tasks"]
    val = {task: entry for task, entry in found.val["tasks"].items() if not task.startswith("baseline/")}
    first_val = next(iter(val.values()))
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
        n=first["n"],
        positives=first["positives"],
        voices=", ".join(f"{name} {share:.2f}" for name, share in found.metrics["voices"].items()),
        rows="\n".join(_row(task, entry) for task, entry in tasks.items()),
        threshold=f"{spec.thresholds.operating_point:g}",
        chosen=spec.thresholds.chosen,
        points="\n".join(_point(task, entry) for task, entry in ours.items()),
        val_n=first_val["n"],
        val_positives=first_val["positives"],
        val_rows="\n".join(f"| {t} | " + " | ".join(_triple(e[c]) for c in _COLUMNS) + " |" for t, e in val.items()),
        robust_rows="\n".join(_robust(found.robustness)),
        group_rows="\n".join(_group(name, entry) for name, entry in found.robustness["groups"].items()),
        hour_rows="\n".join(_hour(hour, entry) for hour, entry in found.robustness["hours"].items()),
        **found.robustness["stability"],
    )


def _row(task: str, entry: dict[str, Any]) -> str:
    model, question = ("this", task) if not task.startswith("baseline/") else task.split("/", 2)[1:]
    less = entry.get("model_less_baseline", {})
    figures = " | ".join(_triple(entry[c]) for c in _COLUMNS)
    differences = " | ".join(_triple(less[c]) if less else "" for c in ("auroc", "auprc"))
    return f"| {question} | {model} | {figures} | {differences} | {entry.get('indeterminate', '')} |"


def _robust(found: dict[str, Any]) -> Iterator[str]:
    plain = found["plain"]
    yield f"| none | {_triple(plain['auroc'])} | {_triple(plain['auprc'])} | | | | |"
    rows = {f"without {name}": row for name, row in found["missing"].items()}
    rows |= {"noise of a tenth of every input's spread": found["noise"]}
    rows |= {f"clock: {name}": row for name, row in found["clock"].items()}
    rows |= {f"unit: {name}": row for name, row in found["units"].items()}
    for name, row in rows.items():
        figures = " | ".join(_triple(row[c]) for c in ("auroc", "auprc", "auroc_less"))
        caught = f"{row['caught']:.1%}" if "caught" in row else ""
        yield f"| {name} | {figures} | {row['moved']:.3f} | {row['moved_most']:.3f} | {caught} |"


def _group(name: str, entry: dict[str, Any]) -> str:
    figures = " | ".join(_triple(entry[c]) for c in ("auroc", "auprc", "ece", "sensitivity", "specificity"))
    shares = f"{entry['predicted']:.3f} | {entry['observed']:.3f}"
    return f"| {name} | {entry['n']} | {entry['positives']} | {shares} | {figures} |"


def _hour(hour: str, entry: dict[str, Any]) -> str:
    figures = " | ".join(f"{entry[c]:.3f}" for c in ("alerting", "mean", "sensitivity", "precision"))
    return f"| {hour} | {figures} |"


def _point(task: str, entry: dict[str, Any]) -> str:
    figures = " | ".join(_triple(entry[c]) for c in ("sensitivity", "specificity", "precision", "f1"))
    return f"| {task} | {figures} |"


def _triple(triple: list[float]) -> str:
    value, low, high = triple
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
