"""Why an assessment was published again: the Provenance inside a corrected RiskAssessment."""

from __future__ import annotations

from collections import Counter
from typing import Any

from streams.clock import isoformat
from streams.identity import reference_to
from streams.publish.terms import BASE, fusion_terms
from streams.records import CorrectionKind, RiskScore

REST = f"{BASE}:corrections-rest"
"""On the Provenance: how many corrected facts are not listed (valueInteger); absent where all are."""
ACTIVITY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation", "code": "UPDATE"}]}
_WORDS: dict[CorrectionKind, str] = {
    "replaced": "replaced by a newer version",
    "withdrawn": "withdrawn",
    "moved": "moved to another patient",
}


def provenance(score: RiskScore) -> dict[str, Any]:
    """Write the R4 Provenance (hl7.org/fhir/R4/provenance.html) of a corrected assessment, contained in it.

    Its target is the assessment around it (``#``), which is also the reference that dom-3 asks for. `recorded` is when
    the newest correction was stored (``meta.lastUpdated``), the assessment's own instant where none says it.
    """
    written: dict[str, Any] = {
        "resourceType": "Provenance",
        "id": "correction",
        "target": [{"reference": "#"}],
        "recorded": isoformat(max((one.last_updated for one in score.corrections), default=0) or score.as_of),
        "reason": [{"text": _reason(score)}],
        "activity": ACTIVITY,
        "agent": [{"who": {"reference": f"Device/{fusion_terms(score.fusion).device_id}"}}],
    }
    if score.corrections:
        written["entity"] = [
            {"role": "revision", "what": {"reference": reference_to(one.resource_id), "display": _WORDS[one.kind]}}
            for one in score.corrections
        ]
    if (rest := score.corrections_count - len(score.corrections)) > 0:
        written["extension"] = [{"url": REST, "valueInteger": rest}]
    return written


def _reason(score: RiskScore) -> str:
    kinds = Counter(one.kind for one in score.corrections)
    parts = [f"{kinds[kind]} {words}" for kind, words in _WORDS.items() if kinds[kind]]
    if (rest := score.corrections_count - len(score.corrections)) > 0:
        parts.append(f"{rest} more")
    facts = "1 fact was" if score.corrections_count == 1 else f"{score.corrections_count} facts were"
    return f"{facts} corrected: {', '.join(parts)}." if parts else "Facts were corrected."
