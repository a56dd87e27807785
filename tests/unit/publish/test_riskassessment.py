from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.riskassessment import RiskAssessment
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ContractError
from streams.fusion.fuse import fuse
from streams.fusion.rule import DEFAULT
from streams.publish.riskassessment import write
from streams.publish.summary import ModelSummary, read
from streams.publish.terms import ModelTerms
from streams.records import Prediction, RiskScore
from streams.timeline.series import Snapshot, series_of

MODELS = dict[str, ModelTerms]
# hl7.org/fhir/R4/valueset-observation-status.html, a required binding
OBSERVATION_STATUS = {
    "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown",
}  # fmt: skip
# hl7.org/fhir/R4/codesystem-risk-probability.html
RISK_PROBABILITY = {"negligible", "low", "moderate", "high", "certain"}
R4_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def written(score: RiskScore, models: MODELS) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(write(score, models, "v1"))
    return found


def test_the_whole_resource_for_one_patient(score: RiskScore, models: MODELS) -> None:
    risk_level = {"system": "urn:cardiostream:fhir:risk-level", "code": "medium", "display": "Medium"}
    moderate = {"system": "http://terminology.hl7.org/CodeSystem/risk-probability", "code": "moderate"}
    medium = {"coding": [risk_level, moderate], "text": "Medium"}
    assert written(score, models) == {
        "resourceType": "RiskAssessment",
        "id": "edc1ed40-b133-5c3e-8f4b-cd3474e793cd",
        "meta": {
            "versionId": "v1",
            "security": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
                    "code": "AIAST",
                    "display": "Artificial Intelligence asserted",
                }
            ],
        },
        "extension": [{"url": "urn:cardiostream:fhir:basis-count", "valueInteger": 2}],
        "status": "final",
        "method": {
            "coding": [{"system": "urn:cardiostream:fhir:method", "code": DEFAULT.version}],
            "text": "CardioStream fusion of learned models and NEWS2",
        },
        "subject": {"reference": "Patient/pat-1"},
        "encounter": {"reference": "Encounter/enc-1"},
        "occurrenceDateTime": "2023-11-14T22:13:20.123Z",
        "performer": {"reference": f"Device/cardiostream-{DEFAULT.version}"},
        "basis": [{"reference": "Observation/hr-1"}, {"reference": "Observation/rr-1"}],
        "prediction": [
            {
                "extension": [
                    {
                        "url": "urn:cardiostream:fhir:model-prediction",
                        "extension": [
                            {"url": "model", "valueString": "deterioration_gru"},
                            {"url": "version", "valueString": "1"},
                            {"url": "status", "valueCode": "ok"},
                            {"url": "mode", "valueCode": "live"},
                            {"url": "device", "valueReference": {"reference": "Device/deterioration-gru-1"}},
                            {"url": "value", "valueDecimal": 0.16666666666666669},
                        ],
                    }
                ],
                "outcome": {"text": "death in hospital"},
                "qualitativeRisk": medium,
                "probabilityDecimal": 16.666666666666668,
                "whenPeriod": {"start": "2023-11-14T22:13:20.123Z", "end": "2023-11-16T22:13:20.123Z"},
                "rationale": "deterioration_gru 1: probability 16.7 %, level medium.",
            },
            {
                "extension": [
                    {
                        "url": "urn:cardiostream:fhir:model-prediction",
                        "extension": [
                            {"url": "model", "valueString": "news2"},
                            {"url": "version", "valueString": "2017"},
                            {"url": "status", "valueCode": "ok"},
                            {"url": "mode", "valueCode": "live"},
                            {"url": "device", "valueReference": {"reference": "Device/news2-2017"}},
                            {"url": "value", "valueDecimal": 5.0},
                            {"url": "reason", "valueString": "assumed-air"},
                        ],
                    }
                ],
                "outcome": {"text": "Acute illness severity, National Early Warning Score 2 (RCP 2017)"},
                "qualitativeRisk": medium,
                "whenPeriod": {"start": "2023-11-14T22:13:20.123Z"},
                "rationale": "news2 2017: score 5, level medium (assumed-air).",
            },
            {
                "extension": [
                    {"url": "urn:cardiostream:fhir:risk-index", "valueDecimal": score.index},
                    {
                        "url": "urn:cardiostream:fhir:contribution",
                        "extension": [
                            {"url": "name", "valueString": "deterioration"},
                            {"url": "model", "valueString": "deterioration_gru"},
                            {"url": "size", "valueDecimal": score.contributions[0].size},
                            {"url": "unit", "valueCode": "log-odds"},
                            {"url": "evidence", "valueDecimal": score.contributions[0].evidence},
                        ],
                    },
                    {
                        "url": "urn:cardiostream:fhir:contribution",
                        "extension": [
                            {"url": "name", "valueString": "news2"},
                            {"url": "model", "valueString": "news2"},
                            {"url": "size", "valueDecimal": 0.0},
                            {"url": "unit", "valueCode": "log-odds"},
                            {"url": "evidence", "valueDecimal": 0.0},
                        ],
                    },
                    *(
                        {"url": "urn:cardiostream:fhir:missing-modality", "valueString": name}
                        for name in ("ecg", "labs", "notes", "imaging")
                    ),
                    {
                        "url": "urn:cardiostream:fhir:would-change",
                        "extension": [
                            {"url": "level", "valueCode": "high"},
                            {"url": "name", "valueString": "deterioration"},
                            {"url": "model", "valueString": "deterioration_gru"},
                            {"url": "value", "valueDecimal": score.would_change[0].value},
                        ],
                    },
                    {
                        "url": "urn:cardiostream:fhir:would-change",
                        "extension": [
                            {"url": "level", "valueCode": "low-medium"},
                            {"url": "name", "valueString": "news2"},
                            {"url": "model", "valueString": "news2"},
                            {"url": "value", "valueDecimal": 4.0},
                        ],
                    },
                ],
                "outcome": {"text": "Overall risk level, fused from all models"},
                "qualitativeRisk": medium,
                "whenPeriod": {"start": "2023-11-14T22:13:20.123Z"},
                "rationale": (
                    "Index 53 of 100, level medium; not a probability. Made of: deterioration_gru at 16.7 % raises the "
                    "log-odds by 0.14; news2 at 5 moves nothing. Nothing known of: ecg, labs, notes, imaging. It would "
                    "be high if deterioration_gru rose from 16.7 % to about 36.5 %; low-medium if news2 fell from 5 to "
                    "4."
                ),
            },
        ],
    }


