"""What the inputs of one flush concern: whom, since when, and what is to be said last of whom."""

from __future__ import annotations

from typing import Any

import pytest

from streams import topics
from streams.clock import HOUR
from streams.errors import ContractError
from streams.identity import alias
from streams.publish.retirement import Retirement
from streams.records import Identities, Identity, Version
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.transport.runs import Run
from streams.workers.gathering import Gathered
from streams.workers.relay import Relay
from tests.unit.workers.fakes import MARKED, START, Rec, encode, vitals

ANN = alias("urn:mrn", "ann", "hospital")
RELAY = Relay(1)


def share() -> Share:
    return Share(b"mark", Retention(72 * HOUR, 14 * 24 * HOUR))


def gathered(of: Share, *events: Any) -> Gathered:
    found = Gathered()
    for event in events:
        record = Rec(0, encode(event))
        found.take(record, Run(topics.EVENTS_OBSERVATIONS, 0, (record,), 1), of)
    return found


def word(subject: str, target: str, version_id: int = 1, *, stands: bool = True) -> Identities:
    said = Identity(subject, target, "hospital", target, Version(0, version_id), stands)
    return Identities((said,), START)


def test_the_oldest_arrival_of_a_flush_is_remembered() -> None:
    found = gathered(share(), vitals(received_at=START + 9), vitals(at=START + 1, received_at=START + 3))
    assert found.arrivals == {"p1": START + 3}


def test_an_input_says_since_when_where_time_alone_did_not() -> None:
    found = Gathered()
    found.note("p1", None)
    found.note("p1", START)
    found.note("p1", None)
    assert found.arrivals == {"p1": START}


def test_a_fact_of_a_retired_id_concerns_the_survivor_and_the_retired_one() -> None:
    mine = share()
    gathered(mine, word("p1", "p2"))
    found = gathered(mine, vitals("p1"))
    assert set(found.patients(mine, 0, RELAY)) == {"p2"}
    assert list(found.last_words(mine, 0, RELAY)) == [Retirement("p1", "p2", START)]


def test_an_alias_is_nobody_to_be_judged_or_to_be_retired() -> None:
    mine = share()
    found = gathered(mine, vitals(ANN))
    assert (found.patients(mine, 0, RELAY), list(found.last_words(mine, 0, RELAY))) == ({}, [])
    found = gathered(mine, word(ANN, "p1"))
    assert set(found.patients(mine, 0, RELAY)) == {"p1"}
    assert list(found.last_words(mine, 0, RELAY)) == []


def test_a_patient_who_never_had_a_fact_has_no_last_word() -> None:
    mine = share()
    assert list(gathered(mine, word("p1", "p2")).last_words(mine, 0, RELAY)) == []


def test_a_patient_whose_facts_all_went_elsewhere_has_a_last_word_that_names_nobody() -> None:
    mine = share()
    gathered(mine, vitals(ANN), word(ANN, "p1"))
    found = gathered(mine, word(ANN, "p1", 2, stands=False))
    assert list(found.last_words(mine, 0, RELAY)) == [Retirement("p1", "", START)]


def test_words_survive_a_restart() -> None:
    mine = share()
    pieces = mine.changed(gathered(mine, vitals("p1"), word("p1", "p2"), word("p2", "p3")).arrivals)
    restored = share()
    restored.restore(pieces)
    assert restored.identities.way("p1") == ["p1", "p2", "p3"]


def test_words_that_bring_nothing_new_are_not_written_again() -> None:
    mine = share()
    assert len(mine.changed(gathered(mine, word("p1", "p2")).arrivals)) == 1
    assert mine.changed(gathered(mine, word("p1", "p2")).arrivals) == []


def test_a_record_that_is_not_ours_stops_the_worker_without_being_quoted() -> None:
    record = Rec(5, encode({"type": MARKED}))
    run = Run(topics.EVENTS_TRANSFERS, 0, (record,), 1)
    with pytest.raises(ContractError) as caught:
        Gathered().take(record, run, share())
    assert MARKED not in str(caught.value)
