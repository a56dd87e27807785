"""What a model lacked, in clinical words: which quantity, how old it is, how fresh it has to be."""

from __future__ import annotations

import math
from collections.abc import Iterable

from streams.publish.terms import ModelTerms
from streams.records import Prediction
from streams.vocabulary import quantity


def shortfall(prediction: Prediction, terms: ModelTerms) -> str:
    """Say what was missing, too old or too few; empty where nothing was, and for a film or note as a whole.

    The machine-readable counterparts are `Prediction.reasons`; the age comes from its inputs.
    """
    if prediction.study:
        # ``stale:study`` and its like name no quantity.
        return ""
    return "; ".join(filter(None, _parts(prediction, terms)))


def _parts(prediction: Prediction, terms: ModelTerms) -> Iterable[str]:
    ages = {used.code: used.newest_age_s for used in prediction.inputs}
    for reason in prediction.reasons:
        kind, _, code = reason.partition(":")
        if kind == "missing":
            yield f"no {_named(code)}{_needed(code, terms)}"
        elif kind == "stale":
            old = f" {_span(ages[code])} old" if code in ages else " too old"
            yield f"{_named(code)}{old}{_needed(code, terms)}"
        elif kind == "too-few":
            yield f"too few values{', needed ' + terms.least if terms.least else ''}"


def _named(code: str) -> str:
    return f"{quantity(code).name} ({code})"


def _needed(code: str, terms: ModelTerms) -> str:
    fresh_s = dict(terms.fresh_s).get(code)
    return "" if fresh_s is None else f", needed within {_span(fresh_s)}"


def _span(seconds: float) -> str:
    """Return a span in whole minutes, rounded up: a value is never called younger than it is."""
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"
