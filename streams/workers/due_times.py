"""When the scores of a share that was just acquired reach their next stage."""

from __future__ import annotations

from collections.abc import Sequence

from streams.timeline.share import Share
from streams.workers.gathering import Gathered
from streams.workers.relay import Relay
from streams.workers.ticking import DueTimes


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
