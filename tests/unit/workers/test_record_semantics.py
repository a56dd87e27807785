"""A score follows the record: whatever order, repeats, restarts and owners, the end is what the record says."""

from __future__ import annotations

import itertools
import random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.clock import HOUR
from streams.identity import alias
from streams.records import ObservationVersion, Overruling, PatientVersion, Version
from tests.unit.workers.definition import from_scratch
from tests.unit.workers.hospital import Hospital, Message, message
from tests.unit.workers.versions import digested, film, note, observation

START = 1_700_000_000_000
ANN, BOB, EVE = (alias("urn:mrn", name, "hospital") for name in ("ann", "bob", "eve"))
PATIENTS = ["p1", "p2", "p3", "p4"]

versions = st.builds(
    Version, last_updated=st.sampled_from([0, START]), version_id=st.integers(1, 4), status_rank=st.integers(1, 4)
)
observations = st.builds(
    observation,
    st.sampled_from(["a", "b", "c", "d", "Flag/f"]),
    st.sampled_from([*PATIENTS, ANN, BOB, EVE]),
    st.integers(START, START + 70 * HOUR) | st.none(),
    versions,
    st.integers(40, 120).map(float),
)
people = st.builds(
    PatientVersion,
    source=st.sampled_from(["hospital", "laboratory"]),
    resource_id=st.sampled_from(PATIENTS),
    patient_id=st.just(""),
    version=st.builds(Version, version_id=st.integers(1, 4)),
    withdrawn=st.booleans(),
    received_at=st.just(0),
    birth_date=st.sampled_from(["", "1950"]),
    aliases=st.lists(st.sampled_from([ANN, BOB, EVE]), max_size=2, unique=True).map(tuple),
    replaced_by=st.lists(st.sampled_from(PATIENTS), max_size=1).map(tuple),
    replaces=st.lists(st.sampled_from(PATIENTS), max_size=2, unique=True).map(tuple),
).map(lambda patient: digested(msgspec.structs.replace(patient, patient_id=patient.resource_id)))
deletes = st.builds(
    lambda name, version: Overruling("hospital", name, version, "", 0),
    st.sampled_from(["a", "b", "c", "ImagingStudy/x", "DocumentReference/x"]),
    st.builds(Version, last_updated=st.just(START + HOUR), status_rank=st.just(4), digest=st.just(b"x")),
)
films = st.builds(
    film,
    st.sampled_from(["x", "y"]),
    st.sampled_from([*PATIENTS, ANN]),
    st.integers(START, START + 70 * HOUR),
    versions,
    st.sampled_from([None, 0.4, 0.6]),
    model=st.sampled_from(["1", "2", "10"]),
)
notes = st.builds(
    note,
    st.sampled_from(["x", "y"]),
    st.sampled_from(PATIENTS),
    st.sampled_from([START, START + HOUR]),
    versions,
    st.sampled_from([None, 0.2, 0.9]),
    replaces=st.sampled_from([(), ("DocumentReference/x",), ("DocumentReference/y",)]),
)
messages = (observations | observations | people | films | notes | deletes).map(message)
records = st.lists(messages, max_size=14)
chance = st.randoms(use_true_random=False)
THOROUGH = settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def told(parts: list[Message], rng: random.Random, trouble: float = 0.0) -> Hospital:
    """Bring messages to a hospital and work them off."""
    hospital = Hospital(rng, trouble)
    hospital.send(parts)
    hospital.work_off()
    return hospital


@pytest.mark.timeout(900)
@given(records, chance)
@THOROUGH
def test_any_order_with_repeats_restarts_and_late_former_owners_ends_as_the_record_says(
    record: list[Message], rng: random.Random
) -> None:
    shuffled = record + [one for one in record if rng.random() < 0.2]
    rng.shuffle(shuffled)
    hospital = told(shuffled, rng, trouble=0.25)
    assert hospital.judged() == from_scratch(record)
    assert hospital.standing() == from_scratch(record)
    hospital.restart()
    assert hospital.judged() == from_scratch(record)


