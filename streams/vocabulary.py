"""The clinical quantities the system understands: codes, units and possible ranges, read from one table."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files

import msgspec

LOINC = "http://loinc.org"
MDC = "urn:iso:std:iso:11073:10101"
_PREFIXES = {"loinc": LOINC, "mdc": MDC}
_OIDS = {LOINC: "urn:oid:2.16.840.1.113883.6.1", MDC: "urn:oid:2.16.840.1.113883.6.24"}
"""The same code systems as older interfaces name them (HL7 OID registry)."""


class Quantity(msgspec.Struct, frozen=True):
    """One clinical quantity under its canonical LOINC code."""

    code: str
    name: str
    unit: str
    """UCUM."""
    low: float
    high: float
    """Physiologically possible range in `unit`, inclusive."""
    kind: str
    """vital, consciousness, oxygen, body or lab."""
    range: str
    """Where the range comes from."""
    aliases: tuple[str, ...]

    def plausible(self, value: float) -> bool:
        """Tell whether a living patient can have this value; NaN never."""
        return math.isfinite(value) and self.low <= value <= self.high


_TABLE = tomllib.loads(files("streams").joinpath("vocabulary.toml").read_text("utf-8"))

QUANTITIES: tuple[Quantity, ...] = msgspec.convert(_TABLE["quantity"], tuple[Quantity, ...])
INDEX: dict[str, int] = {q.code: i for i, q in enumerate(QUANTITIES)}
"""Canonical LOINC code to its row in `QUANTITIES`."""


def _aliases() -> dict[tuple[str, str], str]:
    table = {(LOINC, q.code): q.code for q in QUANTITIES}
    for q in QUANTITIES:
        for alias in q.aliases:
            prefix, code = alias.split(":", 1)
            table[_PREFIXES[prefix], code] = q.code
    return table | {(_OIDS[system], code): canonical for (system, code), canonical in table.items()}


CANONICAL: dict[tuple[str, str], str] = _aliases()
"""(code system, code) to canonical LOINC code."""

PANELS: frozenset[tuple[str, str]] = frozenset(
    (system, panel["code"]) for panel in _TABLE["panel"] for system in (LOINC, _OIDS[LOINC])
)
"""(code system, code) of Observations that only hold others: their values stand in components or members."""


def quantity(code: str) -> Quantity:
    """Return the quantity of a canonical LOINC `code`; KeyError where there is none."""
    return QUANTITIES[INDEX[code]]
