"""The policy of alerts at the bedside: which minutes are assessed, what is told of it, and what is kept."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from streams import metrics, topics
from streams.alerts import state
from streams.alerts.life import Life, Place
from streams.alerts.minutes import earlier, holds_newest
from streams.alerts.policy import Policy
from streams.alerts.watch import Watch
from streams.clock import MINUTE, Instant
from streams.inference.manifest import Manifest
from streams.inference.outcomes import Outcome
from streams.publish.alerts import headers_of
from streams.records import Alert, AlertCommand, RiskScore
from streams.timeline.commands import standing
from streams.timeline.pieces import Piece
from streams.timeline.share import Share
from streams.transport.produce import Out
from streams.workers.assessment import Case, Noted, cases_of, is_owed
from streams.workers.flush import Flush
from streams.workers.minute import judged, row
from streams.workers.serving import Serving

OPEN_WATCHES = 4000
"""Watches of a process beyond which those asked for longest ago are laid to rest as bytes."""
DUE_AT_ONCE = 1000
"""Patients whose alerts one flush looks at because time has passed."""
_encode = msgspec.json.Encoder().encode
_Key = tuple[int, str]
"""Partition and patient."""


class Told(NamedTuple):
    """What comes of a flush for alerts, in one partition."""

    pieces: list[Piece]
    outs: list[Out]


class Alerting:
    """Runs the policy for the patients of this process; keeps one watch for each that was looked at lately.

    Parameters
    ----------
    on
        False: nothing is assessed for alerts, and nothing told.
    """

    def __init__(self, policy: Policy, *, on: bool = True) -> None:
        self.policy, self._on = policy, on
        self._shares: Mapping[int, Share] = {}
        self._watches: dict[_Key, Watch] = {}
        self._due: dict[int, list[tuple[Instant, str]]] = {}
        self._next: dict[_Key, Instant] = {}
        self._fresh: set[_Key] = set()
        """Those told again since the assignment; of all others a word may have been lost on the way."""

    def begin(self, shares: Mapping[int, Share]) -> None:
        """Begin a new assignment with what its state holds."""
        self._shares, self._watches, self._next = shares, {}, {}
        self._due = {number: [] for number in shares}
        self._fresh = set()
        for number, share in shares.items() if self._on else ():
            for patient_id, raw in share.alerts.items():
                if (due := state.due_of(raw)) < state.NEVER:
                    self._wait(number, patient_id, due)

    def again(self, number: int, patient_ids: Iterable[str], strays: Iterable[Alert] = ()) -> None:
        """Tell these patients' alerts again when they are looked at next, and the end of strays that do not stand."""
        self._fresh.difference_update((number, patient_id) for patient_id in patient_ids)
        for alert in strays if self._on else ():
            self._watch(self._shares[number], number, alert.patient_id).stray(alert)

    def earlier(self, noted: Sequence[tuple[Share, int, Noted]], spec: Manifest | None) -> list[tuple[int, Case]]:
        """Return the minutes before the newest that have to be assessed again, by the place of the patient."""
        found: list[tuple[int, Noted]] = []
        for place, (share, number, one) in enumerate(noted if self._on else ()):
            since = self._since(share, number, one)
            found += [(place, one._replace(snapshot=cut, stage="fresh")) for cut in earlier(one.snapshot, since)]
        cases = cases_of([one for _, one in found], spec) if found else []
        return [(place, case) for (place, _), case in zip(found, cases, strict=True)]

    def _since(self, share: Share, number: int, one: Noted) -> Instant:
        patient_id, since = one.snapshot.patient_id, one.since
        if patient_id in share.owed:
            degraded = self._watch(share, number, patient_id).first_degraded
            since = since if degraded is None else min(since, degraded)
        if since // MINUTE >= one.snapshot.as_of // MINUTE:
            return since
        return max(since, self._watch(share, number, patient_id).settled + 1)

    def _assess(
        self,
        share: Share,
        number: int,
        one: Noted,
        found: Sequence[tuple[Case, Outcome | None, RiskScore]],
        serving: Serving,
    ) -> Told:
        """Run the policy over what was assessed of one patient.

        Parameters
        ----------
        found
            Ascending: the minutes that were assessed again, then the newest.
        """
        patient_id, snapshot = one.snapshot.patient_id, one.snapshot
        watch = self._watch(share, number, patient_id)
        rows = [row(*each, serving) for each in (found if holds_newest(snapshot) else found[:-1])]
        since = min([one.since, *(case.snapshot.as_of for case, _, _ in found)]) // MINUTE * MINUTE
        now = max(share.tick or snapshot.as_of, snapshot.as_of)
        place = Place(snapshot.ward, snapshot.encounter_id)
        return self._told(share, number, patient_id, watch.assess(rows, since, place, _words(share, patient_id), now))

    def retire(self, share: Share, number: int, patient_id: str, survivor: str) -> Told:
        """Supersede what stands of an id that has been merged into another, or of which nothing is left."""
        if (number, patient_id) not in self._watches and patient_id not in share.alerts:
            return Told([], [])
        watch = self._watch(share, number, patient_id)
        return self._told(share, number, patient_id, watch.retired(f"Patient/{survivor}" if survivor else ""))

    def time_passes(self, share: Share, number: int) -> list[Told]:
        """Act on the highest tick: what is due, and what a former owner may not have told."""
        found: list[Told] = []
        while share.tick is not None and self.has_due(share, number) and len(found) < DUE_AT_ONCE:
            due, patient_id = heapq.heappop(self._due[number])
            if self._next.get((number, patient_id)) != due:
                continue  # something else took its place
            del self._next[number, patient_id]
            if share.identities.resolve(patient_id) == patient_id:
                watch = self._watch(share, number, patient_id)
                found.append(self._told(share, number, patient_id, watch.time_passes(share.tick)))
        return found

    def waiting(self) -> list[int]:
        """Return the partitions of which passing time concerns somebody's alerts."""
        return [number for number, share in self._shares.items() if self.has_due(share, number)]

    def has_due(self, share: Share, number: int) -> bool:
        """Tell whether passing time concerns anybody's alerts."""
        heap = self._due[number]
        return bool(heap) and share.tick is not None and heap[0][0] <= share.tick

    def _told(self, share: Share, number: int, patient_id: str, lives: Sequence[Life]) -> Told:
        key = number, patient_id
        watch = self._watches[key]
        if key not in self._fresh:
            self._fresh.add(key)
            lives = watch.again()
        outs = [self._out(share, number, watch, patient_id, life) for life in lives]
        due = watch.next_due(state.AT_ONCE if share.tick is None else share.tick)
        if due is not None:
            self._wait(number, patient_id, due)
        if not watch.changed:
            return Told([], outs)
        watch.changed = False
        return Told([share.alerts_piece(patient_id, state.written(watch, due))], outs)

    def _out(self, share: Share, number: int, watch: Watch, patient_id: str, life: Life) -> Out:
        alert = watch.record(patient_id, life)
        value = _encode(alert)
        metrics.ALERTS.labels(alert.state).inc()
        digest = blake2b(value, digest_size=16).hexdigest()
        return Out(topics.ALERTS, number, patient_id.encode(), value, headers_of(alert, share.epoch, digest))

    def take(self, flush: Flush) -> list[Out]:
        """Run the policy over everything that a flush has judged; its pieces go to the flush."""
        if not self._on:
            return []
        by_place: dict[int, list[tuple[Case, Outcome | None, RiskScore]]] = {}
        for (place, case), outcome in zip(flush.earlier, flush.earlier_answers, strict=True):
            by_place.setdefault(place, []).append((case, outcome, judged(case, outcome, flush.serving)))
            if is_owed(outcome):
                share, number, _ = flush.noted[place]
                flush.pieces.setdefault(number, []).extend(share.owe([case.snapshot.patient_id]))
        found = [(number, self.retire(share, number, *who)) for share, number, who in flush.retired]
        newest = zip(flush.noted, flush.cases, flush.answers, flush.scores, strict=True)
        for place, ((share, number, one), case, outcome, score) in enumerate(newest):
            rows = [*by_place.get(place, ()), (case, outcome, score)]
            found.append((number, self._assess(share, number, one, rows, flush.serving)))
        for number, share in self._shares.items():
            found += [(number, told) for told in self.time_passes(share, number)]
        for number, told in found:
            flush.pieces.setdefault(number, []).extend(told.pieces)
        return [out for _, told in found for out in told.outs]

    def _wait(self, number: int, patient_id: str, due: Instant) -> None:
        if self._next.get((number, patient_id)) != due:
            self._next[number, patient_id] = due
            heapq.heappush(self._due[number], (due, patient_id))

    def _watch(self, share: Share, number: int, patient_id: str) -> Watch:
        """Return a patient's watch, the one asked for last at the end; lay others to rest where there are many."""
        key = number, patient_id
        watch = self._watches.pop(key, None)
        if watch is None:
            watch = self._opened(share, patient_id)
            if len(self._watches) >= OPEN_WATCHES:
                self._close(next(iter(self._watches)))
        self._watches[key] = watch
        return watch

    def _opened(self, share: Share, patient_id: str) -> Watch:
        raw = share.alerts.pop(patient_id, None)
        if raw is None:
            return Watch(self.policy)
        watch = state.read(raw, self.policy)
        if share.identities.resolve(patient_id) == patient_id:
            watch.restored(_words(share, patient_id))
        watch.changed = False
        return watch

    def _close(self, key: _Key) -> None:
        number, patient_id = key
        watch = self._watches.pop(key)
        self._shares[number].alerts[patient_id] = state.written(watch, self._next.get(key))


def _words(share: Share, patient_id: str) -> tuple[AlertCommand, ...]:
    return standing([timeline.commands for timeline in share.gathered(patient_id)])
