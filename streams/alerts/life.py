"""The life of one alert within its rule, and how it is named."""

from __future__ import annotations

import uuid
from typing import NamedTuple

import msgspec

from streams.alerts.assessed import RANK, points
from streams.alerts.policy import Rule, level_of
from streams.clock import Instant
from streams.records import Alert, AlertReason, AlertState
from streams.records.alerts import OPEN

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:cardiostream:alert")
_SEPARATOR = "\x1f"

Key = tuple[str, Instant]
"""Rule, and the minute in which the condition began."""


class Life(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one alert; a function of assessments, commands and passing time."""

    rule: str
    began_at: Instant
    raised_at: Instant
    called_at: Instant
    """When it was raised last."""
    state: AlertState
    changed_at: Instant
    rank: int
    """Of the assessment at `changed_at`; the index in tenths of a point."""
    index: int
    worst_rank: int
    """Worst since it was raised; from an acknowledgement on, what was acknowledged."""
    worst_index: int
    worst_fast: tuple[int, int]
    """Level and index by vital signs alone, the worst of each."""
    times_raised: int = 1
    step: int = 0
    acknowledged_at: Instant | None = None
    until: Instant | None = None
    reason: AlertReason = ""
    by: str = ""
    command_id: str = ""
    replaced_by: str = ""

    @property
    def stands(self) -> bool:
        """Whether it is neither resolved nor superseded."""
        return self.state in OPEN

    @property
    def calls(self) -> bool:
        """Whether it waits for somebody to acknowledge it."""
        return self.state in {"raised", "escalated"}

    @property
    def key(self) -> Key:
        """What names it within its patient."""
        return self.rule, self.began_at

    @property
    def word(self) -> tuple[object, ...]:
        """What of it others are told: of two equal words the second is not told."""
        return (
            self.state, self.changed_at, self.rank, self.index, self.step, self.times_raised, self.until, self.by,
            self.reason, self.replaced_by,
        )  # fmt: skip


class Place(NamedTuple):
    """Where the patient lies."""

    ward: str = ""
    encounter_id: str = ""


def alert_id(patient_id: str, key: Key) -> str:
    """Return the id of an alert (UUIDv5, RFC 9562 section 5.5): the same whatever the order of arrival."""
    rule, began_at = key
    return str(uuid.uuid5(NAMESPACE, f"{patient_id}{_SEPARATOR}{rule}{_SEPARATOR}{began_at}"))


def unfounded(life: Life, instead: Life | None, at: Instant, *, known: bool) -> Life:
    """Return the end of an alert that has no reason any more.

    Parameters
    ----------
    instead
        The alert of the same rule that stands; None where none does.
    known
        Whether the ward has the rule.
    """
    at = max(at, life.raised_at)
    if instead is not None:
        return msgspec.structs.replace(
            life, state="superseded", changed_at=at, until=None, reason="replaced-by-alert",
            replaced_by=str(instead.began_at),
        )  # fmt: skip
    reason: AlertReason = "corrected" if known else "policy"
    return msgspec.structs.replace(life, state="resolved", changed_at=at, until=None, reason=reason)


def retired(life: Life, survivor: str) -> Life:
    """Return the end of an alert of an id that is not assessed any more.

    Parameters
    ----------
    survivor
        ``Patient/<id>`` into whom it was merged; empty where all its facts turned out to be another's.
    """
    if survivor:
        return msgspec.structs.replace(life, state="superseded", reason="merged", replaced_by=survivor, until=None)
    return msgspec.structs.replace(life, state="resolved", reason="corrected", until=None)


def told_of(alert: Alert) -> Life:
    """Return the life of an alert of which no more is known than what was told of it."""
    rank, index = RANK[alert.level], -1 if alert.index is None else round(alert.index * 10)
    return Life(
        alert.rule, alert.began_at, alert.raised_at, alert.raised_at, alert.state, alert.changed_at, rank, index, rank,
        index, (rank, index), alert.times_raised, alert.step, until=alert.snoozed_until, by=alert.by,
        command_id=alert.command_id,
    )  # fmt: skip


def record(patient_id: str, life: Life, rule: Rule | None, policy: str, place: Place) -> Alert:
    """Return an alert as others read it.

    Parameters
    ----------
    rule
        None where the policy has no such rule any more.
    """
    return Alert(
        alert_id=alert_id(patient_id, life.key),
        patient_id=patient_id,
        rule=life.rule,
        state=life.state,
        priority="medium" if rule is None else rule.priority,
        text="" if rule is None else rule.text,
        began_at=life.began_at,
        raised_at=life.raised_at,
        changed_at=life.changed_at,
        level=level_of(life.rank),
        index=points(life.index),
        policy=policy,
        times_raised=life.times_raised,
        step=life.step,
        notify=rule.escalation[life.step - 1].to if rule and 0 < life.step <= len(rule.escalation) else "",
        snoozed_until=life.until,
        reason=life.reason,
        by=life.by,
        command_id=life.command_id,
        replaced_by=_instead(patient_id, life),
        ward=place.ward,
        encounter_id=place.encounter_id,
    )


def _instead(patient_id: str, life: Life) -> str:
    if life.reason == "replaced-by-alert":
        return alert_id(patient_id, (life.rule, int(life.replaced_by)))
    return life.replaced_by
