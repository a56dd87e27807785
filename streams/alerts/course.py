"""One rule over one patient: what holds since when, and the life of its last alert."""

from __future__ import annotations

import msgspec

from streams.alerts.assessed import Assessed, rose
from streams.alerts.life import Life
from streams.alerts.policy import Rule
from streams.clock import Instant
from streams.records import AlertCommand

HIGHEST = 1000
"""The index in tenths of a point at its end."""
_replace = msgspec.structs.replace


class Course(msgspec.Struct, frozen=True, array_like=True):
    """Where one rule stands after the assessments and commands so far."""

    met_since: Instant | None = None
    """Minute from which the rule's condition has held without a break."""
    clear_since: Instant | None = None
    """Minute from which the patient has been below the threshold for resolving; only while an alert stands."""
    held: tuple[int, int] | None = None
    """Level and index by vital signs alone, which have to get worse before this counts: slow evidence alone moved."""
    barred: bool = False
    """A person has resolved the alert and the condition has not gone since."""
    life: Life | None = None
    """The last alert, which may have ended."""

    @property
    def is_standing(self) -> bool:
        """Whether an alert stands."""
        return self.life is not None and self.life.stands

    @property
    def may_move(self) -> bool:
        """Whether passing time alone may bring anything about."""
        return self.met_since is not None or self.is_standing


IDLE = Course()


def seen(course: Course, rule: Rule, one: Assessed, before: Assessed | None, *, met: bool) -> Course:
    """Take in an assessment; what follows from it at once or later is told by `streams.alerts.timeouts`.

    An indeterminate one breaks what was about to be raised or resolved, and ends nothing.

    Parameters
    ----------
    before
        The assessment of the minute before; None where there is none.
    met
        Whether the rule's condition holds now.
    """
    if one.rank == 0:
        return _changed(course, None, None, None, barred=course.barred, life=course.life)
    met_since, held = _met(course, rule, one, before) if met else (None, None)
    life, clear_since = course.life, None
    if life is not None and life.stands:
        if not one.degraded and not rule.clear_below.reached(one):
            clear_since = one.at if course.clear_since is None else course.clear_since
        if life.calls:
            life = worst(life, one)
    return _changed(course, met_since, clear_since, held, barred=course.barred and met, life=life)


def _met(course: Course, rule: Rule, one: Assessed, before: Assessed | None) -> tuple[Instant, tuple[int, int] | None]:
    alone = one.is_fast or (rule.rise is None and rule.raise_at.reached(_fast(one)))
    if course.met_since is not None:
        if course.held is None or not (alone or rose(one, course.held)):
            return course.met_since, course.held
        return one.at, None
    compared = before is not None and before.rank > 0 and not alone
    if rule.hold_slow and compared and before is not None and not rose(one, (before.fast_rank, before.fast_tenths)):
        return one.at, (one.fast_rank, one.fast_tenths)
    return one.at, None


def _fast(one: Assessed) -> Assessed:
    """Return what vital signs say by themselves."""
    return one._replace(rank=one.fast_rank, tenths=one.fast_tenths)


def _changed(
    course: Course,
    met_since: Instant | None,
    clear_since: Instant | None,
    held: tuple[int, int] | None,
    *,
    barred: bool,
    life: Life | None,
) -> Course:
    """Return the same course where nothing changed: for most patients in most minutes."""
    if (
        life is course.life
        and met_since == course.met_since
        and clear_since == course.clear_since
        and held == course.held
        and barred == course.barred
    ):
        return course
    return Course(met_since, clear_since, held, barred, life)


def worst(life: Life, one: Assessed) -> Life:
    """Return a life with the worst of it and of an assessment."""
    rank, index = max(life.worst_rank, one.rank), max(life.worst_index, one.tenths)
    fast = max(life.worst_fast[0], one.fast_rank), max(life.worst_fast[1], one.fast_tenths)
    if (rank, index, fast) == (life.worst_rank, life.worst_index, life.worst_fast):
        return life
    return _replace(life, worst_rank=rank, worst_index=index, worst_fast=fast)


def is_worse(life: Life, rule: Rule, one: Assessed) -> tuple[bool, bool]:
    """Tell whether an assessment is worse than the worst of an alert: by its level, and by points alone."""
    if rule.hold_slow and not one.is_fast and not rose(one, life.worst_fast):
        return False, False
    by_points = rule.realert_points > 0 and one.tenths - life.worst_index >= _more(rule, life)
    return one.rank > life.worst_rank, by_points


def _more(rule: Rule, life: Life) -> int:
    """Return the tenths of a point that count as worse: what the rule says, or half of what is left of the index.

    The index comes near 100 and never passes it. Half of the rest doubles the odds, as ten points nearly do at 75;
    without this nothing would count as worse than what was acknowledged near the top.
    """
    return max(1, min(rule.realert_points, (HIGHEST - life.worst_index) // 2))


def commanded(course: Course, word: AlertCommand, at: Instant) -> Course:
    """Do what a person says of the alert that stands; where none does, or one that they cannot have meant, nothing.

    Parameters
    ----------
    at
        When it takes effect: its own time, or later where it came after that was settled.
    """
    life = course.life
    if life is None or not life.stands or not _meant(life, word, at):
        return course
    if word.action == "acknowledge":
        return course if life.state == "acknowledged" else _replace(course, life=_acknowledged(life, word, at))
    if word.action == "snooze":
        awake = word.until is None or word.until <= at
        return course if awake else _replace(course, life=_snoozed(life, word, at))
    ended = _replace(
        life, state="resolved", changed_at=at, acknowledged_at=at, until=None, reason="by-person", by=word.by,
        command_id=word.command_id,
    )  # fmt: skip
    return _replace(course, life=ended, barred=course.met_since is not None, clear_since=None)


def _meant(life: Life, word: AlertCommand, at: Instant) -> bool:
    """Tell whether a person can have meant an alert.

    Words that come later than the look-back, as of a patient merged into this one, are heard late: they must silence
    nothing that has been called since, and no other alert than the one that was seen.
    """
    return at <= word.effective_at or (life.raised_at == word.raised_at and life.called_at <= word.effective_at)


def _acknowledged(life: Life, word: AlertCommand, at: Instant) -> Life:
    return _replace(
        life, state="acknowledged", changed_at=at, acknowledged_at=at, until=None, reason="", by=word.by,
        command_id=word.command_id,
    )  # fmt: skip


def _snoozed(life: Life, word: AlertCommand, at: Instant) -> Life:
    return _replace(
        life, state="snoozed", changed_at=at, acknowledged_at=at, until=word.until, reason="", by=word.by,
        command_id=word.command_id,
    )  # fmt: skip
