"""Units of measurement to the vocabulary's: one affine conversion per way of writing a unit, worked out once.

The arithmetic is the library's (ucumvert over pint); ``streams/units.toml`` holds what a library cannot know.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec

from streams.errors import RejectedMessage
from streams.vocabulary import MDC, QUANTITIES, quantity

UCUM = "http://unitsofmeasure.org"
_PRINTABLE = re.compile(r"[A-Za-z0-9%/.*^\[\]{}()°µμ' _+\-]{1,32}")
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_LONGEST, _LONGEST_ALL = 40, 256
_SPAN = 1024.0
"""Distance of the two points a conversion is measured at; a power of two costs no digits."""


class _Substance(msgspec.Struct, frozen=True):
    code: str
    mass: float
    valence: int = 0


class _Table(msgspec.Struct, frozen=True):
    atoms: dict[str, list[str]]
    aliases: dict[str, str]
    dimensionless: dict[str, dict[str, float]]
    mdc: dict[str, str]
    substance: list[_Substance]


class Conversion(NamedTuple):
    """A value in the vocabulary's unit is ``scale * value + offset``."""

    scale: float
    offset: float

    def apply(self, value: float) -> float:
        """Convert one value; twelve significant digits, so that 98.6 [degF] is 37 Cel and not 37.00000000000001."""
        if self == IDENTITY:
            return value
        return float(f"{self.scale * value + self.offset:.12g}")


IDENTITY = Conversion(1.0, 0.0)
_TABLE = msgspec.convert(tomllib.loads(files("streams").joinpath("units.toml").read_text("utf-8")), _Table)
_SUBSTANCES = {substance.code: substance for substance in _TABLE.substance}


def _grammar(atoms: dict[str, list[str]]) -> re.Pattern[str]:
    metric, plain, prefixes = ("|".join(map(re.escape, atoms[key])) for key in ("metric", "plain", "prefixes"))
    atom = rf"(?:{plain}|(?:{prefixes})?(?:{metric}))(?:-?[1-3])?"
    factor = r"10{0,6}|10[*^]-?[0-9]{1,2}"
    return re.compile(rf"/?(?:{atom}|{factor})(?:[./](?:{atom}|{factor})){{0,3}}")


_GRAMMAR = _grammar(_TABLE.atoms)


@cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()


def _measured(unit: str) -> Any:
    """Return one of a UCUM unit as the library's quantity; ValueError where it is outside of our part of UCUM."""
    if not _GRAMMAR.fullmatch(unit):
        raise ValueError("not a unit of these quantities")
    return _registry().from_ucum(unit)


def _affine(given: Any, wanted: Any) -> Conversion:
    registry = _registry()

    def at(value: float) -> float:
        return float(registry.Quantity(value * given.magnitude, given.units).to(wanted.units).magnitude)

    offset = at(0.0) / wanted.magnitude
    return Conversion((at(_SPAN) / wanted.magnitude - offset) / _SPAN, offset)


def _through_substance(given: Any, wanted: Any, unit: str, substance: _Substance) -> Conversion:
    """Convert between mass and amount of a substance by its molar mass, and from charges by its valence."""
    molar = _registry().from_ucum("g/mol") * substance.mass
    if "eq" in unit:
        if not substance.valence:
            raise ValueError("a substance without charge")
        given = given / substance.valence
    if given.dimensionality != wanted.dimensionality:
        given = given * molar if "[substance]" in given.dimensionality else given / molar
    return _affine(given, wanted)


@lru_cache(maxsize=4096)
def _ucum(code: str, unit: str) -> Conversion | None:
    """Work out the conversion from a UCUM unit to the vocabulary's for `code`; None where there is none."""
    wanted_unit = quantity(code).unit
    if unit == wanted_unit:
        return IDENTITY
    if wanted_unit in _TABLE.dimensionless:
        factor = _TABLE.dimensionless[wanted_unit].get(unit)
        return None if factor is None else Conversion(factor, 0.0)
    unit = _ANNOTATION.sub("", unit)
    if unit == wanted_unit:
        return IDENTITY
    try:
        given, wanted = _measured(unit), _measured(wanted_unit)
        if code in _SUBSTANCES:
            return _through_substance(given, wanted, unit, _SUBSTANCES[code])
        return _affine(given, wanted)
    except Exception:  # the library raises many kinds; each means that it cannot be converted
        return None


def _spelled(code: str, text: str) -> Conversion | None:
    """Find the conversion of a unit however it is spelled: local aliases first, then UCUM itself."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    alias = _TABLE.aliases.get(text) or (_TABLE.aliases.get(text.lower()) if len(text) > 1 else None)
    found = _ucum(code, alias) if alias else None
    return found or _ucum(code, text)


def _meant(code: str, system: str | None, unit_code: str | None, unit: str | None) -> tuple[Conversion | None, str]:
    """Return the conversion and the text it was read from: the coded unit before the words for it."""
    if system == MDC and unit_code:
        return _spelled(code, _TABLE.mdc.get(unit_code, unit or "")), unit or unit_code
    if unit_code and (system == UCUM or not unit):
        return _spelled(code, unit_code), unit_code
    return _spelled(code, unit or ""), unit or ""


def _shown(unit: str) -> str:
    return unit if _PRINTABLE.fullmatch(unit) else "a unit that cannot be shown"


@lru_cache(maxsize=4096)
def _resolved(code: str, system: str | None, unit_code: str | None, unit: str | None) -> Conversion | tuple[str, str]:
    wanted = quantity(code).unit
    if not (unit_code or unit) and "" not in _TABLE.dimensionless.get(wanted, {}):
        return "unit-missing", "none"
    found, text = _meant(code, system, unit_code, unit)
    if found is None:
        return "unit", _shown(text)
    # The words must not say another unit than the code does: one of them is wrong, and which cannot be known.
    words = _spelled(code, unit) if unit else None
    if words is not None and words != found and wanted not in _TABLE.dimensionless:
        return "unit-conflict", f"{_shown(text)} beside {_shown(unit or '')}"
    return found


def conversion(code: str, system: str | None, unit_code: str | None, unit: str | None, field: str) -> Conversion:
    """Return the conversion of a FHIR Quantity's unit to the vocabulary's unit for the LOINC `code`.

    Parameters
    ----------
    system, unit_code, unit
        ``Quantity.system``, ``.code`` and ``.unit``. UCUM and IEEE 11073 codes come before the words in `unit`; a code
        of any other system does not count beside words.

    Raises
    ------
    RejectedMessage
        ``unit-missing``, ``unit`` (unknown, or of another dimension) or ``unit-conflict`` (code and words disagree).
    """
    if len(unit or "") + len(unit_code or "") + len(system or "") > _LONGEST_ALL:  # not worth a place in the cache
        raise RejectedMessage("unit", field, f"a unit that converts to {quantity(code).unit}", _shown(unit or ""))
    found = _resolved(code, system, unit_code, unit)
    if isinstance(found, Conversion):
        return found
    reason, received = found
    raise RejectedMessage(reason, field, f"a unit that converts to {quantity(code).unit}", received)


def warm_up() -> None:
    """Load the unit library ahead of the first message that needs it (about a second)."""
    for each in QUANTITIES:
        _spelled(each.code, "[degF]" if each.unit == "Cel" else each.unit)
