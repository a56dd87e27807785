"""What a RiskAssessment says in words: each model's judgement, and the whole's."""

from __future__ import annotations

from streams.publish.points import in_points
from streams.publish.shortfall import shortfall
from streams.publish.terms import ModelTerms
from streams.records import Prediction, RiskScore


def rationale_of(prediction: Prediction, terms: ModelTerms) -> str:
    """Say in words what one model found; a probability is repeated as a percentage, as R4 asks.

    Where something was missing it is named in clinical words after the machine-readable reasons.
    """
    lacking = shortfall(prediction, terms)
    lacked = f" Not enough: {lacking}." if lacking else ""
    if prediction.value is None:
        why = ", ".join(prediction.reasons) or "no reason given"
        return f"{prediction.model} {prediction.version}: {prediction.status} ({why}).{lacked}"
    value = prediction.value
    found = f"probability {100 * value:.1f} %" if terms.probability else f"score {value:.0f}"
    if prediction.unit:
        found = f"{prediction.finding} {value:.2f}{'' if prediction.unit == '1' else ' ' + prediction.unit}"
    remark = f" ({', '.join(prediction.reasons)})" if prediction.reasons else ""
    made_of = "; ".join(one.words for one in prediction.contributions)
    made = f" Made of: {made_of}." if made_of else ""
    return f"{prediction.model} {prediction.version}: {found}, level {prediction.level}{remark}.{made}{lacked}"


def rationale_of_whole(score: RiskScore) -> str:
    """Say in words what the fused index is, what it is made of, what would change it, and what it is not."""
    if score.silent:
        return "Indeterminate: nothing new for so long that no earlier judgement stands."
    if score.index is None:
        return f"Indeterminate: no usable prediction ({', '.join(score.reasons) or 'no reason given'})."
    made_of = "; ".join(one.words for one in score.contributions)
    parts = [f"Index {in_points(score.index)} of 100, level {score.level}; not a probability. Made of: {made_of}."]
    if score.held:
        parts.append("NEWS2 alone holds it there: no other judgement may lower it further.")
    if score.conflict:
        parts.append(f"In conflict: {score.conflict[0]} raises, {score.conflict[1]} lowers.")
    if score.missing:
        parts.append(f"Nothing known of: {', '.join(score.missing)}.")
    if score.would_change:
        parts.append(f"It would be {'; '.join(one.words for one in score.would_change)}.")
    if score.degraded:
        parts.append("A learned model could not be asked.")
    if score.stale:
        parts.append("Stale: nothing new for longer than the site allows.")
    return " ".join(parts)
