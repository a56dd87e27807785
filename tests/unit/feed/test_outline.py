"""What decides when and under whose key a resource is fed."""

import pytest

from streams.feed.outline import NO_OUTLINE, Outline, instant, outline

T0 = 1_767_268_800_000  # 2026-01-01T12:00:00Z


def test_an_observation_is_fed_at_its_clinical_time_under_its_patient() -> None:
    body = b"""{"resourceType": "Observation", "subject": {"reference": "http://ehr/fhir/Patient/p1"},
                "effectiveDateTime": "2026-01-01T13:00:00+01:00", "meta": {"lastUpdated": "2026-01-01T12:00:05Z"}}"""
    assert outline(body) == Outline("Observation", "Patient/p1", T0, T0 + 5000)


def test_a_patient_is_fed_under_its_own_reference() -> None:
    assert outline(b'{"resourceType":"Patient","id":"p1"}') == Outline("Patient", "Patient/p1", None, None)


def test_a_period_counts_from_its_end_and_an_encounter_from_its_start() -> None:
    period = b'{"start": "2026-01-01T12:00:00Z", "end": "2026-01-01T12:01:00Z"}'
    assert outline(b'{"resourceType":"Observation","effectivePeriod":' + period + b"}").effective == T0 + 60_000
    assert outline(b'{"resourceType":"Encounter","period":' + period + b"}").effective == T0


@pytest.mark.parametrize("text", [b"", b"not json", b"[1]", b'{"subject": 7}', b"\xff\xfe", b'{"issued": {}}'])
def test_text_that_is_no_resource_has_an_empty_outline(text: bytes) -> None:
    assert outline(text) == NO_OUTLINE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T12:00:00Z", T0),
        ("2026-01-01T12:00:00.250Z", T0 + 250),
        ("2026-01-01T07:00:00-05:00", T0),
        ("2026-01-01T12:00:00", T0),
        ("2026-01-01", T0 - 12 * 3_600_000),
        ("2026", T0 - 12 * 3_600_000),
        ("2026-01", T0 - 12 * 3_600_000),
        ("yesterday", None),
        ("2026-02-30T00:00:00Z", None),
    ],
)
def test_times_are_read_for_ordering(text: str, expected: int | None) -> None:
    assert instant(text) == expected
