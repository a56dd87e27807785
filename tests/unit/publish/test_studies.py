"""Imaging studies in the published RiskAssessment: their own predictions, the basis, and the way back."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from fhir.resources.R4B.riskassessment import RiskAssessment

from streams.fusion.fuse import fuse
from streams.publish.identity import facts_digest, version_id
from streams.publish.riskassessment import write
from streams.publish.summary import ModelSummary, read
from streams.publish.terms import ModelTerms
from streams.records import Prediction, RiskScore, Version
from streams.scoring.studies import of_studies
from streams.timeline.series import Snapshot
from streams.timeline.studies import Found, HeldFinding, HeldStudy
from tests.unit.publish.conftest import AS_OF

RATIO = Found("cardiothoracic-ratio", "measure", 0.584, "indeterminate", "1")
HEART = HeldFinding("chest_heart_unet", "1", "ok", (), "PA", (RATIO,))
LUNGS = HeldFinding("chest_xray_cnn", "1", "ok", (), "PA", (Found("pneumonia", "class", 0.8123, "high", ""),))
FILM = HeldStudy("pacs", "ImagingStudy/x", Version(0, 1), False, AS_OF - 3_600_000, AS_OF, "", (HEART, LUNGS), None)
HEART_TERMS = ModelTerms("chest_heart_unet", "1", "Width of the heart over the chest", probability=False)


def scored(snapshot: Snapshot, both: list[Prediction], *studies: HeldStudy) -> tuple[RiskScore, str]:
    seen = msgspec.structs.replace(snapshot, studies=studies)
    score = fuse(seen, both, of_studies(seen))
    return score, version_id(score, facts_digest(seen))


def written(
    snapshot: Snapshot, gru: Prediction, news2: Prediction, models: dict[str, ModelTerms]
) -> tuple[RiskScore, dict[str, Any], bytes]:
    score, version = scored(snapshot, [gru, news2], FILM)
    value = write(score, models | {"chest_heart_unet": HEART_TERMS}, version)
    return score, json.loads(value), value


def test_each_finding_is_a_prediction_of_its_own_and_valid_fhir(
    snapshot: Snapshot, gru: Prediction, news2: Prediction, models: dict[str, ModelTerms]
) -> None:
    _, resource, value = written(snapshot, gru, news2, models)
    RiskAssessment.model_validate_json(value)
    _, _, heart, lungs, whole = resource["prediction"]
    assert heart["outcome"] == {"text": "Width of the heart over the chest"}
    assert heart["rationale"] == "chest_heart_unet 1: cardiothoracic-ratio 0.58, level low-medium."
    assert heart["whenPeriod"] == {"start": "2023-11-14T21:13:20.123Z"}
    assert "probabilityDecimal" not in heart
    assert (lungs["outcome"], lungs["probabilityDecimal"]) == ({"text": "pneumonia on images"}, 81.23)
    assert lungs["qualitativeRisk"]["text"] == "High"
    assert whole["qualitativeRisk"]["text"] == "Medium"


def test_the_study_stands_in_the_basis_and_beside_its_finding(
    snapshot: Snapshot, gru: Prediction, news2: Prediction, models: dict[str, ModelTerms]
) -> None:
    _, resource, _ = written(snapshot, gru, news2, models)
    assert resource["basis"][0] == {"reference": "ImagingStudy/x"}
    parts = resource["prediction"][2]["extension"][0]["extension"]
    assert {"url": "study", "valueReference": {"reference": "ImagingStudy/x"}} in parts
    assert {"url": "finding", "valueString": "cardiothoracic-ratio"} in parts


def test_a_reader_gets_back_what_was_found(
    snapshot: Snapshot, gru: Prediction, news2: Prediction, models: dict[str, ModelTerms]
) -> None:
    _, _, value = written(snapshot, gru, news2, models)
    assert read(value).models[2:] == (
        ModelSummary(
            "chest_heart_unet", "1", "ok", 0.584, "low-medium", (), "ImagingStudy/x", "cardiothoracic-ratio", "1"
        ),
        ModelSummary("chest_xray_cnn", "1", "ok", 0.8123, "high", (), "ImagingStudy/x", "pneumonia", ""),
    )
    assert read(value).basis_count == 3


def test_another_value_on_the_same_film_is_another_version(
    snapshot: Snapshot, gru: Prediction, news2: Prediction
) -> None:
    larger = msgspec.structs.replace(HEART, found=(msgspec.structs.replace(RATIO, value=0.585),))
    other = msgspec.structs.replace(FILM, findings=(larger, LUNGS))
    ids = [scored(snapshot, [gru, news2], *studies)[1] for studies in ((), (FILM,), (other,))]
    assert len(set(ids)) == 3


def test_a_model_that_was_replaced_since_is_named_as_it_was(snapshot: Snapshot, gru: Prediction) -> None:
    score, version = scored(snapshot, [gru], FILM)
    terms = {"deterioration_gru": ModelTerms("deterioration_gru", "1", "death", True)}
    newer = msgspec.structs.replace(HEART_TERMS, version="2", sha256="ab" * 32)
    resource = json.loads(write(score, terms | {"chest_heart_unet": newer}, version))
    device = next(p for p in resource["prediction"][1]["extension"][0]["extension"] if p["url"] == "device")
    assert device["valueReference"] == {"reference": "Device/chest-heart-unet-1"}
