"""What a judgement is made of, as extensions of its RiskAssessment: contributions, conflict, what would change it.

Their words stand in the rationale (`streams.publish.rationale`), once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from streams.publish import terms
from streams.records import Change, Contribution, RiskScore

Extension = dict[str, Any]
_UNITS: dict[str, Extension] = {unit: {"url": "unit", "valueCode": unit} for unit in ("log-odds", "points")}


def contributions(those: Sequence[Contribution]) -> list[Extension]:
    """Write what each part did to one judgement (`terms.CONTRIBUTION`)."""
    return [{"url": terms.CONTRIBUTION, "extension": _parts(one)} for one in those]


def parts_of_whole(score: RiskScore) -> list[Extension]:
    """Write index, contributions and what else is to be said of the whole; each where there is any."""
    found: list[Extension] = [] if score.index is None else [{"url": terms.INDEX, "valueDecimal": score.index}]
    found += contributions(score.contributions)
    if score.held:
        found.append({"url": terms.HELD, "valueBoolean": True})
    if score.conflict:
        pair = zip(("raises", "lowers"), score.conflict, strict=True)
        found.append({"url": terms.CONFLICT, "extension": [{"url": url, "valueString": one} for url, one in pair]})
    found += map(_missing, score.missing)
    return found + [{"url": terms.WOULD_CHANGE, "extension": _change(one)} for one in score.would_change]


@cache
def _missing(name: str) -> Extension:
    return {"url": terms.MISSING, "valueString": name}


def _parts(one: Contribution) -> list[Extension]:
    found: list[Extension] = [
        {"url": "name", "valueString": one.name},
        {"url": "model", "valueString": one.model},
        {"url": "size", "valueDecimal": one.size},
        _UNITS[one.unit],
    ]
    if one.evidence is not None:
        found.append({"url": "evidence", "valueDecimal": one.evidence})
    return found


def _change(one: Change) -> list[Extension]:
    return [
        {"url": "level", "valueCode": one.level},
        {"url": "name", "valueString": one.name},
        {"url": "model", "valueString": one.model},
        {"url": "value", "valueDecimal": one.value},
    ]
