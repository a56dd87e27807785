"""The clinical quantities the system understands: codes, units and possible ranges, read from one table."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files
from typing import TypeVar

import msgspec

LOINC = "http://loinc.org"
MDC = "urn:iso:std:iso:11073:10101"
SNOMED = "http://snomed.info/sct"
_PREFIXES = {"loinc": LOINC, "mdc": MDC, "sct": SNOMED}
_OIDS = {
    LOINC: "urn:oid:2.16.840.1.113883.6.1",
    MDC: "urn:oid:2.16.840.1.113883.6.24",
    SNOMED: "urn:oid:2.16.840.1.113883.6.96",
}
"""The same code systems as older interfaces name them (HL7 OID registry)."""


class Quantity(msgspec.Struct, frozen=True):
    """One clinical quantity under its canonical LOINC code, or a name of ours where LOINC has none."""

    code: str
    name: str
    unit: str
    """UCUM."""
    low: float
    high: float
    """Physiologically possible range in `unit`, inclusive."""
    kind: str
    """vital, consciousness, oxygen, body, lab or flag."""
    range: str
    """Where the range comes from."""
    aliases: tuple[str, ...]

    def plausible(self, value: float) -> bool:
        """Tell whether a living patient can have this value; NaN never."""
        return math.isfinite(value) and self.low <= value <= self.high

    @property
    def ours(self) -> bool:
        """Whether the code is a name of ours, which no message can use."""
        return not self.code[0].isdigit()


class Answer(msgspec.Struct, frozen=True):
    """One coded answer and the number it stands for."""

    code: str
    """With its system: ``loinc:...`` or ``sct:...``."""
    quantity: str
    number: float
    name: str
    finding: bool = False
    """Whether the code says it alone: an Observation may have it as its own code and no value."""


class FlagCode(msgspec.Struct, frozen=True):
    """A code of Flag that is read, and the quantity that it sets to 1."""

    system: str
    code: str
    quantity: str


_TABLE = tomllib.loads(files("streams").joinpath("vocabulary.toml").read_text("utf-8"))

QUANTITIES: tuple[Quantity, ...] = msgspec.convert(_TABLE["quantity"], tuple[Quantity, ...])
INDEX: dict[str, int] = {q.code: i for i, q in enumerate(QUANTITIES)}
"""Canonical code to its row in `QUANTITIES`."""


_Entry = TypeVar("_Entry")


def _place(prefixed: str) -> tuple[str, str]:
    prefix, code = prefixed.split(":", 1)
    return _PREFIXES[prefix], code


def _with_oids(table: dict[tuple[str, str], _Entry]) -> dict[tuple[str, str], _Entry]:
    return table | {(_OIDS[system], code): entry for (system, code), entry in table.items()}


def _aliases() -> dict[tuple[str, str], str]:
    table = {(LOINC, q.code): q.code for q in QUANTITIES if not q.ours}
    return _with_oids(table | {_place(alias): q.code for q in QUANTITIES for alias in q.aliases})


CANONICAL: dict[tuple[str, str], str] = _aliases()
"""(code system, code) to canonical code."""

ANSWERS: dict[tuple[str, str], Answer] = _with_oids(
    {_place(answer.code): answer for answer in msgspec.convert(_TABLE["coded"], tuple[Answer, ...])}
)
"""(code system, code) of a coded answer to what it stands for."""

CODED: frozenset[str] = frozenset(answer.quantity for answer in ANSWERS.values())
"""Quantities that are answered in codes alone."""

FLAGS: dict[tuple[str, str], str] = {
    (flag.system, flag.code): flag.quantity for flag in msgspec.convert(_TABLE["flag"], tuple[FlagCode, ...])
}
"""(code system, code) of a Flag to the quantity that it sets to 1."""

PANELS: frozenset[tuple[str, str]] = frozenset(
    (system, panel["code"]) for panel in _TABLE["panel"] for system in (LOINC, _OIDS[LOINC])
)
"""(code system, code) of Observations that only hold others: their values stand in components or members."""


def quantity(code: str) -> Quantity:
    """Return the quantity of a canonical `code`; KeyError where there is none."""
    return QUANTITIES[INDEX[code]]
