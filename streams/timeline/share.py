"""One partition's patients: owned under an epoch, restored by union, written in pieces."""

from __future__ import annotations

from collections.abc import Iterable

from streams.clock import Instant
from streams.records import ClinicalEvent
from streams.timeline.encoding import (
    PieceKey,
    decode_key,
    decode_number,
    decode_patients,
    decode_slot,
    encode_key,
    encode_number,
    encode_patients,
)
from streams.timeline.hour import UNDATED, hour_of_slot
from streams.timeline.timeline import DEMOGRAPHICS, Outcome, Retention, Timeline

EPOCH = UNDATED - 2
TICK = UNDATED - 3
DEBT = UNDATED - 4

Piece = tuple[bytes, bytes | None]
"""Key and value of one changelog record; None removes."""


class Share:
    """The patients of one partition and what is owed to them.

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
        self.timelines: dict[str, Timeline] = {}
        self.owed: set[str] = set()
        """Patients scored while a model was away; a debt survives a restart."""
        self._older: dict[tuple[str, int], list[bytes]] = {}

    def restore(self, records: Iterable[tuple[bytes, bytes | None]], at_least: int = 0) -> list[Piece]:
        """Unite all pieces of the changelog, take the next epoch, and return what announces it.

        The announcement must be acknowledged before anything else is written; what has come meanwhile is given to
        `absorb`.

        Parameters
        ----------
        at_least
            Highest epoch known from elsewhere, so that a lost changelog does not let the epochs begin anew.
        """
        self.epoch = max(self._take(records), at_least) + 1
        return [self._piece("", EPOCH, encode_number(self.epoch))]

    def absorb(self, records: Iterable[tuple[bytes, bytes | None]]) -> list[Piece]:
        """Unite what was written while the epoch was announced; return another announcement if it is contested."""
        others = [(raw, value) for raw, value in records if decode_key(raw).mark != self.mark]
        highest = self._take(others)
        if highest < self.epoch:
            return []
        self.epoch = highest + 1
        return [self._piece("", EPOCH, encode_number(self.epoch))]

    def _take(self, records: Iterable[tuple[bytes, bytes | None]]) -> int:
        """Unite pieces and return the highest epoch among them; what is too old goes when all are known."""
        highest = 0
        for raw, value in dict(records).items():
            key = decode_key(raw)
            highest = max(highest, key.epoch)
            if value is not None:
                self._unite(key, raw, value)
        for timeline in self.timelines.values():
            timeline.forget_old()
            timeline.touched.clear()
        return highest

    def _unite(self, key: PieceKey, raw: bytes, value: bytes) -> None:
        self._older.setdefault((key.patient_id, key.piece), []).append(raw)
        if key.piece == EPOCH:
            return
        if key.piece == TICK:
            self.tick = max(self.tick or 0, decode_number(value))
        elif key.piece == DEBT:
            self.owed.add(key.patient_id)
        elif key.piece == DEMOGRAPHICS:
            for patient in decode_patients(value):
                self.timeline(key.patient_id).put_patient(patient)
        else:
            for resource in decode_slot(value):
                self.timeline(key.patient_id).put(resource)

    def timeline(self, patient_id: str) -> Timeline:
        """Return the patient's timeline, an empty one where nothing is known yet."""
        known = self.timelines.get(patient_id)
        if known is None:
            known = self.timelines[patient_id] = Timeline(self.retention)
        return known

    def apply(self, event: ClinicalEvent) -> Outcome:
        """Take in one version of one resource and say what became of it."""
        return self.timeline(event.patient_id).apply(event)

    def changed(self, patient_ids: Iterable[str]) -> list[Piece]:
        """Return the pieces of these patients that changed since they were last taken."""
        pieces = []
        for patient_id in patient_ids:
            timeline = self.timelines[patient_id]
            pieces += [self._encoded(patient_id, timeline, number) for number in timeline.in_writing_order()]
            timeline.touched.clear()
        return pieces

    def advance(self, tick: Instant) -> list[Piece]:
        """Move passing time forward, never back, and return the piece that remembers it."""
        if self.tick is not None and tick <= self.tick:
            return []
        self.tick = tick
        return [self._piece("", TICK, encode_number(tick))]

    def owe(self, patient_ids: Iterable[str]) -> list[Piece]:
        """Remember that these patients are to be scored again once the models are back."""
        new = sorted(set(patient_ids) - self.owed)
        self.owed.update(new)
        return [self._piece(patient_id, DEBT, encode_number(self.epoch)) for patient_id in new]

    def settle(self, patient_ids: Iterable[str]) -> list[Piece]:
        """Forget debts that have been paid."""
        paid = sorted(self.owed & set(patient_ids))
        self.owed.difference_update(paid)
        return [self._piece(patient_id, DEBT, None) for patient_id in paid]

    def superseded(self, acknowledged: Iterable[Piece]) -> list[Piece]:
        """Return removals of older epochs' pieces whose successors have been acknowledged."""
        removals: list[Piece] = []
        for raw, _ in acknowledged:
            key = decode_key(raw)
            removals += [(older, None) for older in self._older.pop((key.patient_id, key.piece), ())]
        return removals

    def _encoded(self, patient_id: str, timeline: Timeline, number: int) -> Piece:
        if number == DEMOGRAPHICS:
            return self._piece(patient_id, number, encode_patients(list(timeline.patients.values())))
        hour = timeline.hours.get(hour_of_slot(number))
        return self._piece(patient_id, number, None if hour is None else hour.encoded(number))

    def _piece(self, patient_id: str, number: int, value: bytes | None) -> Piece:
        return encode_key(PieceKey(patient_id, number, self.epoch, self.mark)), value