@given(records, chance)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_after_each_message_every_patient_is_judged_as_from_scratch(record: list[Message], rng: random.Random) -> None:
    hospital = Hospital(rng)
    for count, one in enumerate(record, 1):
        hospital.send([one])
        hospital.work_off()
        assert hospital.judged() == from_scratch(record[:count])
        assert hospital.standing() == from_scratch(record[:count])


@given(st.lists(messages, max_size=5), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_all_orders_of_five_messages_end_in_the_same_state(record: list[Message], seed: int) -> None:
    expected = from_scratch(record)
    for order in itertools.permutations(record):
        assert told(list(order), random.Random(seed)).judged() == expected


def heart_rate(name: str, patient_id: str, version_id: int = 1, status: int = 2, value: float = 80.0) -> Message:
    return message(observation(name, patient_id, START, Version(0, version_id, status), value))


def person(patient_id: str, version_id: int, **says: tuple[str, ...]) -> Message:
    event = PatientVersion("hospital", patient_id, patient_id, Version(0, version_id), False, 0, **says)  # type: ignore[arg-type]
    return message(digested(event))


def judged(*record: Message) -> set[str]:
    """Who is judged in the end, in any order of arrival."""
    ends = {frozenset(told(list(order), random.Random(7)).judged()) for order in itertools.permutations(record)}
    [end] = ends
    return set(end)


def basis(patient_id: str, *record: Message) -> tuple[str, ...]:
    """The resources that a patient is judged by in the end."""
    from streams.timeline.snapshot import snapshot
    from tests.unit.workers.hospital import RELAY

    owner = told(list(record), random.Random(7)).owners[RELAY.home(patient_id)]
    found = snapshot(patient_id, owner.share.gathered(patient_id))
    assert found is not None
    return found.basis


def test_a_merged_patient_is_judged_under_the_survivor_and_never_under_the_retired_id() -> None:
    assert judged(heart_rate("a", "p1"), heart_rate("b", "p2"), person("p1", 2, replaced_by=("p2",))) == {"p2"}


def test_the_survivor_alone_may_say_it() -> None:
    assert judged(heart_rate("a", "p1"), heart_rate("b", "p2"), person("p2", 2, replaces=("p1",))) == {"p2"}


def test_an_unmerge_gives_both_back_what_is_theirs() -> None:
    merged, undone = person("p1", 2, replaced_by=("p2",)), person("p1", 3)
    record = heart_rate("a", "p1"), heart_rate("b", "p2"), merged, undone
    assert judged(*record) == {"p1", "p2"}
    assert basis("p2", *record) == ("b",)


def test_a_chain_of_merges_ends_at_its_end() -> None:
    record = heart_rate("a", "p1"), person("p1", 2, replaced_by=("p2",)), person("p2", 2, replaced_by=("p3",))
    assert judged(*record) == {"p3"}


def test_in_a_cycle_of_merges_the_word_highest_in_version_order_is_void() -> None:
    record = heart_rate("a", "p1"), person("p1", 2, replaced_by=("p2",)), person("p2", 3, replaced_by=("p1",))
    assert judged(*record) == {"p2"}


def test_a_fact_of_a_retired_id_that_comes_later_counts_for_the_survivor() -> None:
    assert basis("p2", person("p1", 2, replaced_by=("p2",)), heart_rate("a", "p1")) == ("a",)


def test_facts_by_identifier_alone_wait_for_the_patient_who_has_it() -> None:
    assert judged(heart_rate("a", ANN)) == set()
    assert judged(heart_rate("a", ANN), person("p1", 1, aliases=(ANN,))) == {"p1"}


def test_facts_by_identifier_follow_the_merge_of_the_patient_who_has_it() -> None:
    record = heart_rate("a", ANN), person("p1", 2, aliases=(ANN,), replaced_by=("p2",))
    assert judged(*record) == {"p2"}


def test_an_identifier_that_went_to_another_patient_takes_its_facts_along() -> None:
    record = heart_rate("a", ANN), person("p1", 1, aliases=(ANN,)), person("p1", 2), person("p2", 1, aliases=(ANN,))
    assert judged(*record) == {"p2"}


def test_a_correction_that_names_another_patient_moves_the_fact() -> None:
    record = heart_rate("a", "p1"), heart_rate("b", "p1"), heart_rate("a", "p2", 2, 3)
    assert judged(*record) == {"p1", "p2"}
    assert basis("p1", *record) == ("b",)


def test_a_fact_moved_there_and_back_is_where_the_highest_version_says() -> None:
    record = heart_rate("a", "p1"), heart_rate("a", "p2", 2, 3), heart_rate("a", "p1", 3, 3)
    assert basis("p1", *record) == ("a",)
    assert basis("p2", *record, heart_rate("z", "p2")) == ("z",)


def test_a_deleted_fact_counts_for_nobody_even_where_it_comes_after_its_deletion() -> None:
    gone = Message(Overruling("hospital", "a", Version(START, 0, 4, b"x"), "", 0))
    assert basis("p1", gone, heart_rate("b", "p1"), heart_rate("a", "p1")) == ("b",)


def standing(*steps: Message) -> dict[str, bytes]:
    """The last words on everybody, where the last step's state was written and its results were lost, and it comes
    again to a new owner."""
    hospital = told(list(steps[:-1]), random.Random(7))
    hospital.send([steps[-1]])
    hospital.lose_all_results()
    hospital.work_off()
    return hospital.standing()


def test_who_lost_a_fact_is_published_again_though_the_overruling_comes_a_second_time() -> None:
    gone = Message(Overruling("hospital", "a", Version(START, 0, 4, b"x"), "", 0))
    record = heart_rate("a", "p1"), heart_rate("b", "p1"), gone
    assert standing(*record) == from_scratch(list(record))


def test_the_former_survivor_is_published_again_though_the_unmerge_comes_a_second_time() -> None:
    merged, undone = person("p1", 2, replaced_by=("p2",)), person("p1", 3)
    record = heart_rate("a", "p1"), heart_rate("b", "p2"), merged, undone
    assert standing(*record) == from_scratch(list(record))


def test_the_survivor_before_another_patient_claims_the_record_is_published_again() -> None:
    first, second = person("p2", 2, replaces=("p1",)), person("p3", 5, replaces=("p1",))
    record = heart_rate("a", "p1"), heart_rate("b", "p2"), first, second
    assert standing(*record) == from_scratch(list(record))


def test_of_a_survivor_who_is_left_without_facts_the_last_word_is_taken_back() -> None:
    record = heart_rate("a", "p1"), person("p1", 2, replaced_by=("p2",)), person("p1", 3)
    assert set(told(list(record), random.Random(7)).standing()) == {"p1"}
    assert set(standing(*record)) == {"p1"}


def test_of_a_patient_whose_identifier_went_elsewhere_the_last_word_is_taken_back() -> None:
    record = heart_rate("a", ANN), person("p1", 1, aliases=(ANN,)), person("p2", 9, aliases=(ANN,))
    assert set(told(list(record), random.Random(7)).standing()) == {"p2"}
    assert set(standing(*record)) == {"p2"}


def test_of_a_retired_patient_known_by_identifier_alone_the_last_word_is_taken_back() -> None:
    known, merged = person("p1", 1, aliases=(ANN,)), person("p1", 2, aliases=(ANN,), replaced_by=("p2",))
    record = heart_rate("a", ANN), known, merged
    assert set(told(list(record), random.Random(7)).standing()) == {"p2"}
    assert set(standing(*record)) == {"p2"}


def test_a_withdrawn_version_is_an_observation_version() -> None:
    event = heart_rate("a", "p1", 2, 4).event
    assert isinstance(event, ObservationVersion)
    assert event.withdrawn
