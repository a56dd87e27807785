"""What a fusion file may hold: the modalities, their figures and the levels, each checked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

MODALITIES = ("deterioration", "news2", "ecg", "labs", "notes", "imaging")
VITAL = frozenset({"deterioration", "news2"})
"""Modalities that make a level: judged anew from vital signs at every score."""
FINDINGS = {"deterioration": "", "news2": "", "notes": "cardiovascular", "imaging": "cardiothoracic-ratio"}
"""The only finding of each that is evidence of the heart; other heads are published beside the whole."""
MOST_BY_NOTES_AND_FILMS = frozenset({"notes", "imaging"})

Amount = Annotated[float, msgspec.Meta(ge=0, le=6)]
Index = Annotated[float, msgspec.Meta(gt=0, lt=100)]


class Modality(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much one modality counts; the fields' meaning stands at the head of ``fusion.toml``."""

    model: str
    weight: Annotated[float, msgspec.Meta(ge=0, le=3)]
    raises_at_most: Amount
    lowers_at_most: Amount
    why: Annotated[str, msgspec.Meta(min_length=1)]
    finding: str = ""
    prior: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    anchors: tuple[tuple[float, float], ...] = ()
    half_life_h: Annotated[float, msgspec.Meta(gt=0)] | None = None
    reaches: Index | None = None
    interval: tuple[float, float] | None = None
    """95 % of the weight's bootstrap, where it was fitted."""


class Modalities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that may count; what is left out counts for nothing."""

    deterioration: Modality
    news2: Modality
    ecg: Modality | None = None
    labs: Modality | None = None
    notes: Modality | None = None
    imaging: Modality | None = None

    def present(self) -> list[tuple[str, Modality]]:
        """Return those there are, by name, in the stated order."""
        return [(name, one) for name in MODALITIES if (one := getattr(self, name)) is not None]


class Levels(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Lowest index of each level above low."""

    low_medium: Index
    medium: Index
    high: Index


class FusionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fusion file as it is written."""

    format: Literal[3]
    conflict_at: Amount
    levels: Levels
    modality: Modalities
    why: str = ""
    fitted: str = ""
    """On what the weights were fitted; empty for expert priors."""

    def faults(self) -> Iterator[tuple[str, str]]:
        """Return what no type can say: the field and what is wrong with it."""
        levels = self.levels
        if not levels.low_medium < levels.medium < levels.high:
            yield "levels", "expected low-medium < medium < high, received another order"
        known = [(one.model, one.finding) for _, one in self.modality.present()]
        if len(set(known)) < len(known):
            yield "modality", "expected each model and finding under one modality, received one under two"
        for name, one in self.modality.present():
            yield from ((f"modality.{name}.{field}", fault) for field, fault in _faults(name, one, levels))


def _faults(name: str, one: Modality, levels: Levels) -> Iterator[tuple[str, str]]:
    if (one.prior is None) == (not one.anchors):
        yield "prior", "expected either a prior or anchors, received both or neither"
    if one.anchors and not _rising(one.anchors):
        yield "anchors", "expected two or more pairs that rise in value and in evidence, received others"
    if name in FINDINGS and one.finding != FINDINGS[name]:
        yield "finding", f"expected {FINDINGS[name] or 'none'!r}, the only one that is evidence, received another"
    if (name == "news2") != (one.model == "news2"):
        yield "model", "expected news2 as the model of the modality news2 and of no other, received another"
    if (name in VITAL) != (one.half_life_h is None):
        yield "half_life_h", "expected hours for slow evidence and none for vital signs, received the contrary"
    if name in MOST_BY_NOTES_AND_FILMS and (one.reaches is None or one.reaches >= levels.medium):
        yield (
            "reaches",
            "expected an index below medium, received none or a higher one; slow evidence raises no further",
        )
    if one.reaches is not None and (name in VITAL or one.lowers_at_most):
        yield "reaches", "expected on slow evidence that lowers nothing (lowers_at_most = 0), received elsewhere"


def _rising(anchors: tuple[tuple[float, float], ...]) -> bool:
    pairs = list(itertools.pairwise(anchors))
    return bool(pairs) and all(a[0] < b[0] and a[1] < b[1] for a, b in pairs)
