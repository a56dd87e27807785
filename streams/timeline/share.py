"""One partition's patients: owned under an epoch, restored by union, written in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from streams.clock import Instant
from streams.records import AlertCommand, BedsideEvent, Identities, Identity, Overruling, Said, Transfer
from streams.timeline import identities, pieces
from streams.timeline.encoding import (
    PieceKey,
    decode_key,
    decode_number,
    decode_overrulings,
    decode_text,
    decode_words,
    encode_key,
    encode_number,
    encode_overrulings,
    encode_text,
    encode_words,
)
from streams.timeline.former import Former
from streams.timeline.heard import Heard
from streams.timeline.judged import JudgedBy
from streams.timeline.overruled import Overruled, bucket_of
from streams.timeline.pieces import EPOCH, HEARD, OVERRULINGS, TICK, WORDS, Piece, is_held
from streams.timeline.resting import RestingAlerts
from streams.timeline.retention import Retention
from streams.timeline.rows import identify
from streams.timeline.taken import Taken
from streams.timeline.timeline import Timeline
from streams.timeline.timelines import Timelines, as_of
from streams.timeline.union import put, unite


class Share:
    """The patients of one partition and what is owed to them.

    Facts stand under the identity under which they came, also those of retired ids and of aliases that another
    partition has sent; so a merge can be undone.

    Parameters
    ----------
    mark
        Random mark of this process; part of every piece key it writes.
    retention
        How long facts are remembered.
    """

    def __init__(self, mark: bytes, retention: Retention) -> None:
        self.mark = mark
        self.retention = retention
        self.epoch = 0
        self.tick: Instant | None = None
        self.identities = identities.Identities()
        self.overruled = Overruled(retention.slow_ms)
        self.timelines = Timelines(retention, self.overruled.voids)
        self.owed: set[str] = set()
        """Patients scored while a model was away or by a version not live any more; a debt survives a restart."""
        self.parked: dict[str, Instant] = {}
        """Aliases that wait for their patient, and the tick since which they do."""
        self.alerts = RestingAlerts()
        self.heard = Heard()
        self.judged_by = JudgedBy()
        self._former = Former()
        self._emptied: dict[str, set[int]] = {}
        """Pieces on the changelog of which retention has left nothing, to be removed when their patient is touched."""
        self._said: set[str] = set()
        self._left: set[int] = set()

    def restore(self, records: Iterable[tuple[bytes, bytes | None]], at_least: int = 0) -> list[Piece]:
        """Unite all pieces of the changelog, take the next epoch, and return what announces it.

        The announcement must be acknowledged before anything else is written; what has come meanwhile is given to
        `absorb`.

        Parameters
        ----------
        at_least
            Highest epoch known from elsewhere, so that a lost changelog does not let the epochs begin anew.
        """
        return self._announce(max(self._take(records), at_least))

    def absorb(self, records: Iterable[tuple[bytes, bytes | None]]) -> list[Piece]:
        """Unite what was written while the epoch was announced; return another announcement if it is contested."""
        others = [(raw, value) for raw, value in records if decode_key(raw).mark != self.mark]
        highest = self._take(others)
        if highest < self.epoch:
            return []
        return self._announce(highest)

    def _announce(self, highest: int) -> list[Piece]:
        """Take the epoch after the highest; what was heard is said again under it, for a former owner may note more."""
        self.epoch = highest + 1
        self.heard.own(self.epoch)
        self.judged_by.own(self.epoch)
        judged_by = [] if self.judged_by.text is None else self.judge_by(self.judged_by.text)
        return [self._piece("", EPOCH, encode_number(self.epoch)), *self._noted(), *judged_by]

    def _noted(self) -> list[Piece]:
        offset = self.heard.offset
        return [] if offset is None else [self._piece("", HEARD, encode_number(offset))]

    def _take(self, records: Iterable[tuple[bytes, bytes | None]]) -> int:
        """Unite pieces and return the highest epoch among them; what is too old goes when all are known."""
        highest = 0
        special: list[tuple[PieceKey, bytes]] = []
        held: dict[str, list[tuple[PieceKey, bytes]]] = {}
        latest = dict(records)
        while latest:
            raw, value = latest.popitem()
            key = decode_key(raw)
            highest = max(highest, key.epoch)
            if value is not None and is_held(key.piece):
                held.setdefault(key.patient_id, []).append((key, value))
            elif value is not None:
                self._former.note(key)
                special.append((key, value))
        self._take_special(special)
        # Overrulings are known now, so that no fact is taken for usable that is not.
        overruled = {identify(resource_id)[1] for _, resource_id in self.overruled.resources()}
        for patient_id in list(held):
            self._put_held(patient_id, held.pop(patient_id), overruled)
        return highest

    def _take_special(self, found: list[tuple[PieceKey, bytes]]) -> None:
        words: list[Identity] = []
        self.alerts.take(found)
        for key, value in found:
            if key.piece == TICK:
                self.tick = max(self.tick or 0, decode_number(value))
            elif key.piece == HEARD:
                self.heard.take(key.epoch, decode_number(value))
            elif key.piece == pieces.JUDGED_BY:
                self.judged_by.take(key.epoch, decode_text(value))
            elif key.piece == pieces.DEBT:
                self.owed.add(key.patient_id)
            elif key.piece == pieces.PARKED:
                self.parked[key.patient_id] = min(decode_number(value), self.parked.get(key.patient_id, 2**62))
            elif key.piece <= OVERRULINGS:
                for word in decode_overrulings(value):
                    self._overrule(word)
            elif key.piece == WORDS:
                words += decode_words(value)
        # All at once: each change of a merge looks at every identity there is.
        self.identities.take(words)

    def _put_held(self, patient_id: str, found: list[tuple[PieceKey, bytes]], overruled: Set[bytes]) -> None:
        """Unite all pieces of what is held under one identity, and lay it to rest."""
        timeline = self.timelines.made(patient_id)
        for key, _ in found:
            self._former.note(key, timeline)
        unite(timeline, [(key.piece, value) for key, value in found], overruled)
        timeline.forget_old()
        timeline.touched.clear()
        if gone := {key.piece for key, _ in found}.difference(timeline.pieces()):
            self._emptied.setdefault(patient_id, set()).update(gone)
        self.timelines.close(patient_id)

    def timeline(self, patient_id: str) -> Timeline:
        """Return what is remembered under an identity, an empty timeline where nothing is known yet."""
        return self.timelines.made(patient_id)

    def apply(self, event: BedsideEvent | Said | AlertCommand | Identities | Transfer) -> Taken:
        """Take in one record of the bedside's inputs and say what became of it."""
        if isinstance(event, Overruling):
            return Taken("overruling", tuple(self._overrule(event)))
        if isinstance(event, Identities):
            return self._apply_words(event.words)
        if isinstance(event, Transfer):
            changed = self._hear(event.words)
            put(self.timeline(event.origin), event.piece, event.value)
            return Taken("transferred", (event.origin, *sorted(changed)), event.piece, changed)
        timeline = self.timeline(event.patient_id)
        outcome = timeline.apply(event)
        moves = self.identities.resolve(event.patient_id) != event.patient_id
        return Taken(outcome, (event.patient_id,), timeline.piece_of(event) if moves else None)

    def _overrule(self, word: Overruling) -> list[str]:
        """Remember an overruling and return the identities that lost a resource by it, also before, or regained one."""
        key = word.source, word.resource_id
        if self.overruled.take(word):
            self._left.add(bucket_of(key))
        return [name for name in self.timelines.holding(key) if self.timelines[name].reconsider(key)]

    def _hear(self, words: Sequence[Identity]) -> frozenset[str]:
        self._said.update(word.subject for word in words if not self.identities.knows(word))
        return frozenset(self.identities.take(words))

    def _apply_words(self, words: Sequence[Identity]) -> Taken:
        changed = self._hear(words)
        subjects = {word.subject for word in words}
        # Told again though nothing changed: what followed from it may have been lost on the way the first time.
        moved = changed | subjects | {o for s in subjects for o in self.identities.origins(s)}
        # Also those whose they were: the word that took something from them may have been lost with its result.
        whose = {word.target for s in subjects for word in self.identities.words_of(s)}
        return Taken("identity", tuple(sorted(moved | whose)), None, moved)

    def gathered(self, patient_id: str) -> list[Timeline]:
        """Return the timelines of all identities whose facts are this patient's, the patient's own first."""
        return self._known(patient_id, *self.identities.origins(patient_id))

    def ever_gathered(self, patient_id: str) -> list[Timeline]:
        """Return the timelines of all identities whose facts were this patient's under any words that were known."""
        return self._known(patient_id, *self.identities.ever_origins(patient_id))

    def _known(self, *identities: str) -> list[Timeline]:
        return [self.timelines[name] for name in identities if name in self.timelines]

    def as_of(self, patient_id: str) -> Instant | None:
        """Return the instant that a patient's score is as of, without opening what rests; see `snapshot.as_of`."""
        return as_of([self.timelines.instants(name) for name in (patient_id, *self.identities.origins(patient_id))])

    def changed(self, patient_ids: Iterable[str]) -> list[Piece]:
        """Return the pieces of these identities that changed since they were last taken, and what is said of any."""
        self.timelines.rest()
        found: list[Piece] = []
        for patient_id in patient_ids:
            timeline = self.timelines.get(patient_id)
            if timeline is not None:
                if gone := self._emptied.pop(patient_id, None):
                    timeline.touched |= dict.fromkeys(gone.difference(timeline.pieces()), True)
                numbers = timeline.in_writing_order()
                found += [self._piece(patient_id, number, self.encoded(patient_id, number)) for number in numbers]
                timeline.touched.clear()
        found += [self._piece(s, WORDS, encode_words(self.identities.words_of(s))) for s in sorted(self._said)]
        found += [self._overrulings(bucket) for bucket in sorted(self._left)]
        self._said.clear()
        self._left.clear()
        return found

    def _overrulings(self, bucket: int) -> Piece:
        mine = self.overruled.bucket(bucket)
        return self._piece("", OVERRULINGS - bucket, encode_overrulings(mine) if mine else None)

    def advance(self, tick: Instant) -> list[Piece]:
        """Move passing time forward, never back, and return the piece that remembers it."""
        if self.tick is not None and tick <= self.tick:
            return []
        self.tick = tick
        self._left |= self.overruled.forget_old(self.timelines.held_among)
        return [self._piece("", TICK, encode_number(tick)), *self._noted()]

    def park(self, alias: str) -> list[Piece]:
        """Note since which tick an alias waits for its patient; before the first tick there is none to count from."""
        if alias in self.parked or self.tick is None:
            return []
        self.parked[alias] = self.tick
        return [self._piece(alias, pieces.PARKED, encode_number(self.tick))]

    def unpark(self, alias: str) -> list[Piece]:
        """Forget that an alias waits."""
        return [] if self.parked.pop(alias, None) is None else [self._piece(alias, pieces.PARKED, None)]

    def drop(self, identity: str) -> list[Piece]:
        """Forget everything held under an identity."""
        timeline = self.timelines.drop(identity)
        if timeline is None:
            return []
        self._emptied.pop(identity, None)
        self._former.keep(identity, timeline)
        return [self._piece(identity, number, None) for number in sorted({*timeline.pieces(), *timeline.older})]

    def owe(self, patient_ids: Iterable[str]) -> list[Piece]:
        """Remember that these patients are to be scored again once the models are back."""
        new = sorted(set(patient_ids) - self.owed)
        self.owed.update(new)
        return [self._piece(patient_id, pieces.DEBT, encode_number(self.epoch)) for patient_id in new]

    def settle(self, patient_ids: Iterable[str]) -> list[Piece]:
        """Forget debts that have been paid."""
        paid = sorted(self.owed & set(patient_ids))
        self.owed.difference_update(paid)
        return [self._piece(patient_id, pieces.DEBT, None) for patient_id in paid]

    def judge_by(self, text: str) -> list[Piece]:
        """Note what scores are made of from here on; whoever was judged otherwise must be owed before."""
        self.judged_by.text = text
        return [self._piece("", pieces.JUDGED_BY, encode_text(text))]

    def alerts_piece(self, patient_id: str, value: bytes | None) -> Piece:
        """Return the piece that keeps a patient's alerts."""
        return self._piece(patient_id, pieces.ALERTS, value)

    def superseded(self, acknowledged: Iterable[Piece]) -> list[Piece]:
        """Return removals of older epochs' pieces whose successors have been acknowledged."""
        removals: list[Piece] = []
        for raw, _ in acknowledged:
            key = decode_key(raw)
            timeline = self.timelines.get(key.patient_id) if is_held(key.piece) else None
            removals += [(older, None) for older in self._former.taken(key, timeline)]
        return removals

    def encoded(self, patient_id: str, number: int) -> bytes | None:
        """Return one piece of what is held under an identity; None where nothing is left in it."""
        return pieces.encoded(self.timelines[patient_id], number)

    def _piece(self, patient_id: str, number: int, value: bytes | None) -> Piece:
        return encode_key(PieceKey(patient_id, number, self.epoch, self.mark)), value
