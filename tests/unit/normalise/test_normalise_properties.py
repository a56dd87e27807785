"""Properties: nothing raises, the counters add up, the same content is the same version."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.normalise import Normalised, normalise
from tests.unit.normalise.fhir_messages import (
    NOON,
    bundle,
    coded,
    encounter,
    heart_rate,
    observations,
    patient,
    quantity,
    raw,
    sent,
    source,
)

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
KEYS = st.sampled_from(
    """resourceType id meta status code subject encounter effectiveDateTime effectivePeriod valueQuantity valueInteger
    component dataAbsentReason entry resource fullUrl request identifier link location period contained""".split()  # noqa: SIM905
)
PANEL = heart_rate(
    code=coded("85354-9"),
    valueQuantity=None,
    component=[{"code": coded("8480-6"), "valueQuantity": quantity(120, "mm[Hg]")}, {"code": coded("8357-6")}],
)
SAMPLES = st.sampled_from(
    [
        heart_rate(),
        PANEL,
        bundle(heart_rate(), PANEL),
        patient(identifier=[{"system": "urn:mrn", "value": "7"}], link=[{"type": "replaces", "other": {}}]),
        encounter(location=[{"location": {"reference": "Location/w"}}], meta={"versionId": "2"}),
    ]
)


def outcomes(result: Normalised) -> int:
    assert "internal" not in [letter.reason for letter in result.dead_letters]
    return len(result.events) + len(result.skips) + len(result.dead_letters)


@given(st.binary(max_size=400))
def test_any_bytes_end_as_something(value: bytes) -> None:
    assert outcomes(sent(value)) >= 1


@given(JSON)
def test_any_json_ends_as_something(document: object) -> None:
    assert outcomes(sent(document)) >= 1


@given(st.dictionaries(KEYS, JSON | st.sampled_from(["Observation", "Bundle", "Patient", "Encounter"]), max_size=8))
def test_any_object_with_fhir_keys_ends_as_something(document: object) -> None:
    assert outcomes(sent(document)) >= 1


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    document = json.loads(json.dumps(draw(SAMPLES)))
    for _ in range(draw(st.integers(1, 3))):
        place = document
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and draw(st.booleans()):
                place = place[key]
                continue
            place[key] = draw(JSON)
            break
    return document


@given(mutated())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_resources_end_as_something(document: object) -> None:
    assert outcomes(sent(document)) >= 1


ENTRIES = st.lists(
    st.one_of(
        mutated().map(lambda document: {"resource": document}),
        SAMPLES.map(lambda document: {"resource": document}),
        JSON,
        st.just({"request": {"method": "DELETE"}}),
    ),
    max_size=6,
)


@given(ENTRIES)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_entry_of_a_bundle_ends_as_something(entries: list[object]) -> None:
    result = sent({"resourceType": "Bundle", "entry": entries})
    assert outcomes(result) >= max(1, len(entries))
    assert all(0 <= letter.entry < len(entries) for letter in result.dead_letters)


@given(st.lists(SAMPLES, min_size=1, max_size=5))
def test_a_bundle_gives_what_its_entries_give_alone(resources: list[dict[str, Any]]) -> None:
    together = sent(bundle(*resources))
    alone = [sent(resource) for resource in resources]
    assert list(together.events) == [event for one in alone for event in one.events]
    assert list(together.skips) == [skip for one in alone for skip in one.skips]


@given(mutated())
def test_the_same_bytes_give_the_same_records(document: object) -> None:
    assert sent(document) == sent(document)


def shuffled(value: Any, draw: Callable[..., Any]) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key], draw) for key in draw(st.permutations(sorted(value)))}
    return [shuffled(item, draw) for item in value] if isinstance(value, list) else value


@given(st.data())
def test_key_order_whitespace_and_arrival_do_not_make_another_version(data: st.DataObject) -> None:
    document = data.draw(SAMPLES)
    text = json.dumps(shuffled(document, data.draw), indent=data.draw(st.sampled_from([None, 0, 3])))
    later = normalise(raw(text.encode(), NOON + 60_000), source(), future_tolerance_s=300)
    assert [event.version for event in later.events] == [event.version for event in sent(document).events]


def version_of(**changes: object) -> bytes:
    (event,) = observations(sent(heart_rate(**changes)))
    return event.version.digest


def test_other_content_is_another_version() -> None:
    digests = {
        version_of(),
        version_of(valueQuantity=quantity(73, "/min")),
        version_of(status="amended"),
        version_of(status="entered-in-error"),
        version_of(subject={"reference": "Patient/p2"}),
        version_of(encounter=None),
        version_of(id="hr-2"),
        version_of(effectiveDateTime="2025-03-01T12:00:01Z"),
    }
    assert len(digests) == 8


def test_same_value_in_another_unit_is_the_same_version() -> None:
    warm = {"code": coded("8310-5")}
    assert version_of(**warm, valueQuantity=quantity(98.6, "[degF]")) == version_of(
        **warm, valueQuantity=quantity(37, "Cel")
    )


def test_versions_stand_in_the_order_of_their_metadata() -> None:
    metas = [
        {},
        {"versionId": "abc"},
        {"versionId": "2"},
        {"versionId": "10"},
        {"lastUpdated": "2025-03-01T12:00:00Z"},
        {"lastUpdated": "2025-03-01T13:30:00+01:00", "versionId": "1"},
    ]
    events = [observations(sent(heart_rate(meta=meta)))[0] for meta in metas]
    keys = [(event.version.last_updated, event.version.version_id) for event in events]
    assert keys == [(0, 0), (0, 0), (0, 2), (0, 10), (NOON, 0), (NOON + 1_800_000, 1)]
    ranks = ["preliminary", "final", "amended", "entered-in-error"]
    versions = [observations(sent(heart_rate(status=status)))[0].version for status in ranks]
    assert versions == sorted(versions)


def test_resource_without_id_is_known_by_its_content() -> None:
    one, again, other = (
        observations(sent(heart_rate(id=None, **changes)))[0]
        for changes in ({}, {"status": "amended"}, {"valueQuantity": quantity(73, "/min")})
    )
    assert one.resource_id == again.resource_id != other.resource_id
    assert len(one.resource_id) == 36


def test_versions_of_old_inputs_keep_their_digests() -> None:
    assert version_of().hex() == "67eb11c4ce349bea"
    assert version_of(status="amended").hex() == "5a33aad6a80f4d55"
    (event,) = observations(sent(heart_rate(id=None)))
    assert event.resource_id == "sha-b70ebbd501f2e2a7b21d1f32c5dfd0c7"
