"""What the inputs of one flush concern in one partition, and how they are taken into its state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from streams import metrics
from streams.clock import HOUR, Instant
from streams.errors import ContractError
from streams.identity import is_alias
from streams.publish.retirement import Retirement
from streams.records import (
    AlertCommand,
    BedsideEvent,
    EncounterVersion,
    Identities,
    ObservationVersion,
    Overruling,
    PatientVersion,
    Said,
    Transfer,
)
from streams.timeline.plausibility import excluded
from streams.timeline.share import Share
from streams.timeline.snapshot import as_of
from streams.timeline.timeline import Outcome
from streams.transport.produce import Out
from streams.transport.runs import Record, Run
from streams.workers.assessment import NOTHING_SINCE
from streams.workers.relay import Relay

_event = msgspec.json.Decoder(
    ObservationVersion | PatientVersion | EncounterVersion | Said | AlertCommand | Overruling | Identities | Transfer
).decode

Input = BedsideEvent | Said | AlertCommand | Identities | Transfer
"""What the bedside takes into its state."""


EVERYTHING_SINCE: Instant = -(2**62)
"""Whatever is known of a patient may have changed."""


class Gathered(msgspec.Struct):
    """Identities that something came for, and what of theirs."""

    arrivals: dict[str, Instant | None] = {}
    """With the arrival of the oldest input of the flush; None where time, a debt or another owner made it due."""
    since: dict[str, Instant] = {}
    """Clinical time from which their facts have come, changed or gone; only of those of which any have."""
    pieces: dict[str, set[int]] = {}
    """Pieces of those whose facts another identity's are, which may have to be sent on."""
    moved: set[str] = set()
    """Those whose facts are another's now, or were said to be again: all pieces."""
    people: set[str] = set()
    """Those whose Patient resources came."""
    judged: set[str] = set()
    """Those that nothing came for since they were last judged; always empty where scores are coalesced."""
    judge: Callable[[Gathered], None] | None = None
    """Notes the cases of whom one event concerns, where each is to get a score of its own."""

    def take(self, record: Record, run: Run, share: Share) -> Outcome:
        """Take one record of our own topics into the state and note whom it concerns."""
        return self.apply(decoded(_event, record, run), share)

    def take_all(self, run: Run, share: Share) -> None:
        """Take a run of our own topics into the state, and count what became of its records."""
        for outcome, count in Counter(self.take(record, run, share) for record in run.records).items():
            metrics.FACTS.labels(outcome).inc(count)

    def apply(self, event: Input, share: Share) -> Outcome:
        """Take one event into the state and note whom it concerns."""
        if self.judge is None:
            return self._apply(event, share)
        alone = Gathered()
        outcome = alone.apply(event, share)
        self.judge(alone)
        self._absorb(alone)
        return outcome

    def _apply(self, event: Input, share: Share) -> Outcome:
        taken = share.apply(event)
        since = _since(event, taken.outcome)
        for name in taken.touched:
            self.note(name, event.received_at)
            self._touch(name, since)
        self.moved |= taken.moved
        if taken.piece is not None and share.identities.resolve(taken.touched[0]) != taken.touched[0]:
            self.pieces.setdefault(taken.touched[0], set()).add(taken.piece)
        if isinstance(event, ObservationVersion):
            _count(event, taken.outcome, share)
        elif isinstance(event, PatientVersion):
            self.people.add(event.patient_id)
        return taken.outcome

    def note(self, identity: str, received_at: Instant | None) -> None:
        """Note that an identity is concerned."""
        self.judged.discard(identity)
        before = self.arrivals.setdefault(identity, received_at)
        if received_at is not None and (before is None or received_at < before):
            self.arrivals[identity] = received_at

    def _touch(self, identity: str, since: Instant) -> None:
        if since < self.since.get(identity, NOTHING_SINCE):
            self.since[identity] = since

    def _absorb(self, other: Gathered) -> None:
        """Take over what came for others, who have been judged."""
        for identity, received_at in other.arrivals.items():
            self.note(identity, received_at)
        for identity, pieces in other.pieces.items():
            self.pieces.setdefault(identity, set()).update(pieces)
        for identity, since in other.since.items():
            self._touch(identity, since)
        self.moved |= other.moved
        self.people |= other.people
        self.judged |= other.arrivals.keys()

    def relayed(self, share: Share, number: int, relay: Relay) -> list[Out]:
        """Return what other partitions must be told; to be asked before the changed pieces are taken for writing."""
        people = [p for p in sorted(self.people) if p in share.timelines]
        outs = [out for p in people for out in relay.words(share, [p], self.arrivals[p] or 0)]
        for origin in self.moved:
            outs += relay.contested(share, number, origin, self.arrivals.get(origin) or 0)
        for origin in self.moved | self.pieces.keys():
            timeline = share.timelines.get(origin)
            if timeline is not None:
                pieces = timeline.pieces() if origin in self.moved else self.pieces[origin] | timeline.touched.keys()
                outs += relay.transfers(share, number, origin, pieces, self.arrivals.get(origin) or 0)
        return outs

    def patients(self, share: Share, number: int, relay: Relay) -> dict[str, Instant | None]:
        """Return the patients of this partition that are to be judged, with arrivals."""
        found = Gathered()
        for identity, received_at in self.arrivals.items():
            if identity in self.judged:
                continue
            patient_id = share.identities.resolve(identity)
            if not is_alias(patient_id) and relay.home(patient_id) == number:
                found.note(patient_id, received_at)
        return found.arrivals

    def changed_since(self, share: Share) -> dict[str, Instant]:
        """Return the clinical time from which facts have changed, of each patient of whom any have."""
        found = Gathered()
        for identity, since in self.since.items():
            found._touch(share.identities.resolve(identity), since)
        return found.since

    def last_words(self, share: Share, number: int, relay: Relay) -> Iterable[Retirement]:
        """Yield what is to be said last of the concerned ids of this partition that are not judged any more.

        Of those retired in favour of another patient, and of those whose facts have all turned out to be another's.
        """
        for identity in self.arrivals:
            patient_id = share.identities.resolve(identity)
            if patient_id != identity and not is_alias(identity) and relay.home(identity) == number:
                own = [share.timelines[identity]] if identity in share.timelines else []
                if (instant := as_of(own) or as_of(share.ever_gathered(identity))) is not None:
                    yield Retirement(identity, patient_id, instant)
        for patient_id in self.patients(share, number, relay):
            # A horizon is there as soon as anything clinical was accepted; asking for it walks through no facts.
            if all(timeline.horizon is None for timeline in share.gathered(patient_id)):
                instant = as_of(share.ever_gathered(patient_id))
                if instant is not None:
                    yield Retirement(patient_id, "", instant)


