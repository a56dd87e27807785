"""When the scores of a share that was just acquired reach their next stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streams.timeline.share import Share
from streams.workers.gathering import Gathered
from streams.workers.relay import Relay
from streams.workers.ticking import DueTimes, Ticks

DUE_AT_ONCE = 1000
"""Patients due by time or debt that one flush takes: about a second of work, in which no heartbeat is sent."""


def due_times(share: Share, number: int, relay: Relay, after_ms: Sequence[int]) -> DueTimes:
    """Return the due times of every patient of one partition.

    Parameters
    ----------
    after_ms
        Milliseconds after a score's instant at which it is due.
    """
    due = DueTimes(after_ms)
    everyone = Gathered(arrivals=dict.fromkeys(share.timelines))
    for patient_id in everyone.patients(share, number, relay):
        if (instant := share.as_of(patient_id)) is not None:
            due.note(patient_id, instant)
    return due


def still_due(shares: Mapping[int, Share], ticks: Mapping[int, Ticks], due: Mapping[int, DueTimes]) -> list[int]:
    """Return the partitions of which a tick has been acted on, and not yet on all whom it concerns."""
    return [
        number
        for number, share in shares.items()
        if ticks[number].acted and share.tick is not None and due[number].has_due(share.tick)
    ]


def those_due(share: Share, ticks: Ticks, due: DueTimes, partitions: int) -> list[str]:
    """Return some of those whom passing time concerns; after a restart they are all that were ever judged.

    Parameters
    ----------
    partitions
        Partitions that share the work of one flush.
    """
    return due.take(share.tick, DUE_AT_ONCE // partitions or 1) if ticks.acted and share.tick is not None else []
