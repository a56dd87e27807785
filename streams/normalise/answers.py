"""Results that are given in codes: consciousness as ACVPU, air or oxygen."""

from __future__ import annotations

import msgspec

from streams.errors import RejectedMessage
from streams.normalise.parts import Part, has_value
from streams.normalise.shapes import CodeableConcept, Component
from streams.records import Measure, Skip
from streams.vocabulary import ANSWERS


def answered(part: Part, component: str) -> Measure | Skip:
    """Read one coded result as the number that the vocabulary gives it.

    A finding says it by itself: "Breathing room air" needs no value, and one beside it cannot be told the meaning of.
    "Patient on oxygen" may come with yes, no, or the flow or share (UK Core Inspired Oxygen). An answer that is not in
    the table, and a number without such a finding, is a skip ``value-type``.

    Raises
    ------
    RejectedMessage
        ``value-conflict`` where the codings of the value mean different answers.
    """
    content = part.content
    finding = _finding(content, part.code)
    if content.value_codeable_concept is None:
        number = finding if _says_no_more(content, finding) else None
    else:
        number = None if finding == 0 else _number(content.value_codeable_concept, part)
    if number is None:
        return Skip("value-type" if has_value(content) else "data-absent", part.code)
    return Measure(component, part.code, number)


def _finding(content: Component, quantity: str) -> float | None:
    """Return the number of the Observation's own code where that is an answer already."""
    for coding in (content.code.coding if content.code else None) or ():
        found = ANSWERS.get((coding.system or "", coding.code or ""))
        if found is not None and found.finding and found.quantity == quantity:
            return found.number
    return None


def _says_no_more(content: Component, finding: float | None) -> bool:
    return not has_value(content) or (finding == 1 and content.value_quantity is not None)


def _number(value: object, part: Part) -> float | None:
    try:
        concept = msgspec.convert(value, CodeableConcept)
    except msgspec.ValidationError:
        return None
    found = [ANSWERS.get((coding.system or "", coding.code or "")) for coding in concept.coding or ()]
    numbers = {answer.number for answer in found if answer is not None and answer.quantity == part.code}
    if len(numbers) > 1:
        field = f"{part.field}.valueCodeableConcept"
        raise RejectedMessage("value-conflict", field, "codings of one answer", "codings of different answers")
    return numbers.pop() if numbers else None
