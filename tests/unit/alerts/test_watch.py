from __future__ import annotations

from collections.abc import Sequence

import pytest

from streams.alerts.assessed import Assessed
from streams.alerts.life import Life, Place
from streams.alerts.policy import Policy
from streams.alerts.watch import Watch
from streams.records import AlertCommand
from tests.unit.alerts.policies import at, one, policy, word

NOBODY = Place()


def told(
    rules: Policy, rows: Sequence[Assessed], words: tuple[AlertCommand, ...] = (), until: float | None = None
) -> list[tuple[str, str, float]]:
    """What others hear, minute after minute: rule, state and minute of its change."""
    watch = Watch(rules)
    found: list[Life] = []
    for row in rows:
        known = tuple(w for w in words if w.effective_at <= row.at)
        found += watch.assess([row], row.at, NOBODY, known, row.at)
    if words:
        found += watch.assess([], at(9999), NOBODY, words, rows[-1].at)
    if until is not None:
        found += watch.time_passes(at(until))
    return [(life.rule, life.state, (life.changed_at - at(0)) / 60_000) for life in found]


def test_an_alert_is_raised_where_the_index_reaches_the_threshold_and_resolved_below_the_lower_one() -> None:
    rows = [one(0, 50), one(1, 70), one(2, 65), one(3, 59.9)]
    assert told(policy(), rows) == [("high-risk", "raised", 1), ("high-risk", "resolved", 3)]


def test_between_the_two_thresholds_nothing_happens_however_often_it_moves() -> None:
    rows = [one(0, 70), *(one(k, 60 + 9 * (k % 2)) for k in range(1, 50))]
    assert told(policy(), rows) == [("high-risk", "raised", 0)]


def test_a_condition_that_ends_within_the_minimum_duration_raises_nothing() -> None:
    rules = policy("minimum_duration: 5 min")
    assert told(rules, [one(0, 50), one(1, 80), one(4, 50)], until=60) == []


def test_passing_time_alone_completes_the_minimum_duration() -> None:
    rules = policy("minimum_duration: 5 min")
    assert told(rules, [one(0, 50), one(1, 80)], until=5.9) == []
    assert told(rules, [one(0, 50), one(1, 80)], until=6) == [("high-risk", "raised", 6)]


def test_the_next_assessment_shows_that_the_condition_lasted_until_then() -> None:
    rules = policy("minimum_duration: 5 min")
    heard = told(rules, [one(0, 50), one(1, 80), one(9, 50)])
    assert heard == [("high-risk", "resolved", 9)]


def test_nothing_is_raised_while_the_assessment_is_indeterminate_and_nothing_is_resolved_by_it() -> None:
    rows = [one(0, None), one(1, 80), one(2, None), one(3, None)]
    assert told(policy(), rows, until=600) == [("high-risk", "raised", 1)]


def test_an_assessment_without_the_learned_model_raises_and_does_not_resolve() -> None:
    rows = [one(0, 80, degraded=True), one(1, 20, degraded=True)]
    assert told(policy(), rows) == [("high-risk", "raised", 0)]


def test_after_it_has_resolved_no_new_one_is_raised_within_the_cooldown_and_then_it_is() -> None:
    rules = policy("cooldown: 30 min")
    rows = [one(0, 80), one(1, 50), one(2, 80), one(20, 80)]
    assert told(rules, rows) == [("high-risk", "raised", 0), ("high-risk", "resolved", 1)]
    assert told(rules, rows, until=31)[-1] == ("high-risk", "raised", 31)


def test_within_the_cooldown_a_higher_level_raises_the_same_alert_again() -> None:
    rules = policy("cooldown: 30 min")
    rows = [one(0, 72), one(1, 50), one(2, 80)]
    assert told(rules, rows)[-1] == ("high-risk", "raised", 2)
    watch = Watch(rules)
    lives = [life for row in rows for life in watch.assess([row], row.at, NOBODY, (), row.at)]
    assert {life.began_at for life in lives} == {at(0)}
    assert lives[-1].times_raised == 2


def test_a_rise_raises_though_no_threshold_of_the_level_is_crossed() -> None:
    rules = policy("rise: {points: 25, within: 1 h}".replace("points", "points"))
    assert told(rules, [one(0, 50), one(30, 74)]) == []
    assert told(rules, [one(0, 50), one(30, 75)]) == [("high-risk", "raised", 30)]
    assert told(rules, [one(0, 50), one(61, 75)]) == []


