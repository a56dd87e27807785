"""Values of Observations and components to measures in the vocabulary's units."""

from __future__ import annotations

import math

from streams.errors import RejectedMessage
from streams.normalise.answers import answered
from streams.normalise.parts import Part, Parts, has_value
from streams.normalise.shapes import Quantity
from streams.normalise.units import conversion
from streams.records import Measure, Skip
from streams.vocabulary import CODED


def measure(part: Part, component: str) -> Measure | Skip:
    """Read one result as a measure under its component key, or tell why it is none.

    Whether a living patient can have the value is not asked here: it stays a fact either way.

    Raises
    ------
    RejectedMessage
        ``value``, ``value-conflict``, ``unit``, ``unit-missing`` or ``unit-conflict``.
    """
    content = part.content
    quantity = content.value_quantity
    if content.data_absent_reason is not None:
        return Skip("data-absent", part.code)
    if part.code in CODED:
        return answered(part, component)
    if quantity is None:
        return _without_quantity(part, component)
    if content.value_integer is not None:
        raise RejectedMessage("value-conflict", f"{part.field}.value[x]", "one value", "a Quantity and an integer")
    if quantity.comparator is not None:
        return Skip("comparator", part.code)
    if quantity.value is None:
        return Skip("data-absent", part.code)
    return _converted(part, component, quantity, f"{part.field}.valueQuantity")


def _without_quantity(part: Part, component: str) -> Measure | Skip:
    given = part.content.value_integer
    if given is not None:
        return _converted(part, component, Quantity(value=given), f"{part.field}.valueInteger")
    return Skip("value-type" if has_value(part.content) else "data-absent", part.code)


def _converted(part: Part, component: str, quantity: Quantity, field: str) -> Measure:
    value = _number(quantity.value, field)
    found = conversion(part.code, quantity.system, quantity.code, quantity.unit, field)
    converted = found.apply(value)
    if not math.isfinite(converted):
        raise _not_finite(field)
    return Measure(component, part.code, converted)


def _number(value: object, field: str) -> float:
    if type(value) is float:
        number = value
    elif type(value) is int:
        number = float(value) if abs(value) < _TOO_LARGE else math.inf
    else:
        raise RejectedMessage("value", f"{field}", "a JSON number", f"a JSON {_KINDS.get(type(value), 'object')}")
    if not math.isfinite(number):
        raise _not_finite(field)
    return number


def _not_finite(field: str) -> RejectedMessage:
    return RejectedMessage("value", field, "a number that fits a double", "a number beyond that")


_TOO_LARGE = 10**308
_KINDS: dict[type, str] = {str: "string", bool: "boolean", list: "array"}


def measures(parts: Parts) -> tuple[Measure, ...]:
    """Read all results that are used; what is no measure is added to the skips and rejections of `parts`."""
    found: list[Measure] = []
    seen: dict[str, int] = {}
    for part in parts.used:
        count = seen[part.code] = seen.get(part.code, 0) + 1
        try:
            result = measure(part, part.code if count == 1 else f"{part.code}#{count}")
        except RejectedMessage as rejected:
            parts.rejected.append(rejected)
            continue
        if isinstance(result, Skip):
            parts.skips.append(result)
        else:
            found.append(result)
    return tuple(found)
