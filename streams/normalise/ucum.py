"""The part of UCUM that our quantities are measured in: sizes and dimensions of units.

The sizes are the library's (ucumvert over pint), asked once for each of some 200 parts; a unit is multiplied together
from them here, because the library takes milliseconds for a unit and a hostile message could name thousands.
``streams/units.toml`` holds what a library cannot know.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec


class Substance(msgspec.Struct, frozen=True):
    """What is needed to tell an amount of a substance from its mass."""

    code: str
    mass: float
    """g/mol."""
    valence: int = 0
    """Charges per particle; 0 where it is not stated in equivalents."""


class _Table(msgspec.Struct, frozen=True):
    atoms: dict[str, list[str]]
    aliases: dict[str, str]
    dimensionless: dict[str, dict[str, float]]
    mdc: dict[str, str]
    substance: list[Substance]


class Size(NamedTuple):
    """One of a unit, in the library's base units."""

    factor: float
    dimensions: frozenset[tuple[str, float]]
    equivalents: bool
    """Whether it counts charges (eq)."""


TABLE = msgspec.convert(tomllib.loads(files("streams").joinpath("units.toml").read_text("utf-8")), _Table)


def _alternatives(*parts: str) -> str:
    return "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True))


def _atom_pattern(atoms: dict[str, list[str]]) -> str:
    metric, plain, prefixes = (_alternatives(*atoms[key]) for key in ("metric", "plain", "prefixes"))
    return rf"(?:{plain}|(?:{prefixes})?(?:{metric}))"


_TERM = rf"(?:10[*^]-?[0-9]{{1,2}}|10{{0,6}}|{_atom_pattern(TABLE.atoms)}(?:-?[1-3])?)"
_UNIT = re.compile(rf"/?{_TERM}(?:[./]{_TERM}){{0,3}}")
_FACTORS = re.compile(r"([./]?)([^./]+)")
_NUMBER = re.compile(r"10{0,6}|10[*^](-?[0-9]{1,2})")
_POWER = re.compile(rf"({_atom_pattern(TABLE.atoms)})(-?[1-3])?")


@cache
def registry() -> Any:
    """Return the unit library; loading it takes half a second, so it is only loaded where a unit must be converted."""
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()


@cache
def _atom(symbol: str) -> tuple[float, dict[str, float]]:
    base = registry().from_ucum(symbol).to_base_units()
    return float(base.magnitude), {str(name): float(power) for name, power in base.dimensionality.items()}


def size(unit: str) -> Size | None:
    """Measure a UCUM unit without annotations, left to right; None where it is outside of our part of UCUM."""
    if not _UNIT.fullmatch(unit):
        return None
    factor, dimensions = 1.0, dict[str, float]()
    for operator, term in _FACTORS.findall(unit):
        sign = -1 if operator == "/" else 1
        if number := _NUMBER.fullmatch(term):
            factor *= (10.0 ** int(number[1]) if number[1] else float(term)) ** sign
            continue
        symbol, power = _split(term)
        one, powers = _atom(symbol)
        factor *= one ** (power * sign)
        for name, count in powers.items():
            dimensions[name] = dimensions.get(name, 0.0) + count * power * sign
    return Size(factor, frozenset((name, n) for name, n in dimensions.items() if n), "eq" in unit)


def _split(term: str) -> tuple[str, int]:
    match = _POWER.fullmatch(term)
    assert match is not None, "a term of the grammar"
    return match[1], int(match[2] or 1)


def through_substance(given: Size, wanted: Size, substance: Substance) -> Size | None:
    """Turn a concentration by amount into one by mass, or the other way, as `wanted` has it."""
    if given.equivalents:
        if not substance.valence:
            return None
        given = given._replace(factor=given.factor / substance.valence)
    if given.dimensions == wanted.dimensions:
        return given
    mass, amount = _atom("g"), _atom("mol")
    molar = substance.mass * mass[0] / amount[0]
    by_mass, by_amount = _concentration(mass[1]), _concentration(amount[1])
    if (given.dimensions, wanted.dimensions) == (by_amount, by_mass):
        return Size(given.factor * molar, by_mass, False)
    if (given.dimensions, wanted.dimensions) == (by_mass, by_amount):
        return Size(given.factor / molar, by_amount, False)
    return None


def _concentration(powers: dict[str, float]) -> frozenset[tuple[str, float]]:
    return frozenset([*powers.items(), *((name, -n) for name, n in _atom("L")[1].items())])
