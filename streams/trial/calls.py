"""A policy over one patient's assessments, as time would have brought them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from streams.alerts.assessed import Assessed
from streams.alerts.life import Key, Life
from streams.alerts.policy import Policy
from streams.alerts.watch import ALWAYS, Watch
from streams.clock import HOUR, MINUTE, Instant
from streams.records import AlertCommand
from streams.trial.charts import Chart

LONGEST_PAUSE_MS = 12 * HOUR
"""What is longer is time in which nobody watched: a score is silent then, and between two stays there is nothing."""


class Stood(NamedTuple):
    """When an alert was raised for the first time, and when it ended; None where it still stood at the end."""

    raised_at: Instant
    ended_at: Instant | None


class Calls(msgspec.Struct, frozen=True):
    """What a policy would have told of one patient."""

    patient_id: str
    observed_ms: Instant
    """Time between assessments, of each pause at most `LONGEST_PAUSE_MS`."""
    alerts: tuple[Stood, ...]
    """Ascending by the time at which each was raised for the first time."""
    called: int
    """How often somebody was called: raised, raised again, and every step of escalation."""
    recovered: int
    """Alerts that resolved because the patient was below the threshold again, nobody having resolved them."""
    ended: int


def calls(chart: Chart, policy: Policy, acknowledge_ms: Instant | None = None) -> Calls:
    """Run a policy over one patient.

    Parameters
    ----------
    acknowledge_ms
        How long after each call somebody acknowledges; None: nobody ever does, so that every step is reached.
    """
    ward = _Ward(chart, policy, acknowledge_ms)
    for row in chart.rows:
        ward.wait_until(row.at)
        ward.take(row)
    lives, raised = ward.lives, ward.raised
    stood = (Stood(raised[key], None if life.stands else life.changed_at) for key, life in lives.items())
    ended = [life for life in lives.values() if not life.stands]
    return Calls(
        chart.patient_id,
        sum(min(later.at - one.at, LONGEST_PAUSE_MS) for one, later in pairwise(chart.rows)),
        tuple(sorted(stood, key=lambda one: one.raised_at)),
        ward.called,
        sum(life.reason == "recovered" for life in ended),
        len(ended),
    )


class _Ward:
    """What is told of one patient, and who acknowledges it."""

    def __init__(self, chart: Chart, policy: Policy, acknowledge_ms: Instant | None) -> None:
        self._place, self._acknowledge_ms = chart.place, acknowledge_ms
        self._watch, self._words = Watch(policy), tuple[AlertCommand, ...]()
        self._now: Instant = ALWAYS
        self.lives: dict[Key, Life] = {}
        self.raised: dict[Key, Instant] = {}
        self.called = 0

    def wait_until(self, at: Instant) -> None:
        """Let time pass from one thing that is due to the next."""
        while (due := self._next(at)) is not None:
            self._now = due
            words = self._due(due)
            self._hear(self._watch.assess([], due + MINUTE, self._place, words, due))

    def _next(self, at: Instant) -> Instant | None:
        found = [word.at for word in self._words if self._now < word.at < at]
        due = self._watch.next_due(self._now)
        if due is not None and due < at:
            found.append(max(due, self._now + 1))
        return min(found, default=None)

    def take(self, row: Assessed) -> None:
        """Take in an assessment at its time."""
        self._now = row.at
        self._hear(self._watch.assess([row], row.at, self._place, self._due(row.at), row.at))

    def _due(self, at: Instant) -> tuple[AlertCommand, ...]:
        return tuple(word for word in self._words if word.at <= at)

    def _hear(self, told: Sequence[Life]) -> None:
        for life in told:
            self.lives[life.key] = life
            self.raised.setdefault(life.key, life.raised_at)
            self.called += life.calls
            if life.calls and self._acknowledge_ms is not None:
                self._words += (_word(life, self._acknowledge_ms),)


def _word(life: Life, after_ms: Instant) -> AlertCommand:
    at = life.called_at + after_ms
    name = f"{life.rule}/{life.began_at}/{life.called_at}"
    return AlertCommand(name, "", life.rule, "acknowledge", at, "trial", life.raised_at)
