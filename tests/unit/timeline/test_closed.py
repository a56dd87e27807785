"""A timeline at rest is the same timeline: closed and opened at any moment, it answers as plain objects do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clock import HOUR, MINUTE
from streams.errors import ContractError
from streams.records import EncounterVersion, Measure, ObservationVersion, PatientVersion, Version
from streams.timeline import stretch
from streams.timeline.closed import closed, instants, may_hold, opened
from streams.timeline.held import Held
from streams.timeline.retention import Retention
from streams.timeline.rows import NEVER, held_of, identify, no_words, rows_of
from streams.timeline.snapshot import as_of, snapshot
from streams.timeline.timeline import Timeline
from tests.unit.timeline.eager import Eager
from tests.unit.timeline.test_share import START, digested

RETENTION = Retention(quick_ms=24 * HOUR, slow_ms=48 * HOUR)
UUID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
IDS = [
    "a",
    "b",
    "sixteen-letters-",
    "seventeen-letters",
    UUID,
    UUID.upper(),
    "sha-" + 32 * "0a",
    "Flag/f1",
    "é",
    "x" * 64,
]
CODES = ["8867-4", "8480-6", "8480-6", "8462-4", "8462-4", "2823-3", "29463-7", "made-up"]
"""Pressures twice, so that they contradict each other often."""


def voids(resource: Any) -> bool:
    """Stands for overrulings."""
    return bool(resource.version.version_id == 2 and resource.resource_id in {"a", UUID})


observations = st.builds(
    ObservationVersion,
    source=st.sampled_from(["hospital", "hospital", "monitor"]),
    resource_id=st.sampled_from(IDS),
    patient_id=st.just("p1"),
    version=st.builds(
        Version,
        last_updated=st.sampled_from([0, START, START + 1]),
        version_id=st.sampled_from([0, 1, 2, 10**18 - 1]),
        status_rank=st.integers(0, 4),
    ),
    withdrawn=st.sampled_from([False, False, True]),
    received_at=st.just(0),
    effective_at=st.sampled_from([*(START + n for n in (0, 1, 6 * MINUTE, 30 * HOUR, 60 * HOUR)), -START, None]),
    encounter_id=st.sampled_from(["", "e1", UUID]),
    measures=st.lists(
        st.builds(
            Measure,
            st.sampled_from(["same", "8867-4#2"]),
            st.sampled_from(CODES),
            st.sampled_from([60.0, 80.0, 80.5, 120.0, 36.7, 9000.0, -1.0, 1e300]),
        ),
        max_size=3,
    ).map(lambda found: tuple(m if m.component != "same" else Measure(m.code, m.code, m.value) for m in found)),
).map(digested)  # fmt: skip


def reopened(timeline: Timeline) -> Timeline:
    """Close and open, touched pieces apart: what waits to be written is never closed."""
    found = opened(closed(timeline), timeline.retention, voids)
    found.touched = timeline.touched
    return found


def facts(held: Any) -> list[Held]:
    return sorted(held, key=lambda one: one.key)


def answers(found: Any) -> Any:
    if found is None:
        return None
    series = [column.tolist() for column in found.series]
    place = found.basis, found.basis_count, found.encounter_id
    return found.as_of, series, place, found.corrected, found.corrections, found.corrections_count


@given(st.lists(st.tuples(observations, st.booleans()), max_size=25), st.sampled_from([2, 3, 8, 512]))
@settings(max_examples=2000, deadline=None)
def test_closed_at_any_moment_and_cut_anywhere_it_answers_as_plain_objects_do(
    steps: list[tuple[Any, bool]], most: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stretch, "MOST", most)
        plain, lazy = Eager(RETENTION, voids), Timeline(RETENTION, voids)
        for event, close in steps:
            plain.apply(event)
            lazy.apply(event)
            if close:
                lazy = reopened(lazy)
            assert facts(lazy.resources()) == facts(plain.known.values())
            assert (lazy.horizon, lazy.touched) == (plain.horizon, plain.touched)
            assert answers(snapshot("p1", [lazy])) == answers(plain.snapshot())
            assert as_of([lazy]) == getattr(plain.snapshot(), "as_of", None)
        assert {key: lazy.is_usable(key) for key in plain.known} == {
            key: bool(plain.usable(one)) for key, one in plain.known.items()
        }


@given(st.lists(observations, max_size=8))
@settings(max_examples=500, deadline=None)
def test_what_is_asked_of_a_timeline_at_rest_is_what_it_says_open(batch: list[Any]) -> None:
    made = Timeline(RETENTION, voids)
    for event in batch:
        made.apply(event)
    raw = closed(made)
    assert instants(raw) == (made.facts.newest_usable(), NEVER if made.horizon is None else made.horizon)
    # From columns it is told another way, by looking at every instant.
    made.facts.columns()
    assert made.facts.newest_usable() == instants(raw).newest_usable
    for one in made.resources():
        assert may_hold(raw, identify(one.resource_id)[1])


def test_demographics_stays_and_former_owners_rest_with_the_facts() -> None:
    made = Timeline(RETENTION)
    made.apply(PatientVersion("hospital", "p1", "p1", Version(0, 1), False, 0, "1950", "female", aliases=("idn:1",)))
    made.apply(EncounterVersion("hospital", "Encounter/e1", "p1", Version(0, 1), False, 0, ward="W", bed="3"))
    made.older = {5: (0, 2)}
    made.signatures = (7,)
    found = reopened(made)
    assert (found.patients, found.encounters) == (made.patients, made.encounters)
    assert (found.older, found.signatures, found.horizon) == ({5: (0, 2)}, (7,), None)
    assert may_hold(closed(made), identify("Encounter/e1")[1])
    assert not may_hold(closed(made), identify("Encounter/e2")[1])


def test_a_hundred_facts_at_rest_take_less_than_forty_bytes_each() -> None:
    made = Timeline(RETENTION)
    for n in range(100):
        at = START + n // 8 * 30 * MINUTE
        measure = Measure("8867-4", "8867-4", 60.0 + n % 50)
        name = f"1b4e28ba-2fa1-11d2-883f-{n * 7919:012x}"
        made.apply(
            digested(ObservationVersion("hospital", name, "p1", Version(at + n * 997), False, 0, at, UUID, (measure,)))
        )
    assert len(closed(made)) / 100 < 40


def test_what_names_no_stay_any_more_leaves_no_name_behind() -> None:
    made = Timeline(RETENTION)
    for n in range(50):
        at = START + n * 3 * 24 * HOUR
        measures = (Measure("8867-4", "8867-4", 80.0),)
        made.apply(ObservationVersion("hospital", f"o-{n}", "p1", Version(), False, 0, at, f"stay-{n}", measures))
    assert len(made.facts.words.names) == 52
    assert reopened(made).facts.words.names == ["", "hospital", "stay-49"]


@pytest.mark.parametrize("version", [Version(digest=bytes(9)), Version(version_id=2**63), Version(status_rank=16)])
def test_a_resource_that_normalise_never_writes_stops_the_worker(version: Version) -> None:
    with pytest.raises(ContractError, match="expected a resource as normalise writes it"):
        Timeline(RETENTION).apply(ObservationVersion("hospital", "a", "p1", version, False, 0, START))


def test_ids_of_every_form_read_back_and_stay_apart() -> None:
    words = no_words()
    forms = [*IDS, "", "A", "a-", UUID.replace("-", ""), "sha-" + 32 * "0A", "1b4e28ba-2fa1-11d2-883f0016d3cca427-"]
    held = [Held("s", name, Version(), False, START, START, False, "", ()) for name in forms]
    assert list(held_of(b"".join(rows_of(one, words) for one in held), words)) == held
    assert len({identify(name) for name in forms}) == len(forms)
