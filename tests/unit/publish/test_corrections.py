"""Why an assessment was published again: the Provenance that a corrected one contains."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from fhir.resources.R4B.provenance import Provenance
from fhir.resources.R4B.riskassessment import RiskAssessment

from streams.fusion.fuse import fuse
from streams.fusion.rule import DEFAULT
from streams.publish.identity import facts_digest
from streams.publish.riskassessment import write
from streams.publish.terms import ModelTerms
from streams.records import Correction, Prediction, RiskScore
from streams.timeline.series import Snapshot, series_of
from tests.unit.publish.conftest import AS_OF

MODELS = dict[str, ModelTerms]
# hl7.org/fhir/R4/valueset-provenance-entity-role.html, a required binding
ENTITY_ROLE = {"derivation", "revision", "quotation", "source", "removal"}
# hl7.org/fhir/R4/v3/DataOperation/cs.html
DATA_OPERATION = {"OPERATE", "CREATE", "DELETE", "EXECUTE", "READ", "UPDATE", "APPEND", "MODIFYSTATUS", "ABORT"}


def corrected(*corrections: Correction, count: int = 0) -> Snapshot:
    return Snapshot(
        "pat-1", AS_OF, series_of([]), "", "", "", True, ("hr-2",), 1, corrections, count or len(corrections)
    )


def contained(snapshot: Snapshot, news2: Prediction, models: MODELS) -> dict[str, Any]:
    (found,) = json.loads(write(fuse(snapshot, [news2]), models, "v2"))["contained"]
    assert isinstance(found, dict)
    return found


def test_a_correction_says_what_was_corrected_how_and_when(news2: Prediction, models: MODELS) -> None:
    changes = (Correction("hr-1", "withdrawn", AS_OF + 5000), Correction("Flag/f1", "replaced", AS_OF + 1000))
    assert contained(corrected(*changes), news2, models) == {
        "resourceType": "Provenance",
        "id": "correction",
        "target": [{"reference": "#"}],
        "recorded": "2023-11-14T22:13:25.123Z",
        "reason": [{"text": "2 facts were corrected: 1 replaced by a newer version, 1 withdrawn."}],
        "activity": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation", "code": "UPDATE"}]
        },
        "agent": [{"who": {"reference": f"Device/cardiostream-{DEFAULT.version}"}}],
        "entity": [
            {"role": "revision", "what": {"reference": "Observation/hr-1", "display": "withdrawn"}},
            {"role": "revision", "what": {"reference": "Flag/f1", "display": "replaced by a newer version"}},
        ],
    }


def test_without_the_time_of_a_correction_it_is_recorded_at_the_assessments_own(
    news2: Prediction, models: MODELS
) -> None:
    found = contained(corrected(Correction("hr-1", "replaced", 0)), news2, models)
    assert found["recorded"] == "2023-11-14T22:13:20.123Z"
    assert found["reason"] == [{"text": "1 fact was corrected: 1 replaced by a newer version."}]


def test_the_rest_of_many_corrections_is_counted(news2: Prediction, models: MODELS) -> None:
    changes = tuple(Correction(f"o-{k}", "moved", 9 - k) for k in range(10))
    found = contained(corrected(*changes, count=13), news2, models)
    assert len(found["entity"]) == 10
    assert found["extension"] == [{"url": "urn:cardiostream:fhir:corrections-rest", "valueInteger": 3}]
    assert found["reason"][0]["text"] == "13 facts were corrected: 10 moved to another patient, 3 more."


def test_a_score_that_was_not_corrected_contains_nothing(score: RiskScore, models: MODELS) -> None:
    assert "contained" not in json.loads(write(score, models, "v1"))


def test_every_corrected_shape_is_read_back_by_fhir_resources(every_shape: list[RiskScore], models: MODELS) -> None:
    shapes = [score for score in every_shape if score.corrected]
    assert len(shapes) == 72
    for score in shapes:
        value = write(score, models, "v1")
        (found,) = RiskAssessment.model_validate_json(value).contained
        assert isinstance(found, Provenance)
        read_back = json.loads(found.model_dump_json())
        written = json.loads(value)["contained"][0]
        assert datetime.fromisoformat(read_back.pop("recorded")) == datetime.fromisoformat(written.pop("recorded"))
        assert read_back == written


def test_bindings_and_invariants_of_what_is_contained(every_shape: list[RiskScore], models: MODELS) -> None:
    for score in every_shape:
        for inner in json.loads(write(score, models, "v1")).get("contained", []):
            assert "contained" not in inner  # dom-2
            assert {"reference": "#"} in inner["target"]  # dom-3
            assert "meta" not in inner  # dom-4, dom-5
            assert inner["activity"]["coding"][0]["code"] in DATA_OPERATION
            assert {entity["role"] for entity in inner["entity"]} <= ENTITY_ROLE
            assert inner["agent"][0]["who"]  # Provenance.agent.who 1..1


def test_another_correction_of_the_same_values_is_another_version() -> None:
    once, again = (corrected(Correction("hr-1", "replaced", at)) for at in (1000, 2000))
    assert facts_digest(once) != facts_digest(again)