def test_what_nobody_acknowledges_is_escalated_step_by_step() -> None:
    rules = policy("escalation: [{after: 15 min, to: nurse in charge}, {after: 30 min, to: physician}]")
    heard = told(rules, [one(0, 80)], until=29)
    assert heard == [("high-risk", "raised", 0), ("high-risk", "escalated", 15)]
    assert told(rules, [one(0, 80)], until=99)[-1] == ("high-risk", "escalated", 30)


def test_an_acknowledged_alert_is_not_escalated() -> None:
    rules = policy("escalation: [{after: 15 min, to: nurse in charge}]")
    heard = told(rules, [one(0, 80)], (word(14),), until=99)
    assert heard == [("high-risk", "raised", 0), ("high-risk", "acknowledged", 14)]


def test_an_acknowledged_alert_is_raised_again_by_points_after_the_quiet_period_and_by_a_level_within_it() -> None:
    rules = policy("quiet_after_acknowledge: 1 h\nrealert_points: 4")
    acknowledged = (word(1),)
    by_points = told(rules, [one(0, 70), one(2, 74)], acknowledged)
    assert by_points[-1] == ("high-risk", "acknowledged", 1)
    assert told(rules, [one(0, 70), one(2, 74)], acknowledged, until=61)[-1] == ("high-risk", "raised", 61)
    assert told(rules, [one(0, 70), one(2, 75)], acknowledged)[-1] == ("high-risk", "raised", 2)


def test_a_snoozed_alert_comes_back_at_its_end_where_it_still_stands() -> None:
    rules = policy()
    snoozed = (word(1, "snooze", until=30),)
    assert told(rules, [one(0, 80)], snoozed, until=29.9)[-1] == ("high-risk", "snoozed", 1)
    assert told(rules, [one(0, 80)], snoozed, until=30)[-1] == ("high-risk", "raised", 30)
    assert told(rules, [one(0, 80), one(10, 20)], snoozed, until=30)[-1] == ("high-risk", "resolved", 10)


def test_what_a_person_resolves_stays_so_until_the_condition_has_gone() -> None:
    rules = policy()
    resolved = (word(1, "resolve"),)
    assert told(rules, [one(0, 80), one(5, 80)], resolved, until=999)[-1] == ("high-risk", "resolved", 1)
    rows = [one(0, 80), one(5, 80), one(6, 50), one(7, 80)]
    assert told(rules, rows, resolved)[-1] == ("high-risk", "raised", 7)


def test_a_command_of_a_clock_that_is_behind_counts_from_the_alert_on() -> None:
    behind = word(-5, raised_at=at(1))
    assert told(policy(), [one(1, 80)], (behind,))[-1] == ("high-risk", "acknowledged", 1)


def test_a_command_that_was_taken_back_is_not_handed_in_and_the_alert_stands_as_before() -> None:
    watch = Watch(policy())
    watch.assess([one(0, 80)], at(0), NOBODY, (), at(0))
    watch.assess([], at(99), NOBODY, (word(1),), at(2))
    [life] = watch.assess([], at(99), NOBODY, (), at(2))
    assert life.state == "raised"


def test_where_images_alone_moved_the_score_it_waits_until_vital_signs_get_worse() -> None:
    rows = [one(0, 50), one(1, 72, fast=50), one(2, 72, fast=50)]
    assert told(policy(), rows, until=99) == []
    assert told(policy(), [*rows, one(3, 74, fast=51)]) == [("high-risk", "raised", 3)]
    assert told(policy("hold_slow_evidence: false"), rows)[0] == ("high-risk", "raised", 1)


def test_a_rise_that_is_an_images_alone_is_held_back_though_vital_signs_are_over_the_threshold() -> None:
    rules = policy("rise: {points: 5, within: 1 h}")
    assert told(rules, [one(0, 70), one(1, 76, fast=70)], until=99) == []
    assert told(rules, [one(0, 70), one(1, 76, fast=76)])[0] == ("high-risk", "raised", 1)


