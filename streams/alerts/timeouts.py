"""What falls due in one rule, and what it does: raise, raise again, escalate, end a snooze, resolve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from streams.alerts.assessed import Assessed
from streams.alerts.course import IDLE, Course, is_worse, worst
from streams.alerts.life import Life
from streams.alerts.policy import Rule
from streams.clock import Instant

Kind = Literal["clear", "again", "raise", "escalate", "wake"]
_ORDER: dict[Kind, int] = {"clear": 0, "again": 1, "raise": 2, "escalate": 3, "wake": 4}
"""Of what falls due at one instant."""
Due = tuple[Instant, Kind]
_replace = msgspec.structs.replace


def passed(course: Course, rule: Rule, one: Assessed, until: Instant, moves: list[Life]) -> Course:
    """Let time pass up to an instant, in which nothing new comes.

    Parameters
    ----------
    one
        The newest assessment by then.
    moves
        Gets every state that the alert goes through.
    """
    while (due := next_due(course, rule, one)) is not None and due[0] <= until:
        course = _done(course, rule, one, *due)
        if course.life is not None:
            moves.append(course.life)
    return course


def next_due(course: Course, rule: Rule, one: Assessed) -> Due | None:
    """Return what happens next if nothing new comes; None where nothing would."""
    if not course.may_move:
        return None
    life = course.life
    found = _before(course, rule, one) if life is None or not life.stands else _during(course, life, rule, one)
    return min(found, key=lambda due: (due[0], _ORDER[due[1]]), default=None)


def _before(course: Course, rule: Rule, one: Assessed) -> Iterator[Due]:
    if course.met_since is None or course.held is not None:
        return
    at, life = course.met_since + rule.minimum_ms, course.life
    if life is None:
        yield at, "raise"
        return
    free_at = _free_at(life, rule)
    if any(is_worse(life, rule, one)) and (course.barred or max(at, one.at) < free_at):
        yield max(at, one.at), "again"
    elif not course.barred:
        yield max(at, free_at), "raise"


def forgotten(course: Course, rule: Rule, at: Instant) -> Course:
    """Return an idle course where the last alert ended so long ago that nothing depends on it any more."""
    life = course.life
    if course.met_since is not None or course.barred or life is None or life.stands or at < _free_at(life, rule):
        return course
    return IDLE


def _free_at(life: Life, rule: Rule) -> Instant:
    """Return from when on a new alert may be raised after one that has ended."""
    quiet = 0 if life.acknowledged_at is None else life.acknowledged_at + rule.quiet_ms
    return max(life.changed_at + rule.cooldown_ms, quiet)


def _during(course: Course, life: Life, rule: Rule, one: Assessed) -> Iterator[Due]:
    if course.clear_since is not None:
        yield course.clear_since + rule.clear_ms, "clear"
    if life.calls:
        if life.step < len(rule.escalation):
            yield life.called_at + rule.escalation[life.step].after_ms, "escalate"
        return
    by_level, by_points = is_worse(life, rule, one)
    if by_level:
        yield max(one.at, life.changed_at), "again"
    elif by_points and life.state == "acknowledged":
        yield max(one.at, life.changed_at + rule.quiet_ms), "again"
    if life.until is not None:
        yield life.until, "wake"


def _done(course: Course, rule: Rule, one: Assessed, at: Instant, kind: Kind) -> Course:
    life = course.life
    if life is None or kind == "raise":
        return _replace(course, life=_raised(course, rule, one, at), clear_since=None)
    if kind == "clear":
        ended = _now(life, one, at, state="resolved", until=None, reason="recovered")
        return _replace(course, life=ended, met_since=None, clear_since=None, held=None)
    if kind == "escalate":
        return _replace(course, life=_now(life, one, at, state="escalated", step=life.step + 1))
    again = _now(
        life, one, at, state="raised", called_at=at, until=None, step=0, times_raised=life.times_raised + 1,
        acknowledged_at=None, by="", command_id="", reason="worse" if kind == "again" else "snooze-over",
    )  # fmt: skip
    return _replace(course, life=worst(again, one), barred=False)


def _now(life: Life, one: Assessed, at: Instant, **changes: object) -> Life:
    return _replace(life, changed_at=at, rank=one.rank, index=one.tenths, **changes)


def _raised(course: Course, rule: Rule, one: Assessed, at: Instant) -> Life:
    began = at if course.met_since is None else course.met_since
    fast = one.fast_rank, one.fast_tenths
    return Life(rule.name, began, at, at, "raised", at, one.rank, one.tenths, one.rank, one.tenths, fast)
