"""Codes of Observations and components to the vocabulary's."""

from __future__ import annotations

import re

from streams.errors import RejectedMessage
from streams.normalise.shapes import CodeableConcept
from streams.vocabulary import CANONICAL, LOINC, MDC, PANELS, SNOMED

_SHAPES: dict[str | None, tuple[str, re.Pattern[str]]] = {
    LOINC: ("", re.compile(r"[1-9][0-9]{0,6}-[0-9]")),
    MDC: ("mdc|", re.compile(r"[1-9][0-9]{3,7}")),
    SNOMED: ("sct|", re.compile(r"[1-9][0-9]{2,14}[01]0[0-9]")),
}
"""Code systems whose codes may be counted by name, and what their codes look like."""


def canonical(concept: CodeableConcept, field: str) -> str | None:
    """Return the vocabulary's code of a concept, None where it is not one of ours.

    Raises
    ------
    RejectedMessage
        ``code-conflict`` where its codings name different quantities.
    """
    found: str | None = None
    for coding in concept.coding or ():
        code = CANONICAL.get((coding.system, coding.code))  # type: ignore[arg-type]
        if code is None or code == found:
            continue
        if found is not None:
            raise RejectedMessage("code-conflict", f"{field}.code", "codings of one quantity", f"{found} and {code}")
        found = code
    return found


def is_panel(concept: CodeableConcept) -> bool:
    """Tell whether the concept names a panel, whose values stand in components or members."""
    return any((coding.system, coding.code) in PANELS for coding in concept.coding or ())


def _check_digit_holds(loinc: str) -> bool:
    """Check a LOINC code's last digit (mod 10, LOINC Users' Guide, appendix on check digits)."""
    digits = [int(digit) for digit in reversed(loinc.replace("-", ""))]
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0


def label(concept: CodeableConcept) -> str:
    """Name an unused concept for a counter: its first well-formed LOINC, MDC or SNOMED CT code, else nothing.

    A local code or a text may hold anything, so neither is ever shown.
    """
    for coding in concept.coding or ():
        prefix, shape = _SHAPES.get(coding.system, ("", None))
        if shape is None or coding.code is None or not shape.fullmatch(coding.code):
            continue
        if coding.system != LOINC or _check_digit_holds(coding.code):
            return prefix + coding.code
    return ""
