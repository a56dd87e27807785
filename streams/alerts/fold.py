"""A patient's assessments and commands in order of their time, through all rules: a pure function of both."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import merge
from typing import NamedTuple

from streams.alerts.assessed import Assessed
from streams.alerts.course import IDLE, Course, commanded, seen
from streams.alerts.life import Life
from streams.alerts.policy import Rise, Rule
from streams.alerts.timeouts import forgotten, next_due, passed
from streams.clock import Instant
from streams.records import AlertCommand

Courses = tuple[Course, ...]
"""One for each rule, in the order of the rules."""
Word = tuple[Instant, AlertCommand]
"""A command and when it takes effect."""


class Folded(NamedTuple):
    """Where all rules stand after the last assessment and command, before any time passes."""

    courses: Courses
    before: Courses | None
    """The same before the last assessment; None where a command came after it."""


def fold(
    rules: Sequence[Rule],
    start: Courses,
    rows: Sequence[Assessed],
    first: int,
    words: Sequence[Word],
    moves: list[Life],
) -> Folded:
    """Fold assessments and commands from where the rules stood before.

    Parameters
    ----------
    start
        Where they stood after the assessments before `first`.
    rows
        Ascending; those before `first` are only looked back at.
    words
        Ascending by time. Of one instant assessments come first, then what falls due, then commands: who acknowledges
        at the instant of a call has heard it.
    moves
        Gets every state that any alert goes through.
    """
    courses, before, last = start, None, first - 1
    events = merge(
        ((rows[i].at, 0, i) for i in range(first, len(rows))), ((at, 1, i) for i, (at, _) in enumerate(words))
    )
    for at, kind, i in events:
        if kind == 0:
            before, last = courses, i
            courses = stepped(rules, courses, rows, i, moves)
        elif last >= 0:
            before = None
            courses = _told(rules, courses, rows[last], at, words[i][1], moves)
    return Folded(courses, before)


def stepped(rules: Sequence[Rule], courses: Courses, rows: Sequence[Assessed], i: int, moves: list[Life]) -> Courses:
    """Take the assessment `rows[i]` through all rules, after the time that passed since the one before."""
    one, before = rows[i], rows[i - 1] if i else None
    found = []
    for rule, course in zip(rules, courses, strict=True):
        now = course
        if now is IDLE and not rule.raise_at.reached(one):
            found.append(IDLE)
            continue
        if before is not None and now.may_move:
            now = passed(now, rule, before, one.at - 1, moves)
        met = rule.raise_at.reached(one) and (rule.rise is None or _rises(rule.rise, rows, i))
        now = seen(now, rule, one, before, met=met)
        found.append(forgotten(passed(now, rule, one, one.at, moves) if now.may_move else now, rule, one.at))
    return tuple(found)


def _rises(rise: Rise, rows: Sequence[Assessed], i: int) -> bool:
    one = rows[i]
    while i and rows[i - 1].at >= one.at - rise.within_ms:
        i -= 1
        if 0 <= rows[i].tenths <= one.tenths - rise.points:
            return True
    return False


def _told(
    rules: Sequence[Rule], courses: Courses, one: Assessed, at: Instant, word: AlertCommand, moves: list[Life]
) -> Courses:
    found = []
    for rule, course in zip(rules, courses, strict=True):
        now = course
        if rule.name == word.rule:
            now = passed(now, rule, one, at, moves)
            heard = commanded(now, word, at)
            if heard.life is not None and heard.life is not now.life:
                moves.append(heard.life)
            now = passed(heard, rule, one, at, moves)
        found.append(now)
    return tuple(found)


def advanced(rules: Sequence[Rule], courses: Courses, one: Assessed, until: Instant, moves: list[Life]) -> Courses:
    """Return where all rules stand once time has passed up to an instant."""
    return tuple(
        passed(course, rule, one, until, moves) if course.may_move else course
        for rule, course in zip(rules, courses, strict=True)
    )


def next_of(rules: Sequence[Rule], courses: Courses, one: Assessed) -> Instant | None:
    """Return when passing time alone brings about something next."""
    found = [next_due(course, rule, one) for rule, course in zip(rules, courses, strict=True) if course.may_move]
    return min((due[0] for due in found if due is not None), default=None)
