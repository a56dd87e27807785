"""The fusion file to a rule: read, checked, and made ready for one score after another."""

from __future__ import annotations

import math
import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import msgspec

from streams.clock import HOUR
from streams.errors import ContractError
from streams.fusion.scale import Anchors, logit, sigmoid
from streams.fusion.schema import FusionFile, Modality
from streams.records import Level

KIND = "fusion-3"
"""Of the rule in this folder; changes with its meaning."""
HIGHEST = 20
"""NEWS2 with all parameters at their most."""
TRIGGERS: dict[Level, int] = {"medium": 5, "high": 7}
"""NEWS2 that asks for an urgent and for an emergency response (RCP 2017, chart 2)."""
_HINT = "correct it, or leave CARDIOSTREAM_FUSION_FILE unset for the default"


class Term(msgspec.Struct, frozen=True):
    """One modality, ready to be asked."""

    name: str
    model: str
    weight: float
    up: float
    """Most that it raises, in log-odds."""
    down: float
    half_life_ms: float
    """Infinite where it does not fade."""
    ceiling: float
    """Log-odds beyond which it raises nothing; infinite where there is no such limit."""
    prior: float
    """Log-odds of the prior; 0 where it has anchors."""
    anchors: Anchors | None

    @property
    def neutral(self) -> float:
        """Value that says nothing either way: the prior, or where the anchors cross 0."""
        return self.value(0.0)

    def evidence(self, value: float) -> float:
        """Return what a value says, in log-odds against the prior; a probability of 0 or 1 as far as figures go."""
        return logit(value) - self.prior if self.anchors is None else self.anchors.of(value)

    def value(self, evidence: float) -> float:
        """Return the value that says this; the counterpart of `evidence`."""
        return sigmoid(evidence + self.prior) if self.anchors is None else self.anchors.value_of(evidence)

    def size(self, evidence: float) -> float:
        """Return evidence weighted and within the bounds: nearly itself when small, never beyond them."""
        weighted = self.weight * evidence
        bound = self.up if weighted > 0 else self.down
        return bound * math.tanh(weighted / bound) if bound else 0.0


class Rule(msgspec.Struct, frozen=True):
    """How judgements become one index and one level."""

    version: str
    """Kind and digest, e.g. ``fusion-3-0123456789``."""
    file: FusionFile
    terms: Mapping[tuple[str, str], Term]
    """By model and finding."""
    models: frozenset[str]
    order: tuple[str, ...]
    """Modalities in the order in which they are summed: as stated, those with a ceiling last, the lowest first."""
    counting: tuple[str, ...]
    """Those of a weight above 0; of which of them there is no evidence a score says."""
    news2_said: tuple[float, ...]
    """Evidence of each NEWS2 from 0 on."""
    news2_sizes: tuple[float, ...]
    """What each does by itself, rising."""
    news2_holds: Mapping[Level, int]
    """The lowest NEWS2 that holds the whole at each level above low, whatever else is said."""
    edges: Mapping[Level, float]
    """Lowest log-odds of each level above low, ascending."""


def load(path: Path | None) -> Rule:
    """Read a site's fusion file, the default one where there is none.

    Raises
    ------
    ContractError
        Where it cannot be read or is not valid; names line and field.
    """
    if path is None:
        return DEFAULT
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"fusion file {path.name}: cannot be read ({type(error).__name__}); {_HINT}") from None
    return parse(text, path.name)


def parse(text: str, name: str) -> Rule:
    """Read the text of a fusion file; see `load`."""
    try:
        found = msgspec.convert(tomllib.loads(text), FusionFile)
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"fusion file {name}: expected TOML, received something else: {error}; {_HINT}") from None
    except msgspec.ValidationError as error:
        fault, _, field = str(error).partition(" - at `$")
        raise _fault(text, name, field.strip("`."), fault) from None
    for field, fault in found.faults():
        raise _fault(text, name, field, fault)
    return rule_of(found)


def _fault(text: str, name: str, field: str, fault: str) -> ContractError:
    line = line_of(text, field.split("[", maxsplit=1)[0])
    return ContractError(f"fusion file {name}, line {line}, {field or 'top'}: {fault}; {_HINT}")


def line_of(text: str, field: str) -> int:
    """Return the line, from 1, of ``table.key`` in a TOML text: of the key, else of its table, else the first."""
    table, _, key = field.rpartition(".")
    current, of_table = "", 1
    for number, line in enumerate(text.splitlines(), start=1):
        if head := re.match(r"\s*\[([^\[\]]+)\]", line):
            current = head[1].strip()
            of_table = number if current in {field, table} else of_table
        elif current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return of_table


def rule_of(found: FusionFile) -> Rule:
    """Make a checked file ready."""
    present = found.modality.present()
    levels, news2 = found.levels, _term("news2", found.modality.news2)
    said = tuple(news2.evidence(float(score)) for score in range(HIGHEST + 1))
    sizes = tuple(map(news2.size, said))
    edges: dict[Level, float] = {
        "low-medium": logit(levels.low_medium / 100),
        "medium": logit(levels.medium / 100),
        "high": logit(levels.high / 100),
    }
    digest = blake2b(msgspec.json.encode(found), digest_size=5).hexdigest()
    return Rule(
        version=f"{KIND}-{digest}",
        file=found,
        terms={(one.model, one.finding): _term(name, one) for name, one in present},
        models=frozenset(one.model for _, one in present),
        order=tuple(name for name, _ in sorted(present, key=lambda one: one[1].reaches or 0.0)),
        counting=tuple(name for name, one in present if one.weight),
        news2_said=said,
        news2_sizes=sizes,
        news2_holds={level: _holds(level, edge, sizes) for level, edge in edges.items()},
        edges=edges,
    )


def _holds(level: Level, edge: float, sizes: Sequence[float]) -> int:
    return min(max(bisect_left(sizes, edge), TRIGGERS["medium"]), TRIGGERS.get(level, HIGHEST + 1))


def _term(name: str, one: Modality) -> Term:
    return Term(
        name=name,
        model=one.model,
        weight=one.weight,
        up=one.raises_at_most,
        down=one.lowers_at_most,
        half_life_ms=math.inf if one.half_life_h is None else one.half_life_h * HOUR,
        ceiling=math.inf if one.reaches is None else logit(one.reaches / 100),
        prior=0.0 if one.prior is None else logit(one.prior),
        anchors=Anchors(*zip(*one.anchors, strict=True)) if one.anchors else None,
    )


DEFAULT_TEXT = files("streams.fusion").joinpath("fusion.toml").read_text("utf-8")
DEFAULT = parse(DEFAULT_TEXT, "fusion.toml")
"""Of the expert priors that come with CardioStream."""
