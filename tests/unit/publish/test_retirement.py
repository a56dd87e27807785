"""The last word on an id that is not assessed any more, as every reader of the results topic finds it."""

from __future__ import annotations

import json

import pytest
from fhir.resources.R4B.riskassessment import RiskAssessment

from streams.publish.headers import AS_OF as AS_OF_HEADER
from streams.publish.headers import EPOCH, INDEX, LEVEL
from streams.publish.identity import resource_id
from streams.publish.retirement import HEADER, REPLACED_BY, Retirement, headers_of, write

AS_OF = 1_700_000_000_123
MERGED = Retirement("pat-1", "pat-2", AS_OF)
EMPTIED = Retirement("pat-1", "", AS_OF)


def test_the_whole_resource_of_a_merged_id() -> None:
    assert json.loads(write(MERGED)) == {
        "resourceType": "RiskAssessment",
        "id": resource_id("pat-1", AS_OF),
        "meta": {
            "versionId": MERGED.version_id,
            "security": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
                    "code": "AIAST",
                    "display": "Artificial Intelligence asserted",
                }
            ],
        },
        "extension": [{"url": REPLACED_BY, "valueReference": {"reference": "Patient/pat-2"}}],
        "status": "cancelled",
        "subject": {"reference": "Patient/pat-1"},
        "occurrenceDateTime": "2023-11-14T22:13:20.123Z",
        "note": [{"text": "This patient record was merged into another, which is assessed instead."}],
    }


def test_a_patient_left_without_facts_names_nobody_instead() -> None:
    found = json.loads(write(EMPTIED))
    assert "extension" not in found
    assert found["status"] == "cancelled"
    assert HEADER not in dict(headers_of(EMPTIED, 3))


@pytest.mark.parametrize("found", [MERGED, EMPTIED])
def test_fhir_resources_reads_it(found: Retirement) -> None:
    read = RiskAssessment.model_validate_json(write(found))
    assert (read.status, read.subject.reference) == ("cancelled", "Patient/pat-1")


def test_readers_of_scores_find_their_headers_and_who_is_assessed_instead() -> None:
    head = dict(headers_of(MERGED, 3))
    assert head | {"ce_id": b"", "ce_time": b"", "ce_source": b""} == {
        "ce_specversion": b"1.0",
        "ce_id": b"",
        "ce_type": b"cardiostream.risk.retired.v1",
        "ce_source": b"",
        "ce_time": b"",
        "content-type": head["content-type"],
        EPOCH: b"3",
        LEVEL: b"retired",
        INDEX: b"",
        AS_OF_HEADER: b"1700000000123",
        HEADER: b"pat-2",
    }
    assert head["ce_id"] == MERGED.version_id.encode()


def test_the_same_retirement_is_the_same_version_and_any_other_is_another() -> None:
    others = [MERGED._replace(survivor="pat-3"), MERGED._replace(as_of=AS_OF + 1), EMPTIED]
    assert Retirement("pat-1", "pat-2", AS_OF).version_id == MERGED.version_id
    assert len({MERGED.version_id, *(other.version_id for other in others)}) == 4
