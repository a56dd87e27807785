"""Where a patient lies: literal encounters in, ward, bed and stay out."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from streams.clock import HOUR
from streams.records import EncounterVersion, Measure, ObservationVersion, Overruling, Version
from streams.timeline.place import NOWHERE, Place, place
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.timeline.snapshot import snapshot
from streams.timeline.timeline import Timeline

RETENTION = Retention(quick_ms=72 * HOUR, slow_ms=14 * 24 * HOUR)
NOON = 1_700_000_000_000


def stay(name: str, ward: str = "", bed: str = "", **more: Any) -> EncounterVersion:
    whole: dict[str, Any] = {
        "source": "hospital",
        "resource_id": f"Encounter/{name}",
        "patient_id": "p1",
        "version": Version(version_id=1),
        "withdrawn": False,
        "received_at": NOON,
        "start": NOON,
        "ward": ward,
        "bed": bed,
    }
    return EncounterVersion(**(whole | more))


def pulse(at: int = NOON, encounter_id: str = "", **more: Any) -> ObservationVersion:
    measures = (Measure("8867-4", "8867-4", 80.0),)
    whole: dict[str, Any] = {"version": Version(version_id=1), "withdrawn": False, "received_at": NOON} | more
    return ObservationVersion(
        "monitor", f"hr-{at}", "p1", effective_at=at, encounter_id=encounter_id, measures=measures, **whole
    )


def timeline(*events: EncounterVersion | ObservationVersion) -> Timeline:
    made = Timeline(RETENTION)
    for event in events:
        made.apply(event)
    return made


def where(*stays: EncounterVersion, named: str = "") -> Place:
    return place([timeline(*stays)], named)


def test_a_patient_without_encounters_is_nowhere() -> None:
    assert where() == NOWHERE
    assert place([], "e1") == NOWHERE


def test_an_active_encounter_gives_ward_bed_and_its_bare_id() -> None:
    assert where(stay("e1", "North", "12")) == Place("North", "12", "e1")


@pytest.mark.parametrize(
    "over",
    [{"status": "finished"}, {"status": "cancelled"}, {"status": "planned"}, {"withdrawn": True}],
)
def test_a_stay_that_does_not_go_on_is_no_place(over: dict[str, Any]) -> None:
    assert where(stay("e1", "North", "12", **over)) == NOWHERE


def test_a_transfer_is_a_newer_version_of_the_encounter() -> None:
    moved = stay("e1", "ICU", "3", version=Version(version_id=2))
    assert where(stay("e1", "North", "12"), moved) == Place("ICU", "3", "e1")
    assert where(moved, stay("e1", "North", "12")) == Place("ICU", "3", "e1")


def test_the_encounter_that_the_newest_fact_names_comes_before_one_that_began_later() -> None:
    both = stay("e1", "North"), stay("e2", "Day clinic", start=NOON + HOUR)
    assert where(*both, named="e1").ward == "North"
    assert where(*both, named="e2").ward == "Day clinic"


def test_else_the_active_one_that_began_last() -> None:
    both = stay("e1", "North"), stay("e2", "ICU", start=NOON + HOUR)
    assert where(*both).ward == "ICU"
    assert where(*both, named="unknown").ward == "ICU"


def test_where_the_named_encounter_is_finished_another_that_goes_on_is_the_place() -> None:
    assert where(stay("e1", "North", status="finished"), stay("e2", "ICU"), named="e1") == Place("ICU", "", "e2")


def test_an_encounter_whose_beginning_is_unknown_comes_last() -> None:
    assert where(stay("e9", "Unknown", start=None), stay("e1", "North", start=-HOUR)).ward == "North"


def test_the_encounters_of_every_identity_of_the_patient_count() -> None:
    retired, own = timeline(stay("e1", "North")), timeline(stay("e2", "ICU", start=NOON + HOUR))
    assert place([own, retired], "") == Place("ICU", "", "e2")
    assert place([own, retired], "e1") == Place("North", "", "e1")


def test_the_same_encounters_give_the_same_place_in_any_order_and_however_they_are_gathered() -> None:
    stays = stay("e1", "A"), stay("e2", "B"), stay("e2", "C", source="other"), stay("e3", "D", start=None)
    found = {where(*order) for order in permutations(stays)}
    found |= {place([timeline(*order[:2]), timeline(*order[2:])], "") for order in permutations(stays)}
    assert found == {Place("C", "", "e2")}


def test_a_snapshot_says_where_the_patient_lies_and_which_encounter_goes_on() -> None:
    found = snapshot("p1", [timeline(stay("e1", "North", "12"), pulse())])
    assert found is not None
    assert (found.ward, found.bed, found.encounter_id) == ("North", "12", "e1")


def test_the_newest_fact_that_names_an_encounter_decides() -> None:
    both = stay("e1", "North"), stay("e2", "ICU", start=NOON + HOUR)
    found = snapshot("p1", [timeline(*both, pulse(NOON, "e2"), pulse(NOON + 1, "e1"), pulse(NOON + 2))])
    assert found is not None
    assert found.ward == "North"


def test_without_known_encounters_the_fact_still_names_its_own_and_there_is_no_ward() -> None:
    found = snapshot("p1", [timeline(pulse(encounter_id="e7"))])
    assert found is not None
    assert (found.ward, found.bed, found.encounter_id) == ("", "", "e7")


def test_encounters_move_no_clinical_time_and_alone_make_no_score() -> None:
    later = stay("e1", "North", start=NOON + 5 * HOUR)
    found = snapshot("p1", [timeline(pulse(), later)])
    assert found is not None
    assert found.as_of == NOON
    assert snapshot("p1", [timeline(later)]) is None


def test_an_encounter_that_has_become_another_patients_is_no_place_whichever_comes_first() -> None:
    word = Overruling("hospital", "Encounter/e1", Version(version_id=2), "p2", NOON)
    for events in permutations((stay("e1", "North"), word)):
        share = Share(b"mark", RETENTION)
        for event in events:
            share.apply(event)
        assert place(share.gathered("p1"), "") == NOWHERE


def test_who_lost_an_encounter_to_another_is_judged_again() -> None:
    share = Share(b"mark", RETENTION)
    share.apply(stay("e1", "North"))
    taken = share.apply(Overruling("hospital", "Encounter/e1", Version(version_id=2), "p2", NOON))
    assert taken.touched == ("p1",)


def test_word_that_an_encounter_has_left_is_remembered_as_long_as_the_encounter_is() -> None:
    share = Share(b"mark", RETENTION)
    share.apply(stay("e1", "North"))
    share.apply(Overruling("hospital", "Encounter/e1", Version(version_id=2), "p2", NOON))
    share.apply(Overruling("hospital", "x", Version(version_id=2), "p9", NOON + 100 * 24 * HOUR))
    share.advance(NOON)
    assert place(share.gathered("p1"), "") == NOWHERE


def test_a_restored_state_has_the_same_place() -> None:
    share = Share(b"mark", RETENTION)
    share.restore([])
    share.apply(stay("e1", "North", "12"))
    again = Share(b"kram", RETENTION)
    again.restore(share.changed(["p1"]))
    assert place(again.gathered("p1"), "") == Place("North", "12", "e1")
