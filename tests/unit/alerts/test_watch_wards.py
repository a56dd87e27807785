"""Alerts and the ward that has the patient now."""

from __future__ import annotations

from streams.alerts.life import Place
from streams.alerts.watch import Watch
from tests.unit.alerts.policies import at, one, policy, word

NORTH, ICU = Place("North", "e1"), Place("ICU", "e1")


def north() -> Watch:
    """A watch of a patient on ward North whose alert has been acknowledged."""
    watch = Watch(policy())
    watch.assess([one(0, 80)], at(0), NORTH, (), at(0))
    watch.assess([], at(99), NORTH, (word(1),), at(1))
    return watch


def test_a_ward_that_gets_a_patient_hears_of_the_alerts_that_stand() -> None:
    watch = north()
    [life] = watch.assess([], at(99), ICU, (word(1),), at(2))
    assert life.state == "acknowledged"
    assert watch.record("p1", life).ward == "ICU"
    assert watch.assess([], at(99), ICU, (word(1),), at(3)) == []


def test_it_hears_once_of_an_alert_that_changes_by_the_transfer() -> None:
    watch = north()
    lives = watch.assess([one(2, 20)], at(2), ICU, (word(1),), at(2))
    assert [life.state for life in lives] == ["resolved"]


def test_where_the_patient_came_from_does_not_silence_what_vital_signs_alone_say() -> None:
    lower = "wards:\n  ICU:\n    high-risk: {raise_at: {index: 40}, clear_below: {index: 35}}\n"
    rows = [one(minute, 45, fast=43) for minute in range(0, 240, 10)]
    there, came = Watch(policy(wards=lower)), Watch(policy(wards=lower))
    for row in rows:
        there.assess([row], row.at, ICU, (), row.at)
        came.assess([row], row.at, NORTH, (), row.at)
    came.assess([], at(999), ICU, (), at(240))
    assert [life.state for life in there.standing()] == [life.state for life in came.standing()] == ["raised"]


def test_another_stay_on_the_same_ward_is_no_news() -> None:
    assert north().assess([], at(99), Place("North", "e2"), (word(1),), at(2)) == []


def test_what_would_stand_does_not_depend_on_what_others_were_told() -> None:
    watch = north()
    watch.said.clear()
    assert [(life.state, life.by) for life in watch.would_stand(at(5))] == [("acknowledged", "nurse-1")]


def test_what_would_stand_follows_passing_time() -> None:
    watch = Watch(policy("escalation: [{after: 15 min, to: nurse in charge}]"))
    assert watch.would_stand(at(99)) == []
    watch.assess([one(0, 80)], at(0), NORTH, (), at(0))
    assert [life.state for life in watch.would_stand(at(14))] == ["raised"]
    assert [life.state for life in watch.would_stand(at(15))] == ["escalated"]
