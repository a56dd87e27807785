"""What must have come of the inputs, and that it adds up."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from streams.normalise import Raw
from streams.settings import Settings
from streams.verify.expectation import Accounting, Expectation
from tests.unit.normalise.fhir_messages import NOON, bundle, heart_rate, quantity

SETTINGS = Settings(retention_s=3600.0)
[SOURCE, *_] = SETTINGS.sources


def read(*messages: Any) -> Expectation:
    made = Expectation(SETTINGS)
    for offset, message in enumerate(messages):
        value = message if isinstance(message, bytes) else json.dumps(message).encode()
        made.read(Raw(value, None, "fhir.observations", 2, offset, NOON + 10 * 3_600_000), SOURCE)
    return made


def accounting(*messages: Any) -> Accounting:
    return read(*messages).accounting()


PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-01-01"}


def test_nothing_read_is_nothing_expected() -> None:
    assert accounting() == Accounting(0, 0, 0, 0, {}, {}, {})


def test_a_usable_observation_is_in_use() -> None:
    assert accounting(heart_rate()) == Accounting(1, 1, 0, 0, {"in-use": 1}, {}, {})


def test_a_repeated_version_is_one_version_that_came_again() -> None:
    assert accounting(heart_rate(), heart_rate()) == Accounting(2, 1, 0, 1, {"in-use": 1}, {}, {})


def test_a_correction_replaces_and_both_versions_are_accounted_for() -> None:
    corrected = heart_rate(status="corrected", valueQuantity=quantity(90, "/min"))
    assert accounting(heart_rate(), corrected).fates == {"in-use": 1, "replaced": 1}
    assert accounting(corrected, heart_rate()).fates == {"in-use": 1, "replaced": 1}


def test_a_withdrawal_takes_all_versions_of_the_resource_with_it() -> None:
    assert accounting(heart_rate(), heart_rate(status="entered-in-error")).fates == {"withdrawn": 2}


def test_what_lies_beyond_retention_has_aged_out() -> None:
    later = heart_rate(id="hr-2", effectiveDateTime="2025-03-01T19:00:00Z")
    assert accounting(heart_rate(), later).fates == {"aged-out": 1, "in-use": 1}
    assert accounting(later, heart_rate()).fates == {"aged-out": 1, "in-use": 1}


def test_a_value_that_no_living_patient_has_is_kept_and_not_used() -> None:
    assert accounting(heart_rate(valueQuantity=quantity(9000, "/min"))).fates == {"kept-unusable": 1}


def test_skips_and_dead_letters_are_counted_by_reason() -> None:
    found = accounting(b"not JSON", {"resourceType": "Condition", "id": "e"}, heart_rate(subject=None))
    assert (found.messages, found.versions) == (3, 0)
    assert found.skips == {"resource-type": 1}
    assert sorted(found.dead_letters.values()) == [1, 1]


def test_a_dead_letter_is_expected_at_its_place() -> None:
    mixed = bundle(heart_rate(), heart_rate(id="hr-2", subject=None))
    [(topic, partition, offset, entry, _)] = read(PATIENT, mixed).letters
    assert (topic, partition, offset, entry) == ("fhir.observations", 2, 1, 1)


def test_patients_are_counted_apart_from_observations() -> None:
    found = accounting(PATIENT, PATIENT, heart_rate())
    assert (found.versions, found.patients_versions, found.repeated) == (1, 1, 1)


def test_one_resource_id_under_two_patients_is_two_facts() -> None:
    other = heart_rate(subject={"reference": "Patient/p2"})
    assert accounting(heart_rate(), other).fates == {"in-use": 2}
    assert sorted(read(heart_rate(), other).timelines) == ["p1", "p2"]


observations = st.builds(
    heart_rate,
    id=st.sampled_from(["a", "b", "c"]),
    status=st.sampled_from(["registered", "preliminary", "final", "corrected", "entered-in-error", "nonsense"]),
    subject=st.sampled_from([{"reference": "Patient/p1"}, {"reference": "Patient/p2"}, None]),
    effectiveDateTime=st.sampled_from(["2025-03-01T12:00:00Z", "2025-03-01T18:00:00Z", "not a date", None]),
    valueQuantity=st.sampled_from([quantity(72, "/min"), quantity(9000, "/min"), quantity(72, "furlong"), None]),
)
messages = st.lists(
    observations
    | st.lists(observations, max_size=3).map(lambda found: bundle(*found))
    | st.sampled_from([PATIENT, {"resourceType": "Encounter"}])
    | st.binary(max_size=6),
    max_size=12,
)


@given(messages)
@hypothesis_settings(max_examples=200, deadline=None)
def test_every_version_has_one_fate_and_every_message_ends_as_something(batch: list[Any]) -> None:
    found = accounting(*batch)
    assert sum(found.fates.values()) == found.versions
    assert set(found.fates) <= {"in-use", "replaced", "withdrawn", "aged-out", "kept-unusable", "moved"}
    assert found.messages == len(batch)
    ends = found.versions + found.patients_versions + found.repeated + found.changes
    assert ends + sum(found.skips.values()) + sum(found.dead_letters.values()) >= len(batch)


@given(messages, st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=100, deadline=None)
def test_a_message_read_twice_adds_repeats_and_no_fates(batch: list[Any], rng: Any) -> None:
    once, twice = accounting(*batch), accounting(*batch, *batch)
    assert (twice.versions, twice.patients_versions) == (once.versions, once.patients_versions)
    assert twice.fates == once.fates
    came = once.versions + once.patients_versions + once.repeated
    assert twice.repeated == once.repeated + came
