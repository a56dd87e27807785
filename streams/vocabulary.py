"""The clinical quantities the system understands: codes, units and possible ranges, read from one table."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files

import msgspec

LOINC = "http://loinc.org"
MDC = "urn:iso:std:iso:11073:10101"
_PREFIXES = {"loinc": LOINC, "mdc": MDC}


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


def _load() -> tuple[Quantity, ...]:
    table = tomllib.loads(files("streams").joinpath("vocabulary.toml").read_text("utf-8"))
    return tuple(msgspec.convert(row, Quantity) for row in table["quantity"])


QUANTITIES: tuple[Quantity, ...] = _load()
INDEX: dict[str, int] = {q.code: i for i, q in enumerate(QUANTITIES)}
"""Canonical LOINC code to its row in `QUANTITIES`."""


def _aliases() -> dict[tuple[str, str], str]:
    table = {(LOINC, q.code): q.code for q in QUANTITIES}
    for q in QUANTITIES:
        for alias in q.aliases:
            prefix, code = alias.split(":", 1)
            table[_PREFIXES[prefix], code] = q.code
    return table


CANONICAL: dict[tuple[str, str], str] = _aliases()
"""(code system, code) to canonical LOINC code."""


def quantity(code: str) -> Quantity:
    """Return the quantity of a canonical LOINC `code`; KeyError where there is none."""
    return QUANTITIES[INDEX[code]]
