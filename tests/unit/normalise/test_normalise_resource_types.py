"""The closed set of resource types, against the library's models."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.resource import Resource

from streams.normalise.resource_types import RESOURCE_TYPES, known
from tests.unit.normalise.fhir_messages import heart_rate, sent

ABSTRACT = {"DomainResource", "CanonicalResource", "MetadataResource"}


def library_types(release: str) -> set[str]:
    """Types that the library models; its R5 is the package itself."""
    found = set()
    for file in files(release).iterdir():
        if file.name.endswith(".py") and not file.name.startswith("_"):
            for line in file.read_text("utf-8").splitlines():
                if line.startswith("class ") and (
                    "(domainresource.DomainResource)" in line
                    or "(resource.Resource)" in line
                    or "(metadataresource.MetadataResource)" in line
                    or "(canonicalresource.CanonicalResource)" in line
                ):
                    found.add(line.split()[1].split("(")[0])
    return found - ABSTRACT


@pytest.mark.parametrize("release", ["fhir.resources.R4B", "fhir.resources"])
def test_every_type_of_the_library_is_known(release: str) -> None:
    types = library_types(release)
    assert len(types) > 130
    assert types - RESOURCE_TYPES == set()


def test_every_type_that_outlived_r4_is_in_the_library() -> None:
    assert issubclass(get_fhir_model_class("Observation"), Resource)
    dropped = RESOURCE_TYPES - library_types("fhir.resources.R4B") - library_types("fhir.resources")
    assert dropped == {
        "EffectEvidenceSynthesis",
        "MedicinalProduct",
        "MedicinalProductAuthorization",
        "MedicinalProductContraindication",
        "MedicinalProductIndication",
        "MedicinalProductIngredient",
        "MedicinalProductInteraction",
        "MedicinalProductManufactured",
        "MedicinalProductPackaged",
        "MedicinalProductPharmaceutical",
        "MedicinalProductUndesirableEffect",
        "RiskEvidenceSynthesis",
        "SubstanceSpecification",
    }


def test_unknown_name_is_never_shown() -> None:
    assert (known("Claim"), known("GenomicStudy"), known("Jane")) == ("Claim", "GenomicStudy", "")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"valueQuantity": {"value": "72", "unit": "/min"}},
        {"valueQuantity": None, "valueInteger": 72},
        {"valueQuantity": None, "component": []},
        {"effectiveDateTime": None, "effectivePeriod": {"start": "2025-03-01T12:00:00Z"}},
        {
            "meta": {"versionId": "1"},
            "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'/>"},
        },
    ],
)
def test_what_the_library_parses_is_no_broken_structure_here(changes: dict[str, object]) -> None:
    text = json.dumps(heart_rate(**changes))
    Observation.model_validate_json(text)
    assert not {letter.reason for letter in sent(text.encode()).dead_letters} & {"structure", "not-json", "not-object"}
