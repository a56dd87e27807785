"""What goes out for one piece of slow work: an answer, a wait for another try, or a dead letter and word of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec
from prometheus_client import Counter, Histogram

from streams.clock import Clock, Instant
from streams.errors import RejectedMessage, RetryableError
from streams.gateways.web.failures import NotThere, ServerAway
from streams.records import Judgement, NoteRetry, Said, SlowEvent, Status, StudyRetry
from streams.transport.produce import Out
from streams.transport.runs import Record, Run
from streams.workers.slow.letters import letter_out
from streams.workers.slow.waiting import ARRIVING, Waits

AWAY: Status = "unavailable"
_encode = msgspec.json.Encoder().encode

E = TypeVar("E", bound=SlowEvent)
P = TypeVar("P", bound=Judgement)


class Errand(NamedTuple, Generic[E]):
    """One piece of work and the record that brought it."""

    event: E
    attempt: int
    since: Instant
    """Arrival; deadlines count from it."""
    record: Record
    run: Run
    told: bool = False
    """Whether something has been said of this version before it waited."""


class Trade(NamedTuple, Generic[E, P]):
    """What one kind of slow work has of its own."""

    what: str
    """``study``, ``note``; for dead letters."""
    needs: str
    """What is waited for, in words."""
    server: str
    """Reason where a server was away for too long, e.g. ``pacs-away``."""
    outcomes: Counter
    seconds: Histogram
    topic: str
    """On which it is said."""
    said: Callable[[E, tuple[P, ...], tuple[str, ...]], Said]
    """What is said: the models' judgements, or why there are none."""
    retry: Callable[[Errand[E], str, int], StudyRetry | NoteRetry]
    """By what it waits: why, how much there was of it."""
    letters_carry_it: bool = True
    """Whether dead letters hold the record; False where what it holds must not stand anywhere else."""


class Replies(Generic[E, P]):
    """Makes the records that go out; counts each outcome."""

    def __init__(self, trade: Trade[E, P], waits: Waits, clock: Clock, partitions: int) -> None:
        self._trade, self._waits, self._clock, self._partitions = trade, waits, clock, partitions

    def count(self, outcome: str, reason: str = "") -> None:
        """Count what became of one."""
        self._trade.outcomes.labels(outcome, reason).inc()

    def said(self, errand: Errand[E], predictions: tuple[P, ...], reasons: tuple[str, ...]) -> list[Out]:
        """Say what the models say, or why they say nothing."""
        return [_out(self._trade.topic, errand, self._trade.said(errand.event, predictions, reasons))]

    def answered(
        self, errand: Errand[E], predictions: tuple[P, ...], reasons: tuple[str, ...],
        rejected: Sequence[RejectedMessage] = (),
    ) -> list[Out]:  # fmt: skip
        """Say what the models say; where one was away it is asked again, until that has lasted for too long."""
        if not predictions:
            return self.skipped(errand, *reasons)
        away = [one for one in predictions if one.status == AWAY]
        due = away and not self._waits.gives_up(errand.since, self._clock.now())
        outs: list[Out] = []
        # What the other models say is said once and at once; the first complete answer replaces it.
        if not due or (not errand.told and len(away) < len(predictions)):
            self.count("answered")
            self._trade.seconds.observe(max(0.0, (self._clock.now() - errand.event.received_at) / 1000))
            outs += [self.letter(errand, one) for one in rejected]
            outs += self.said(errand, predictions, reasons)
            errand = errand._replace(told=True)
        if due:
            return outs + self.wait(errand, f"model-away:{away[0].reasons[0]}")
        return outs + ([self.letter(errand, self.given_up("model-away"))] if away else [])

    def skipped(self, errand: Errand[E], *reasons: str) -> list[Out]:
        """Say why nothing is said."""
        for reason in reasons:
            self.count("skipped", reason)
        return self.said(errand, (), reasons)

    def not_now(self, errand: Errand[E], error: RetryableError) -> list[Out]:
        """Let it wait for another try, or give it up where it has waited beyond its deadline."""
        now = self._clock.now()
        if isinstance(error, NotThere):
            if self._waits.has_arrived(errand.since, now):
                return self.refused(errand, self.given_up("not-arrived"))
            return self.wait(errand, ARRIVING, getattr(error, "have", -1))
        who = self._trade.server if isinstance(error, ServerAway) else "worker"
        if self._waits.gives_up(errand.since, now):
            return self.refused(errand, self.given_up(who))
        return self.wait(errand, f"{who}:{getattr(error, 'reason', 'unavailable')}")

    def wait(self, errand: Errand[E], reason: str, have: int = -1) -> list[Out]:
        """Let it wait."""
        self.count("waits", reason)
        topic = self._waits.topic(errand.since, self._clock.now())
        return [_out(topic, errand, self._trade.retry(errand, reason, have))]

    def gives_up(self, errand: Errand[E]) -> bool:
        """Tell whether it has waited for too long."""
        return self._waits.gives_up(errand.since, self._clock.now())

    def refused(self, errand: Errand[E], rejected: RejectedMessage) -> list[Out]:
        """Give it up: a dead letter, and word that nothing is said of this version, unless something has been said."""
        self.count("refused", rejected.reason)
        nothing = [] if errand.told else self.said(errand, (), (rejected.reason,))
        return [self.letter(errand, rejected), *nothing]

    def letter(self, errand: Errand[E], rejected: RejectedMessage) -> Out:
        """Return the dead letter."""
        return letter_out(
            errand.event, rejected, errand.record, errand.run, self._partitions, payload=self._trade.letters_carry_it
        )

    def given_up(self, reason: str) -> RejectedMessage:
        """Return why it is given up that has waited for too long."""
        expected = f"{self._trade.needs} within the deadline of the settings"
        return RejectedMessage(reason, self._trade.what, expected, "none")


def _out(topic: str, errand: Errand[E], record: Said | StudyRetry | NoteRetry) -> Out:
    """Return a record for the patient's own partition."""
    return Out(topic, errand.run.partition, errand.event.patient_id.encode(), _encode(record))
