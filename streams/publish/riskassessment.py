"""RiskScore to an R4 RiskAssessment in JSON: the fast path, written by ourselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.clock import SECOND, isoformat
from streams.errors import ContractError
from streams.publish import terms
from streams.publish.corrections import provenance
from streams.publish.identity import resource_id
from streams.publish.parts import contributions, parts_of_whole
from streams.publish.rationale import rationale_of, rationale_of_whole
from streams.publish.slow_terms import terms_of_study
from streams.publish.terms import METHODS, NEWS2_TERMS, ModelTerms, fusion_terms
from streams.records import Prediction, RiskScore

_ENCODER = msgspec.json.Encoder()
_METHOD = "CardioStream fusion of learned models and NEWS2"
_SECURITY = [terms.AIAST]


def write(score: RiskScore, models: Mapping[str, ModelTerms], version_id: str) -> bytes:
    """Write one score as FHIR R4 RiskAssessment (hl7.org/fhir/R4/riskassessment.html) JSON.

    One ``prediction`` per model with its own outcome, and a last one for the whole with the level and the index.
    ``probabilityDecimal`` is a percentage 0..100 (ras-2) and stands only where a probability is; every model's exact
    value is in the extension `terms.MODEL`. A corrected one says why in a contained Provenance.

    Parameters
    ----------
    models
        Model name to its words; NEWS2's are known.
    version_id
        From `streams.publish.identity.version_id`.

    Raises
    ------
    ContractError
        Where a prediction of vital signs is of a model that is neither NEWS2 nor in `models`. One of images may be of a
        model that is not here any more.
    """
    when, whole = isoformat(score.as_of), fusion_terms(score.fusion)
    resource: dict[str, Any] = {
        "resourceType": "RiskAssessment",
        "id": resource_id(score.patient_id, score.as_of),
        "meta": {"versionId": version_id, "security": _SECURITY},
        "extension": _extensions(score),
        "status": "corrected" if score.corrected else "final",
        "method": {"coding": [{"system": METHODS, "code": score.fusion}], "text": _METHOD},
        "subject": {"reference": f"Patient/{score.patient_id}"},
        "occurrenceDateTime": when,
        "performer": {"reference": f"Device/{whole.device_id}"},
        "prediction": [
            *(_prediction(p, _terms(p, models), when) for p in score.predictions),
            _whole(score, whole, when),
        ],
    }
    if score.encounter_id:
        resource["encounter"] = {"reference": f"Encounter/{score.encounter_id}"}
    if score.corrected:
        resource["contained"] = [provenance(score)]
    if score.basis:
        resource["basis"] = [{"reference": reference} for reference in score.basis]
    return _ENCODER.encode(resource)


def _terms(prediction: Prediction, models: Mapping[str, ModelTerms]) -> ModelTerms:
    if prediction.study:
        return terms_of_study(prediction, models.get(prediction.model))
    found = NEWS2_TERMS if prediction.model == NEWS2_TERMS.model else models.get(prediction.model)
    if found is None:
        raise ContractError(
            f"model {prediction.model}: expected its terms among {sorted(models)}, received none; "
            "hand in terms_of(its manifest)"
        )
    return found


def _extensions(score: RiskScore) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"url": terms.BASIS_COUNT, "valueInteger": score.basis_count}]
    if (rest := score.basis_count - len(score.basis)) > 0:
        found.append({"url": terms.BASIS_REST, "valueInteger": rest})
    if score.stale:
        found.append({"url": terms.STALE, "valueBoolean": True})
    if score.silent:
        found.append({"url": terms.SILENT, "valueBoolean": True})
    if score.degraded:
        found.append({"url": terms.DEGRADED, "valueBoolean": True})
    if score.ward or score.bed:
        found.append({"url": terms.LOCATION, "extension": _location(score)})
    found.extend({"url": terms.REASON, "valueString": reason} for reason in score.reasons)
    return found


def _location(score: RiskScore) -> list[dict[str, Any]]:
    parts = (("ward", score.ward), ("bed", score.bed))
    return [{"url": name, "valueString": value} for name, value in parts if value]


def _prediction(prediction: Prediction, words: ModelTerms, when: str) -> dict[str, Any]:
    written: dict[str, Any] = {
        "extension": [_model(prediction, words), *contributions(prediction.contributions)],
        "outcome": {"text": words.outcome},
        "qualitativeRisk": terms.qualitative(prediction.level),
        "whenPeriod": {"start": isoformat(prediction.as_of) if prediction.study else when},
        "rationale": rationale_of(prediction, words),
    }
    if words.horizon_s is not None:
        written["whenPeriod"] = {"start": when, "end": isoformat(prediction.as_of + round(words.horizon_s * SECOND))}
    if words.probability and prediction.value is not None:
        written["probabilityDecimal"] = min(100.0 * prediction.value, 100.0)
    return written


def _model(prediction: Prediction, words: ModelTerms) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"url": "model", "valueString": prediction.model},
        {"url": "version", "valueString": prediction.version},
        {"url": "status", "valueCode": prediction.status},
        {"url": "mode", "valueCode": prediction.mode},
        {"url": "device", "valueReference": {"reference": f"Device/{words.device_id}"}},
    ]
    if prediction.value is not None:
        parts.append({"url": "value", "valueDecimal": prediction.value})
    if prediction.study:
        parts.append({"url": "study", "valueReference": {"reference": prediction.study}})
        names = (("finding", prediction.finding), ("unit", prediction.unit))
        parts.extend({"url": name, "valueString": value} for name, value in names if value)
    parts.extend({"url": "reason", "valueString": reason} for reason in prediction.reasons)
    return {"url": terms.MODEL, "extension": parts}


def _whole(score: RiskScore, words: ModelTerms, when: str) -> dict[str, Any]:
    written: dict[str, Any] = {
        "outcome": {"text": words.outcome},
        "qualitativeRisk": terms.qualitative(score.level),
        "whenPeriod": {"start": when},
        "rationale": rationale_of_whole(score),
    }
    if parts := parts_of_whole(score):
        written["extension"] = parts
    return written