def test_a_correction_that_takes_the_reason_away_resolves_the_alert_and_says_so() -> None:
    watch = Watch(policy())
    for row in (one(0, 50), one(1, 80), one(2, 80)):
        watch.assess([row], row.at, NOBODY, (), row.at)
    [life] = watch.assess([one(1, 50), one(2, 50)], at(1), NOBODY, (), at(2))
    assert (life.state, life.reason, life.began_at) == ("resolved", "corrected", at(1))
    assert watch.standing() == []


def test_an_acknowledgement_stays_with_the_alert_though_a_late_value_moves_its_beginning() -> None:
    watch = Watch(policy())
    for row in (one(0, 50), one(5, 80)):
        watch.assess([row], row.at, NOBODY, (), row.at)
    watch.assess([], at(99), NOBODY, (word(6),), at(6))
    lives = watch.assess([one(3, 80), one(5, 80)], at(3), NOBODY, (word(6),), at(7))
    assert [(life.state, life.began_at, life.replaced_by) for life in lives] == [
        ("acknowledged", at(3), ""),
        ("superseded", at(5), str(at(3))),
    ]


def test_of_a_patient_merged_into_another_what_stands_is_superseded_and_says_so_as_often_as_asked() -> None:
    watch = Watch(policy())
    watch.assess([one(0, 80)], at(0), NOBODY, (), at(0))
    for _ in range(2):
        [life] = watch.retired("Patient/p2")
        assert (life.state, life.reason, life.replaced_by) == ("superseded", "merged", "Patient/p2")
    assert watch.time_passes(at(999)) == []


def test_an_unmerged_patients_alert_stands_again_under_its_id() -> None:
    watch = Watch(policy())
    [before] = watch.assess([one(0, 80)], at(0), NOBODY, (), at(0))
    watch.retired("Patient/p2")
    [life] = watch.assess([one(0, 80)], at(0), NOBODY, (), at(0))
    assert (life.state, life.key) == ("raised", before.key)


def test_a_ward_has_its_own_threshold_and_a_transfer_judges_the_look_back_anew() -> None:
    rules = policy(wards="wards:\n  ICU:\n    high-risk: {raise_at: {index: 90}}\n")
    watch = Watch(rules)
    watch.assess([one(0, 80)], at(0), Place("North", ""), (), at(0))
    [life] = watch.assess([], at(99), Place("ICU", ""), (), at(1))
    assert (life.state, life.reason) == ("resolved", "corrected")


def test_a_ward_without_the_rule_ends_its_alert_by_the_policy() -> None:
    rules = policy(wards="wards:\n  ICU:\n    high-risk: off\n")
    watch = Watch(rules)
    watch.assess([one(0, 80)], at(0), Place("North", ""), (), at(0))
    [life] = watch.assess([], at(99), Place("ICU", ""), (), at(1))
    assert (life.state, life.reason) == ("resolved", "policy")


def test_what_lies_behind_the_look_back_is_not_assessed_again() -> None:
    watch = Watch(policy())
    watch.assess([one(0, 80)], at(0), NOBODY, (), at(0))
    watch.assess([one(300, 80)], at(300), NOBODY, (), at(300))
    assert watch.assess([one(0, 20), one(300, 80)], at(0), NOBODY, (), at(300)) == []
    assert [life.began_at for life in watch.standing()] == [at(0)]


def test_an_alert_whose_end_is_taken_back_stands_again_though_its_end_has_left_the_look_back_meanwhile() -> None:
    watch = Watch(policy())
    watch.assess([one(0, 80)], at(0), NOBODY, (), at(0))
    watch.assess([one(10, 20)], at(10), NOBODY, (), at(10))
    lives = watch.assess([one(10, 80), one(300, 80)], at(10), NOBODY, (), at(300))
    assert [(life.state, life.began_at) for life in lives] == [("raised", at(0))]
    assert watch.standing() == watch.would_stand(at(300)) == lives


def test_only_minutes_of_the_look_back_are_kept() -> None:
    watch = Watch(policy())
    for k in range(600):
        watch.assess([one(k, 20)], at(k), NOBODY, (), at(k))
    assert len(watch.rows) == 121
    assert len(watch.packed) == 9 * 121


@pytest.mark.parametrize("minute", [0, 1])
def test_what_was_told_before_is_told_again_word_for_word(minute: int) -> None:
    watch = Watch(policy())
    lives = watch.assess([one(0, 80)], at(0), NOBODY, (), at(minute))
    assert watch.again() == lives
