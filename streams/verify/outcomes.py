"""Published scores beside a site's own outcomes: what each modality said of patients of whom the end is known."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from streams import topics
from streams.clock import Instant
from streams.errors import ContractError
from streams.fusion.fitting import Rows
from streams.fusion.rule import Rule
from streams.publish.headers import LEVEL, RETIRED
from streams.publish.summary import Summary, read
from streams.settings import Settings
from streams.transport.reading import read_to_end, reading

COLUMNS = ("patient_id", "outcome", "at")


class Label(NamedTuple):
    """How it ended for one patient."""

    outcome: float
    """0 or 1."""
    at: Instant | None
    """When; scores from then on foretell nothing. None where all scores count."""


class Taken(NamedTuple):
    """Scores with a known end, and what was left out."""

    rows: Rows
    words: str


class _Head(msgspec.Struct, frozen=True):
    status: str = ""


def read_labels(path: Path) -> dict[str, Label]:
    """Read outcomes from a CSV file with the columns patient_id, outcome, and optionally at.

    Raises
    ------
    ContractError
        Where it cannot be read, or a line says something else; names the line, never the patient.
    """
    try:
        lines = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ContractError(f"labels {path.name}: cannot be read ({type(error).__name__}); expected CSV") from None
    head = tuple(lines[0]) if lines else ()
    if head not in (COLUMNS[:2], COLUMNS):
        raise ContractError(
            f"labels {path.name}, line 1: expected the columns {', '.join(COLUMNS)} (at may be left out), received "
            "others; name them in this order"
        )
    found: dict[str, Label] = {}
    for number, line in enumerate(lines[1:], start=2):
        patient_id, label = _label(path.name, number, line, len(head))
        if patient_id in found:
            raise ContractError(f"labels {path.name}, line {number}: expected one line a patient, received a second")
        found[patient_id] = label
    return found


def _label(name: str, number: int, line: list[str], width: int) -> tuple[str, Label]:
    if len(line) != width or not line[0] or line[1] not in {"0", "1"}:
        raise ContractError(
            f"labels {name}, line {number}: expected a patient id and an outcome of 0 or 1, received something else"
        )
    return line[0], Label(float(line[1]), _instant(name, number, line[2]) if width > 2 and line[2] else None)


def _instant(name: str, number: int, text: str) -> Instant:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return round(at.timestamp() * 1000)
    except ValueError:
        pass
    raise ContractError(
        f"labels {name}, line {number}: expected at as an ISO 8601 instant with its zone, received something else"
    )


def scores_of_file(path: Path) -> Iterator[Summary]:
    """Yield the assessments of a file that holds one a line, as they stand on risk.scores; retired ids left out."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ContractError(f"scores {path.name}: cannot be read ({type(error).__name__})") from None
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip() and msgspec.json.decode(line, type=_Head).status != "cancelled":
                yield read(line)
        except (msgspec.DecodeError, ContractError):
            raise ContractError(
                f"scores {path.name}, line {number}: expected a RiskAssessment as this version writes it, received "
                "something else; export the values of risk.scores, one a line"
            ) from None


async def scores_of_topic(settings: Settings) -> list[Summary]:
    """Return the assessments on risk.scores; retired ids left out."""
    found: list[Summary] = []
    async with reading(settings, "cardiostream-fusion") as consumer:
        for number in range(settings.partitions):
            records = await read_to_end(consumer, topics.SCORES, number)
            found += [read(one.value) for one in records if dict(one.headers).get(LEVEL) != RETIRED]
    return found


def evidence_rows(found: Iterable[Summary], labels: Mapping[str, Label], rule: Rule) -> Taken:
    """Return what each modality said in the scores of patients with a known end.

    Of several versions of one assessment the last counts. Left out, and counted: scores by another rule, whose evidence
    means something else; of patients without a label; not before the outcome; indeterminate ones.

    Raises
    ------
    ContractError
        Where nothing is left.
    """
    left_out: Counter[str] = Counter()
    last = {one.resource_id: one for one in found}
    kept: list[tuple[Summary, Label]] = []
    for one in last.values():
        label = labels.get(one.patient_id)
        why = _against(one, label, rule)
        if why or label is None:
            left_out[why] += 1
        else:
            kept.append((one, label))
    words = ", ".join(f"{count} {why}" for why, count in sorted(left_out.items())) or "no score left out"
    if not kept:
        raise ContractError(
            f"fit: expected scores by the rule {rule.version} of patients with a label, received none ({words}); name "
            "the fusion file that they were made with by --file"
        )
    return Taken(_rows(kept, rule), words)


def _against(one: Summary, label: Label | None, rule: Rule) -> str:
    if label is None:
        return "without a label"
    if one.fusion != rule.version:
        return "by another rule"
    if label.at is not None and one.as_of >= label.at:
        return "not before the outcome"
    return "" if one.contributions else "indeterminate"


def _rows(kept: list[tuple[Summary, Label]], rule: Rule) -> Rows:
    patients = {name: n for n, name in enumerate(dict.fromkeys(one.patient_id for one, _ in kept))}
    places = {name: k for k, name in enumerate(rule.order)}
    evidence = np.zeros((len(kept), len(places)))
    known = np.zeros(evidence.shape, np.bool_)
    for n, (one, _) in enumerate(kept):
        for part in one.contributions:
            if part.name in places and part.evidence is not None:
                evidence[n, places[part.name]], known[n, places[part.name]] = part.evidence, True
    return Rows(
        np.array([patients[one.patient_id] for one, _ in kept]),
        np.array([label.outcome for _, label in kept]),
        evidence,
        known,
    )
