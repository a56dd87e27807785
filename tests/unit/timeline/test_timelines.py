"""The timelines of a partition: what rests is found, opened and forgotten as if it had never rested."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clock import HOUR
from streams.records import ClinicalEvent, EncounterVersion, Measure, ObservationVersion, Overruling, Version
from streams.timeline.encoding import PieceKey, decode_key, encode_key
from streams.timeline.retention import Retention
from streams.timeline.rows import NEVER
from streams.timeline.share import Share
from streams.timeline.slot import SLOT
from streams.timeline.snapshot import as_of
from streams.timeline.timeline import Timeline
from streams.timeline.timelines import Timelines
from tests.unit.timeline.test_share import RETENTION, START, Log, digests, events, own
from tests.unit.workers.versions import film

FINAL = Version(0, 1, 2)


def observation(resource_id: str, patient_id: str = "p1", at: int = START, version: int = 1) -> ObservationVersion:
    measures = (Measure("8867-4", "8867-4", 80.0),)
    return ObservationVersion("hospital", resource_id, patient_id, Version(0, version), False, 0, at, "e1", measures)


def resting(*batch: ClinicalEvent) -> Share:
    """A share that has taken these in and laid everything to rest."""
    share = Share(b"mark", RETENTION)
    share.timelines.open_bytes = 0
    for event in batch:
        share.apply(event)
    share.changed([event.patient_id for event in batch])
    share.changed([])
    return share


overrulings = st.builds(
    Overruling,
    source=st.just("hospital"),
    resource_id=st.sampled_from(["a", "b", "c"]),
    version=st.builds(Version, version_id=st.integers(0, 3), status_rank=st.just(4)),
    patient_id=st.sampled_from(["", "p1", "p2"]),
    received_at=st.just(0),
)


@given(events, st.lists(overrulings, max_size=4), st.data())
@settings(max_examples=500, deadline=None)
def test_resting_between_any_two_flushes_changes_nothing(
    batch: list[ClinicalEvent], words: list[Overruling], data: st.DataObject
) -> None:
    shares = [Share(b"mark", RETENTION), Share(b"mark", RETENTION)]
    shares[1].timelines.open_bytes = 0
    for event in data.draw(st.permutations([*batch, *words])):
        taken = [share.apply(event) for share in shares]
        assert (taken[0].outcome, set(taken[0].touched)) == (taken[1].outcome, set(taken[1].touched))
        written = [share.changed(taken[0].touched) for share in shares]
        assert sorted(decode_key(key) for key, _ in written[0]) == sorted(decode_key(key) for key, _ in written[1])
    assert digests(shares[0]) == digests(shares[1])
    for name in shares[0].timelines:
        assert shares[0].as_of(name) == shares[1].as_of(name) == as_of([shares[0].timelines[name]])


def test_what_waits_to_be_written_is_not_laid_to_rest() -> None:
    share = Share(b"mark", RETENTION)
    share.timelines.open_bytes = 0
    share.apply(observation("a"))
    held = share.timelines["p1"]
    share.timelines.rest()
    assert share.timelines["p1"] is held
    share.changed(["p1"])
    share.changed([])
    assert share.timelines["p1"] is not held


def test_those_asked_for_longest_ago_rest_first() -> None:
    share = Share(b"mark", RETENTION)
    for name in ("p1", "p2", "p3"):
        share.apply(observation("a", name))
    share.changed(["p1", "p2", "p3"])
    held = {name: share.timelines[name] for name in ("p2", "p3", "p1")}
    share.timelines.open_bytes = 2 * held["p1"].facts.size
    share.apply(observation("a", "p4"))
    share.changed(["p4"])
    share.timelines.rest()
    assert [name for name in held if share.timelines[name] is held[name]] == ["p1"]


def test_an_overruling_finds_what_it_voids_among_those_at_rest_and_open() -> None:
    share = resting(*(observation(f"o-{n}", f"p{n}") for n in range(300)), observation("o-7", "q"))
    share.timelines["p7"]
    word = Overruling("hospital", "o-7", Version(0, 2), "", 0)
    assert set(share.apply(word).touched) == {"p7", "q"}
    assert share.as_of("p7") == START
    assert share.timelines["p7"].is_usable(("hospital", "o-7")) is False
    assert share.apply(Overruling("clinic", "o-8", Version(0, 2), "", 0)).touched == ()


def test_an_overruling_of_a_stay_finds_it_at_rest() -> None:
    share = resting(EncounterVersion("hospital", "Encounter/e1", "p1", Version(0, 1), False, 0, ward="W"))
    assert share.apply(Overruling("hospital", "Encounter/e1", Version(0, 2), "p2", 0)).touched == ("p1",)


def test_what_is_dropped_is_gone_and_its_former_owners_pieces_are_removed() -> None:
    log = Log()
    former = own(log, b"old1")
    former.apply(observation("a", "idn:1"))
    log.append(former.changed(["idn:1"]))
    share = own(log, b"new1")
    pieces = share.drop("idn:1")
    assert [(decode_key(key).piece, value) for key, value in pieces] == [(START // SLOT, None)]
    old = encode_key(PieceKey("idn:1", START // SLOT, 1, b"old1"))
    assert share.superseded(pieces) == [(old, None)]
    assert ("idn:1" in share.timelines, len(share.timelines), share.drop("idn:1")) == (False, 0, [])
    assert share.timelines.holding(("hospital", "a")) == []


def test_nobody_is_unknown_and_nothing_is_as_of_nothing() -> None:
    share = resting(observation("a"))
    with pytest.raises(KeyError):
        share.timelines["p2"]
    assert share.timelines.get("p2") is None
    assert share.as_of("p2") is None
    assert share.timelines.instants("p2") == (NEVER, NEVER)


def test_horizons_and_retention_outlive_rest() -> None:
    share = resting(observation("a"))
    assert share.apply(observation("b", at=START + 100 * HOUR)).outcome == "added"
    assert [one.resource_id for one in share.timelines["p1"].resources()] == ["b"]
    assert isinstance(share.timelines["p1"], Timeline)


def test_pieces_of_which_a_shorter_retention_leaves_nothing_are_removed_when_their_patient_is_touched() -> None:
    log = Log()
    former = own(log, b"old1")
    former.apply(observation("a"))
    former.apply(observation("b", at=START + 3 * HOUR))
    log.append(former.changed(["p1"]))
    share = Share(b"new1", Retention(HOUR, HOUR))
    log.append(share.restore(log.records))
    share.apply(observation("c", at=START + 3 * HOUR))
    pieces = share.changed(["p1"])
    removed = [decode_key(key).piece for key, value in pieces if value is None]
    assert removed == [START // SLOT]
    assert encode_key(PieceKey("p1", START // SLOT, 1, b"old1")) in [key for key, _ in share.superseded(pieces)]
    assert share.changed(["p1"]) == []


def test_a_piece_that_is_filled_again_is_not_removed() -> None:
    log = Log()
    former = own(log, b"old1")
    former.apply(observation("a"))
    log.append(former.changed(["p1"]))
    former.apply(observation("b", at=START + 3 * HOUR))
    log.append(former.changed(["p1"]))
    share = Share(b"new1", Retention(HOUR, HOUR))
    share.restore(log.records)
    share.retention = share.timelines["p1"].retention = RETENTION
    share.apply(observation("a", version=2))
    assert [value is None for key, value in share.changed(["p1"]) if decode_key(key).piece == START // SLOT] == [False]


def test_those_of_whom_nothing_but_studies_is_known_are_told_awake_and_at_rest_by_the_oldest() -> None:
    made = Timelines(RETENTION, lambda *_: False)
    for name in ("awake", "rests"):
        made.made(name).apply(film("x", name, START, FINAL, 0.6))
        made[name].apply(film("y", name, START + HOUR, FINAL, 0.6))
    made.made("with-vitals").apply(film("x", "with-vitals", START, FINAL, 0.6))
    made["with-vitals"].apply(observation("a", "with-vitals"))
    made.made("empty")
    made["rests"].touched.clear()
    made.close("rests")
    assert (made.said_alone(START), made.said_alone(START + 1)) == ([], ["rests", "awake"])
    assert made["rests"].forget_said(START + 1)
    made.close("rests")
    assert made.said_alone(START + 1) == ["awake"]
