"""Units of measurement to the vocabulary's: one affine conversion per way of writing a unit, worked out once."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from streams.errors import RejectedMessage
from streams.normalise.ucum import TABLE, Size, Substance, registry, size, through_substance
from streams.vocabulary import MDC, QUANTITIES, quantity

UCUM = "http://unitsofmeasure.org"
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_LONGEST, _LONGEST_ALL = 40, 256
_SPAN = 1024.0
"""Distance of the two points a conversion is measured at; a power of two costs no digits."""


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
UNKNOWN = "a unit that is not known"
_SUBSTANCES = {substance.code: substance for substance in TABLE.substance}


@cache
def _temperature(unit: str) -> Conversion:
    """Measure a temperature scale at two points, for its zero is not that of Celsius."""
    library = registry()
    given, wanted = library.from_ucum(unit).units, library.from_ucum("Cel").units
    zero, far = (float(library.Quantity(value, given).to(wanted).magnitude) for value in (0.0, _SPAN))
    return Conversion((far - zero) / _SPAN, zero)


@lru_cache(maxsize=4096)
def _ucum(code: str, unit: str) -> Conversion | None:
    """Work out the conversion from a UCUM unit to the vocabulary's for `code`; None where there is none."""
    wanted_unit = quantity(code).unit
    if unit == wanted_unit:
        return IDENTITY
    if wanted_unit in TABLE.dimensionless:
        factor = TABLE.dimensionless[wanted_unit].get(unit)
        return None if factor is None else Conversion(factor, 0.0)
    if wanted_unit == "Cel":
        return _temperature(unit) if unit in TABLE.atoms["temperature"] else None
    unit = _ANNOTATION.sub("", unit)
    if unit == wanted_unit:
        return IDENTITY
    return _linear(size(unit), size(wanted_unit), _SUBSTANCES.get(code))


def _linear(given: Size | None, wanted: Size | None, substance: Substance | None) -> Conversion | None:
    if given is None or wanted is None:
        return None
    if substance is not None:
        given = through_substance(given, wanted, substance)
    if given is None or given.dimensions != wanted.dimensions:
        return None
    return Conversion(float(f"{given.factor / wanted.factor:.14g}"), 0.0)


def _spelled(code: str, text: str) -> Conversion | None:
    """Find the conversion of a unit however it is spelled: local aliases first, then UCUM itself."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    alias = TABLE.aliases.get(text) or (TABLE.aliases.get(text.lower()) if len(text) > 1 else None)
    found = _ucum(code, alias) if alias else None
    return found or _ucum(code, text)


def _meant(code: str, system: str | None, unit_code: str | None, unit: str | None) -> tuple[Conversion | None, str]:
    """Return the conversion and the text it was read from: the coded unit before the words for it."""
    if system == MDC and unit_code:
        return _spelled(code, TABLE.mdc.get(unit_code, unit or "")), unit or unit_code
    if unit_code and (system == UCUM or not unit):
        return _spelled(code, unit_code), unit_code
    return _spelled(code, unit or ""), unit or ""


def _shown(unit: str) -> str:
    """Quote a unit only where it is one: people type names and numbers of patients into any field."""
    text = unit.strip()
    if len(text) > _LONGEST:
        return UNKNOWN
    spelled = text in TABLE.aliases or text.lower() in TABLE.aliases or text in TABLE.atoms["temperature"]
    counted = any(text in units for units in TABLE.dimensionless.values())
    return text if text and (spelled or counted or size(text) is not None) else UNKNOWN


@lru_cache(maxsize=4096)
def _resolved(code: str, system: str | None, unit_code: str | None, unit: str | None) -> Conversion | tuple[str, str]:
    wanted = quantity(code).unit
    if not (unit_code or unit) and "" not in TABLE.dimensionless.get(wanted, {}):
        return "unit-missing", "none"
    found, text = _meant(code, system, unit_code, unit)
    if found is None:
        return "unit", _shown(text)
    # The words must not say another unit than the code does: one of them is wrong, and which cannot be known.
    words = _spelled(code, unit) if unit else None
    if words is not None and words != found and wanted not in TABLE.dimensionless:
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
