"""Predictions to evidence: which of them count, how old they are, and what each says in log-odds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.clock import Instant
from streams.fusion.rule import Rule, Term
from streams.fusion.schema import VITAL
from streams.records import Prediction

NEWS2 = "news2"


class Voice(NamedTuple):
    """One modality that is heard."""

    term: Term
    prediction: Prediction
    said: float
    """Log-odds against the prior, before fading."""
    fading: float
    """1 for evidence of this instant, a half at its half-life."""
    size: float
    """Weighted and within the bounds: what it would do to the log-odds."""


def voices(predictions: Iterable[Prediction], as_of: Instant, rule: Rule) -> list[Voice]:
    """Return what counts of one patient's predictions, one for each modality, those without a ceiling first.

    A prediction without a value says nothing. One of vital signs counts as it stands; a partial NEWS2, a lower bound,
    only raises. Slow evidence counts where it is ``ok`` and carries no remark. Of several for one modality the newest
    counts, of one instant the more worried.
    """
    newest: dict[str, tuple[Term, Prediction]] = {}
    for one in predictions:
        term = rule.terms.get((one.model, one.finding))
        if term is None or one.value is None or not _counts(term, one):
            continue
        known = newest.get(term.name)
        if known is None or _order(one) > _order(known[1]):
            newest[term.name] = term, one
    return [_voice(*newest[name], as_of) for name in rule.order if name in newest]


def _counts(term: Term, one: Prediction) -> bool:
    return term.name in VITAL or (one.status == "ok" and not one.reasons)


def _order(one: Prediction) -> tuple[Instant, float, str]:
    return one.as_of, one.value or 0.0, one.version


def _voice(term: Term, one: Prediction, as_of: Instant) -> Voice:
    fading = 1.0 if one.as_of == as_of else 0.5 ** (abs(as_of - one.as_of) / term.half_life_ms)
    said = term.evidence(one.value or 0.0)
    if one.model == NEWS2 and one.status != "ok":
        said = max(said, 0.0)
    return Voice(term, one, said, fading, term.size(said * fading))