def _since(event: Input, outcome: Outcome) -> Instant:
    """Return the clinical time from which an event may have changed what is known.

    What replaces, withdraws or moves a fact may have changed any time; so may what did that before and comes again.
    """
    if isinstance(event, AlertCommand | EncounterVersion) or outcome == "beyond-retention":
        return NOTHING_SINCE
    if outcome == "added" and isinstance(event, ObservationVersion) and event.effective_at is not None:
        return event.effective_at
    if outcome == "added" and isinstance(event, Said):
        return event.as_of
    return EVERYTHING_SINCE


def _count(event: ObservationVersion, outcome: Outcome, share: Share) -> None:
    """Count what of a new version is not scored, and how late it came where it came too late."""
    timeline = share.timelines[event.patient_id]
    if outcome in ("added", "replaced"):
        for reason in excluded(event.measures):
            metrics.EXCLUDED.labels(reason).inc()
    elif outcome == "beyond-retention" and timeline.horizon is not None and event.effective_at is not None:
        metrics.BEYOND_RETENTION_HOURS.observe((timeline.horizon - event.effective_at) / HOUR)


def decoded(decode: Any, record: Record, run: Run) -> Any:
    """Read a record of our own; `ContractError` where it is not one, without its text, which quotes the record."""
    try:
        return decode(record.value or b"")
    except msgspec.MsgspecError:
        raise ContractError(
            f"{run.topic}/{run.partition}@{record.offset}: expected a record of our own, received something else; "
            "only CardioStream may write this topic; remove the record or set the group's offset behind it"
        ) from None
