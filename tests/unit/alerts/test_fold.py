"""Ties of times, and words that come after what they are about was settled."""

from __future__ import annotations

from streams.alerts.life import Life, Place
from streams.alerts.policy import Policy
from streams.alerts.watch import Watch
from streams.records import AlertCommand
from tests.unit.alerts.policies import at, one, policy, word

NOBODY = Place()


def after(rules: Policy, words: tuple[AlertCommand, ...], until: float) -> tuple[str, float]:
    """State and minute of change of the one alert of a patient who is bad from minute 0 on."""
    watch = Watch(rules)
    watch.assess([one(0, 80)], at(0), NOBODY, words, at(until))
    [life] = watch.standing()
    return life.state, (life.changed_at - at(0)) / 60_000


def test_who_acknowledges_at_the_instant_of_a_call_has_heard_it() -> None:
    rules = policy("minimum_duration: 5 min")
    assert after(rules, (word(5, raised_at=at(5)),), until=60) == ("acknowledged", 5)


def test_a_clock_that_is_behind_speaks_of_the_call_that_passing_time_made() -> None:
    rules = policy("minimum_duration: 5 min")
    assert after(rules, (word(3, raised_at=at(5)),), until=60) == ("acknowledged", 5)


def test_who_acknowledges_at_the_instant_at_which_a_snooze_ends_is_heard() -> None:
    words = (word(1, "snooze", until=30), word(30))
    assert after(policy(), words, until=60) == ("acknowledged", 30)


def test_who_acknowledges_at_the_instant_of_a_step_is_heard_and_no_further_step_is_taken() -> None:
    rules = policy("escalation: [{after: 15 min, to: nurse in charge}, {after: 30 min, to: physician}]")
    assert after(rules, (word(15),), until=60) == ("acknowledged", 15)


def settled_alert(more: str = "") -> Watch:
    """A watch of a patient who is bad since minute 10, all of it settled up to minute 180."""
    watch = Watch(policy(more))
    for minute in (10, 60, 170, 300):
        watch.assess([one(minute, 80)], at(minute), NOBODY, (), at(minute))
    assert watch.settled == at(180)
    return watch


def heard(watch: Watch, said: AlertCommand) -> Life:
    watch.assess([], at(9999), NOBODY, (said,), at(300))
    [life] = watch.standing()
    return life


def test_words_that_come_late_are_heard_where_they_mean_the_alert_that_stands() -> None:
    life = heard(settled_alert(), word(20, raised_at=at(10)))
    assert (life.state, life.by) == ("acknowledged", "nurse-1")


def test_words_about_another_alert_that_come_late_silence_nothing() -> None:
    for action in ("acknowledge", "resolve"):
        life = heard(settled_alert(), word(20, action, raised_at=at(5)))
        assert (life.state, life.by) == ("raised", "")


def test_words_that_come_late_do_not_silence_what_was_called_after_them() -> None:
    watch = Watch(policy())
    snoozed = word(20, "snooze", until=100)
    for minute in (10, 60, 170, 300):
        known = () if minute < 20 else (snoozed,)
        watch.assess([one(minute, 80)], at(minute), NOBODY, known, at(minute))
    late = word(30, raised_at=at(10))
    watch.assess([], at(9999), NOBODY, (snoozed, late), at(300))
    [life] = watch.standing()
    assert (life.state, life.called_at, life.times_raised) == ("raised", at(100), 2)


def test_a_snooze_that_is_over_before_it_is_heard_calls_nobody_again() -> None:
    life = heard(settled_alert(), word(20, "snooze", until=50, raised_at=at(10)))
    assert (life.state, life.called_at, life.times_raised) == ("raised", at(10), 1)
