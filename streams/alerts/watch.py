"""One patient's alerts: the assessments of the look-back, where the rules stood before it, and what has been told."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence

from streams.alerts.assessed import SIZE, Assessed, pack
from streams.alerts.course import IDLE, Course
from streams.alerts.fold import Courses, Word, advanced, fold, next_of, stepped
from streams.alerts.life import Key, Life, Place, record, retired, told_of, unfounded
from streams.alerts.policy import Policy, Rule
from streams.clock import Instant
from streams.records import Alert, AlertCommand

ALWAYS: Instant = -(2**62)
"""Before every minute: where a watch that has seen nothing begins."""


class Watch:
    """The alerts of one patient, as a function of assessments by minute, commands, ward and passing time.

    What lies further back than the policy's look-back is settled: it is kept as where the rules stood (`start`) and is
    not assessed again. Within it anything may be assessed again, in any order.

    Parameters
    ----------
    policy
        The site's; whose rules count says the ward.
    """

    __slots__ = (
        "_before", "_calm", "_courses", "_first", "_last_word", "_policy", "_rise_ms", "_rules", "_words", "changed",
        "heard", "packed", "place", "rows", "said", "settled", "start",
    )  # fmt: skip

    def __init__(self, policy: Policy) -> None:
        self._policy, self._rise_ms = policy, policy.rise_window_ms
        self.rows: list[Assessed] = []
        """Ascending; also a few before `settled`, which are looked back at."""
        self.packed = bytearray()
        """The same as they are written."""
        self.changed = False
        """Whether anything is to be written; for whoever writes to take back."""
        self.place = Place()
        self.settled: Instant = ALWAYS
        """Up to this minute assessments are final."""
        self.start: dict[str, Course] = {}
        """Rule to where it stood at `settled`; without those that are idle."""
        self.heard: tuple[str, ...] = ()
        """Commands that are part of `start`."""
        self.said: dict[Key, Life] = {}
        """What others were last told of each alert, as long as it stands or ended within the look-back."""
        self._rules: tuple[Rule, ...] = ()
        self._words: tuple[AlertCommand, ...] = ()
        self._courses: Courses = ()
        self._before: Courses | None = None
        self._last_word: Instant = ALWAYS
        self._first = 0
        """Place of the first assessment after `settled`."""
        self._calm: list[bool] = []
        """Of each assessment: whether all rules were idle after it, as far as that is known."""

    def assess(
        self, found: Sequence[Assessed], since: Instant, place: Place, words: tuple[AlertCommand, ...], now: Instant
    ) -> list[Life]:
        """Take in assessments and return what others have to be told.

        Parameters
        ----------
        found
            Ascending: of every minute from `since` on that holds a fact.
        since
            First minute of which assessments may have changed.
        place
            Where the patient lies now: the whole look-back is judged by the rules of that ward.
        words
            What people say of this patient's alerts and have not taken back, ascending by time and id.
        now
            How far time has passed: the highest tick acted on, or the newest assessment.
        """
        moved = place.ward != self.place.ward
        self.changed |= place != self.place
        self.place = place
        lives = self._assessed(found, since, words, now)
        return self._with_standing(lives) if moved else lives

    def _assessed(
        self, found: Sequence[Assessed], since: Instant, words: tuple[AlertCommand, ...], now: Instant
    ) -> list[Life]:
        moves: list[Life] = []
        rules = self._policy.rules_of(self.place.ward)
        fresh = [one for one in found if one.at > self.settled]
        if rules is self._rules and words == self._words and self._appended(fresh, since, moves):
            return self._told(moves, now)
        self._replace(fresh, since)
        self._rules, self._words = rules, words
        self._refold(moves)
        return self._told(moves, now)

    def _with_standing(self, told: list[Life]) -> list[Life]:
        """Add what stands and has not changed: the ward that has the patient now has to hear of it."""
        known = {life.key for life in told}
        return [*told, *(life for life in self.standing() if life.key not in known)]

    def time_passes(self, now: Instant) -> list[Life]:
        """Return what others have to be told when nothing has come."""
        return self._told([], now)

    def again(self) -> list[Life]:
        """Return what was last told of every alert: to an owner before, or lost on the way."""
        return [self.said[key] for key in sorted(self.said)]

    def stray(self, alert: Alert) -> None:
        """Note what a former owner told of an alert; one that does not stand is ended when the next words are told."""
        self.said.setdefault((alert.rule, alert.began_at), told_of(alert))

    def retired(self, survivor: str) -> list[Life]:
        """End what stands of an id that is not assessed any more; told again however often it is asked.

        Parameters
        ----------
        survivor
            The patient into whom it was merged; empty where all its facts turned out to be another's.
        """
        for life in self.standing():
            self.said[life.key] = retired(life, survivor)
            self.changed = True
        # Nothing moves any more; should the merge be undone, everything is folded anew.
        self._rules, self._courses, self._before = (), (), None
        return [life for life in self.again() if life == retired(life, survivor)]

    def standing(self) -> list[Life]:
        """Return the alerts that stand as they were last told."""
        return [life for life in self.again() if life.stands]

    def would_stand(self, now: Instant) -> list[Life]:
        """Return the alerts that stand once time has passed up to an instant, whatever others have been told."""
        courses = advanced(self._rules, self._courses, self.rows[-1], now, []) if self.rows else self._courses
        return [course.life for course in courses if course.life is not None and course.life.stands]

    def next_due(self, now: Instant) -> Instant | None:
        """Return when passing time alone brings about something after `now`."""
        if not self.rows or not any(course.may_move for course in self._courses):
            return None
        return next_of(self._rules, advanced(self._rules, self._courses, self.rows[-1], now, []), self.rows[-1])

    @property
    def first_degraded(self) -> Instant | None:
        """The first minute of the look-back that was assessed without a learned model; None where none was."""
        return next((one.at for one in self.rows if one.degraded and one.at > self.settled), None)

    def restored(self, words: tuple[AlertCommand, ...]) -> None:
        """Make anew what is not kept in the state."""
        self._rules, self._words = self._policy.rules_of(self.place.ward), words
        self._first = bisect_left(self.rows, self.settled + 1, key=lambda one: one.at)
        self._refold([])

    def record(self, patient_id: str, life: Life) -> Alert:
        """Return an alert as others read it."""
        rules = {rule.name: rule for rule in self._policy.rules_of(self.place.ward)}
        return record(patient_id, life, rules.get(life.rule), self._policy.title, self.place)

    def _appended(self, fresh: Sequence[Assessed], since: Instant, moves: list[Life]) -> bool:
        """Go on from where the rules stand; False where something that was folded already has changed."""
        rows = self.rows
        last = rows[-1].at if rows else ALWAYS
        if since <= last and (since < last or not fresh or fresh[0].at != last):
            return self._unchanged(fresh, since)
        if fresh and fresh[0].at <= self._last_word:
            return self._unchanged(fresh, since)
        for one in fresh:
            if rows and one.at == rows[-1].at:
                if one == rows[-1]:
                    continue
                if self._before is None:
                    return False
                rows[-1], start = one, self._before
                del self.packed[-SIZE:]
            else:
                rows.append(one)
                self._calm.append(False)
                start = self._courses
            self.packed += pack(one)
            self.changed = True
            self._before = start
            self._courses = stepped(self._rules, start, rows, len(rows) - 1, moves)
            self._calm[-1] = all(course is IDLE for course in self._courses)
            self._settle()
        return True

    def _unchanged(self, fresh: Sequence[Assessed], since: Instant) -> bool:
        return list(fresh) == self.rows[self._place(since) :]

    def _place(self, since: Instant) -> int:
        """Return the place of the first assessment from `since` on that is not settled."""
        return bisect_left(self.rows, since, lo=self._first, key=lambda one: one.at)

    def _replace(self, fresh: Iterable[Assessed], since: Instant) -> None:
        del self.rows[self._place(since) :]
        self.rows += fresh
        self.packed = bytearray(b"".join(map(pack, self.rows)))
        self.changed = True

    def _refold(self, moves: list[Life]) -> None:
        words = self._due_words()
        self._courses, self._before = fold(self._rules, self._started(), self.rows, self._first, words, moves)
        self._last_word = words[-1][0] if words else ALWAYS
        self._calm = [False] * len(self.rows)
        self._settle()

    def _started(self) -> Courses:
        start = self.start
        return tuple(start.get(rule.name, IDLE) for rule in self._rules)

    def _due_words(self) -> list[Word]:
        """Return the commands that `start` does not hold, those that came too late for it at its edge."""
        new = [word for word in self._words if word.command_id not in self.heard]
        return sorted(((max(w.effective_at, self.settled + 1), w) for w in new), key=lambda one: one[0])

    def _settle(self) -> None:
        """Move what has left the look-back into `start`."""
        rows = self.rows
        edge = rows[-1].at - self._policy.look_back_ms if rows else ALWAYS
        if edge <= self.settled:
            return
        past = self._first
        while rows[past].at <= edge:
            past += 1
        words = [word for word in self._due_words() if word[0] <= edge] if self._words else []
        if past and (past > self._first or words or self.start):
            self._begin_from(past, words, edge)
        if self.heard or words:
            known = {word.command_id for word in self._words}
            new = (word.command_id for _, word in words)
            self.heard = tuple(sorted({*(one for one in self.heard if one in known), *new}))
        self.settled, self._first = edge, past
        self._trim(edge)

    def _begin_from(self, past: int, words: Sequence[Word], edge: Instant) -> None:
        if self._calm[past - 1]:
            self.start = {}
            return
        rules, rows = self._rules, self.rows
        folded = fold(rules, self._started(), rows[:past], self._first, words, []).courses
        there = advanced(rules, folded, rows[past - 1], edge, [])
        self.start = {rule.name: one for rule, one in zip(rules, there, strict=True) if one != IDLE}

    def _trim(self, edge: Instant) -> None:
        """Forget assessments that nothing looks back at: one before the edge is, and those of the longest rise."""
        kept, wanted = 0, edge - self._rise_ms
        while kept < self._first - 1 and self.rows[kept].at < wanted:
            kept += 1
        if kept:
            del self.rows[:kept], self._calm[:kept], self.packed[: kept * SIZE]
            self._first -= kept
        for key in [key for key, life in self.said.items() if not life.stands and life.changed_at < edge]:
            del self.said[key]

    def _told(self, moves: list[Life], now: Instant) -> list[Life]:
        """Return the last word on each alert that others have not been told, and remember it as told."""
        courses = self._courses
        if self.rows and any(course.may_move for course in courses):
            courses = advanced(self._rules, courses, self.rows[-1], now, moves)
        last = {life.key: life for life in moves}
        ends = [course.life for course in courses if course.life is not None]
        if not last and not self.said and not ends:
            return []
        # How bad it got meanwhile moves nothing and is known all the same. What stands without a word is an alert whose
        # end was taken back when nothing was remembered of that end any more.
        last |= {life.key: life for life in ends if life.key in last or life.key in self.said or life.stands}
        last |= self._gone(last.keys(), ends)
        new = {key: life for key, life in last.items() if self.said.get(key) != life}
        found = [life for key, life in sorted(new.items()) if key not in self.said or self.said[key].word != life.word]
        self.said |= new
        self.changed |= bool(new)
        return found

    def _gone(self, known: Collection[Key], ends: Iterable[Life]) -> dict[Key, Life]:
        """Return the end of each alert that was told of and has no reason any more."""
        instead = {life.rule: life for life in ends if life.stands}
        names = {rule.name for rule in self._rules}
        at = self.rows[-1].at if self.rows else self.settled
        return {
            key: unfounded(life, instead.get(life.rule), at, known=life.rule in names)
            for key, life in self.said.items()
            if life.stands and key not in known
        }
