"""The checker of what we write in R4: it takes HL7's own examples, finds what is made wrong, and our own is well."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.inference.fake import SPEC
from streams.publish.devices import device, provenance
from streams.publish.retirement import Retirement
from streams.publish.retirement import write as write_retirement
from streams.publish.riskassessment import write
from streams.publish.terms import NEWS2_TERMS, ModelTerms, fusion_terms, terms_of
from streams.records import RiskScore
from tests.unit.publish.fhir_r4 import REQUIRED, problems

Resource = dict[str, Any]
OFFICIAL = Path(os.environ.get("CARDIOSTREAM_DATA", "/nonexistent")) / "fhir-r4-official"


def official() -> dict[str, Resource]:
    """HL7's examples of the types that we write, by file name."""
    paths = [path for kind in REQUIRED for path in sorted(OFFICIAL.glob(f"{kind}-*.json"))]
    return {path.name: json.loads(path.read_text("utf-8")) for path in paths}


@pytest.mark.realdata
def test_the_official_examples_of_every_type_that_we_write_are_accepted() -> None:
    examples = official()
    # HL7 gives no Device of its own among those at hand.
    assert {one["resourceType"] for one in examples.values()} == REQUIRED.keys() - {"Device"}
    assert {name: problems(one) for name, one in examples.items() if problems(one)} == {}


@pytest.mark.realdata
def test_an_official_example_without_a_required_element_is_refused() -> None:
    for name, one in official().items():
        for element in REQUIRED[one["resourceType"]]:
            broken = {key: value for key, value in one.items() if key not in (element, f"_{element}")}
            assert problems(broken), f"{name} without {element}"


def test_every_shape_of_our_assessment_is_accepted(every_shape: list[RiskScore], models: dict[str, ModelTerms]) -> None:
    for score in every_shape:
        assert problems(json.loads(write(score, models, "v1"))) == []


def test_the_last_word_on_a_retired_id_is_accepted() -> None:
    for survivor in ("p2", ""):
        assert problems(json.loads(write_retirement(Retirement("p1", survivor, 1_700_000_000_000)))) == []


def test_device_and_provenance_of_every_model_are_accepted() -> None:
    for words in (terms_of(SPEC), NEWS2_TERMS, fusion_terms("fusion-3")):
        assert problems(json.loads(device(words))) == []
        assert problems(json.loads(provenance(words, 1_700_000_000_000))) == []


PART = {"url": "z", "valueCode": "y"}


def _set(*path: Any, to: Any) -> Callable[[Resource], None]:
    def change(resource: Resource) -> None:
        node: Any = resource
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set("status", to="done"), "RiskAssessment.status"),
        (_set("subject", to=None), "RiskAssessment.subject"),
        (_set("id", to="under_score"), "RiskAssessment.id"),
        (_set("prediction", 0, "probabilityDecimal", to=101), "ras-2"),
        (_set("prediction", 0, "whenPeriod", to={"start": "2024-01-02", "end": "2024-01-01"}), "per-1"),
        (_set("prediction", 0, "rationale", to=""), "ele-1"),
        (
            _set("extension", 0, to={"url": "x", "valueCode": "y", "extension": [PART]}),
            "ext-1",
        ),
        (_set("extension", 0, to={"url": "x"}), "ext-1"),
        (
            _set("contained", to=[{"resourceType": "Device", "id": "nobody-refers-to"}]),
            "dom-3",
        ),
        (_set("prediction", 0, "qualitativeRisk", to="low"), "fhir.resources"),
    ],
)
def test_what_is_made_wrong_is_told(
    score: RiskScore, models: dict[str, ModelTerms], change: Callable[[Resource], None], told: str
) -> None:
    resource = copy.deepcopy(json.loads(write(score, models, "v1")))
    change(resource)
    assert any(problem.startswith(told) or told in problem for problem in problems(resource)), problems(resource)