def test_every_shape_is_read_back_by_fhir_resources(every_shape: list[RiskScore], models: MODELS) -> None:
    assert len(every_shape) == 108
    for score in every_shape:
        value = write(score, models, "v1")
        found = RiskAssessment.model_validate_json(value)
        assert json.loads(found.model_dump_json()).keys() == json.loads(value).keys()


def test_every_shape_keeps_the_required_bindings_and_invariants(every_shape: list[RiskScore], models: MODELS) -> None:
    for score in every_shape:
        found = written(score, models)
        assert found["status"] in OBSERVATION_STATUS
        assert found["meta"]["security"][0]["code"] == "AIAST"
        assert R4_ID.fullmatch(found["id"])
        assert len(found.get("basis", [])) <= 50
        for prediction in found["prediction"]:
            assert 0 <= prediction.get("probabilityDecimal", 0) <= 100  # ras-2
            for coding in prediction["qualitativeRisk"]["coding"][1:]:
                assert coding["code"] in RISK_PROBABILITY
            for extension in prediction.get("extension", []):
                assert ("extension" in extension) != any(key.startswith("value") for key in extension)  # ext-1


def test_nothing_is_written_empty(every_shape: list[RiskScore], models: MODELS) -> None:
    """ele-1: every element has a value or children."""

    def empty(node: Any) -> bool:
        if isinstance(node, dict):
            return not node or any(map(empty, node.values()))
        if isinstance(node, list):
            return not node or any(map(empty, node))
        return node is None or node == ""

    assert not any(empty(written(score, models)) for score in every_shape)


def test_a_score_that_is_no_probability_never_has_one(every_shape: list[RiskScore], models: MODELS) -> None:
    for score in every_shape:
        *_, news2, whole = written(score, models)["prediction"]
        assert "probabilityDecimal" not in news2
        assert "probabilityDecimal" not in whole


def test_a_prediction_without_a_value_has_no_probability_and_says_why(snapshot: Snapshot, models: MODELS) -> None:
    away = Prediction("pat-1", "deterioration_gru", "1", snapshot.as_of, "unavailable", reasons=("deadline",))
    first = written(fuse(snapshot, [away]), models)["prediction"][0]
    assert "probabilityDecimal" not in first
    assert first["rationale"] == "deterioration_gru 1: unavailable (deadline)."


def test_low_medium_has_no_counterpart_at_hl7(snapshot: Snapshot, models: MODELS) -> None:
    news2 = Prediction("pat-1", "news2", "2017", snapshot.as_of, "ok", 3.0, "low-medium")
    assert len(written(fuse(snapshot, [news2]), models)["prediction"][0]["qualitativeRisk"]["coding"]) == 1


def test_the_rest_of_a_long_basis_is_counted(every_shape: list[RiskScore], models: MODELS) -> None:
    found = written(every_shape[-1], models)
    assert len(found["basis"]) == 50
    assert {"url": "urn:cardiostream:fhir:basis-count", "valueInteger": 312} in found["extension"]
    assert {"url": "urn:cardiostream:fhir:basis-rest", "valueInteger": 262} in found["extension"]


def test_a_model_without_terms_is_a_contract_error_without_patient_data(score: RiskScore) -> None:
    with pytest.raises(ContractError, match="deterioration_gru") as caught:
        write(score, {}, "v1")
    assert "pat-1" not in str(caught.value)


def test_every_shape_is_read_back_by_our_own_reader(every_shape: list[RiskScore], models: MODELS) -> None:
    for score in every_shape:
        found = read(write(score, models, "v1"))
        assert (found.patient_id, found.as_of, found.level, found.index) == (
            score.patient_id, score.as_of, score.level, score.index,
        )  # fmt: skip
        assert (found.corrected, found.stale, found.silent, found.degraded) == (
            score.corrected, score.stale, score.silent, score.degraded,
        )  # fmt: skip
        assert (found.encounter_id, found.basis, found.basis_count) == (
            score.encounter_id, score.basis, score.basis_count,
        )  # fmt: skip
        assert (found.ward, found.bed) == (score.ward, score.bed)
        assert found.reasons == score.reasons
        assert found.version_id == "v1"
        assert found.models == tuple(
            ModelSummary(p.model, p.version, p.status, p.value, p.level, p.reasons) for p in score.predictions
        )


def test_where_the_patient_lies_is_one_extension_with_what_is_known(score: RiskScore, models: MODELS) -> None:
    url = "urn:cardiostream:fhir:location"
    ward, bed = {"url": "ward", "valueString": "North"}, {"url": "bed", "valueString": "12"}
    for place, parts in (({"ward": "North", "bed": "12"}, [ward, bed]), ({"ward": "North"}, [ward]), ({}, None)):
        value = write(msgspec.structs.replace(score, **place), models, "v1")
        RiskAssessment.model_validate_json(value)
        found = [e["extension"] for e in json.loads(value)["extension"] if e["url"] == url]
        assert found == ([parts] if parts else [])


def test_a_silent_patients_assessment_says_so_and_keeps_what_the_models_said(
    snapshot: Snapshot, gru: Prediction, models: MODELS
) -> None:
    found = written(fuse(snapshot, [gru], stage="silent"), models)
    assert {"url": "urn:cardiostream:fhir:stale", "valueBoolean": True} in found["extension"]
    assert {"url": "urn:cardiostream:fhir:silent", "valueBoolean": True} in found["extension"]
    model, whole = found["prediction"]
    assert model["probabilityDecimal"] == 16.666666666666668
    assert whole["qualitativeRisk"]["coding"][0]["code"] == "indeterminate"
    assert "extension" not in whole
    assert whole["rationale"] == "Indeterminate: nothing new for so long that no earlier judgement stands."


@given(st.floats(0, 1), st.integers(-10_000_000_000_000, 10_000_000_000_000))
def test_probability_and_instant_survive_to_the_last_bit(value: float, as_of: int) -> None:
    prediction = Prediction("p", "m", "1", as_of, "ok", value, "low")
    snapshot = Snapshot("p", as_of, series_of([]), "", "", "", False, (), 0)
    assessment = write(fuse(snapshot, [prediction]), {"m": ModelTerms("m", "1", "death", True)}, "v1")
    found = read(assessment)
    assert (found.models[0].value, found.as_of) == (value, as_of)
    assert json.loads(assessment)["prediction"][0]["probabilityDecimal"] <= 100


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b"\xff", b'{"resourceType":"Patient","id":"pat-1"}'])
def test_what_is_not_ours_is_a_contract_error(value: bytes) -> None:
    with pytest.raises(ContractError):
        read(value)
