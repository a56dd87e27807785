"""A patient minute by minute: the snapshots that the policy's assessments are made of."""

from __future__ import annotations

import msgspec
import numpy as np

from streams.clock import MINUTE, Instant
from streams.timeline.series import Snapshot


def holds_newest(snapshot: Snapshot) -> bool:
    """Tell whether the minute of ``as_of`` holds a fact; it does not where everything has been withdrawn."""
    times = snapshot.series.effective_at
    return times.size > 0 and _minute(times.item(-1)) == _minute(snapshot.as_of)


def earlier(snapshot: Snapshot, since: Instant) -> list[Snapshot]:
    """Return the patient as of the end of each minute before the newest that has to be assessed again, ascending.

    A minute is assessed with the facts up to its end. What is said of images counts from their time on, or from the
    next minute that holds a fact; where that is known of a later time than `since`, the minute before is among them.

    Parameters
    ----------
    since
        Clinical time from which facts have come, changed or gone.
    """
    newest = _minute(snapshot.as_of)
    ahead = any(study.as_of >= since for study in snapshot.studies)
    if _minute(since) >= newest and not ahead:
        return []
    times = snapshot.series.effective_at
    last = np.flatnonzero(np.diff(times // MINUTE, append=np.iinfo(np.int64).max))
    ends: list[int] = times[last].tolist()
    first = int(np.searchsorted(times[last] // MINUTE, since // MINUTE))
    if ahead and first:
        first -= 1
    return [_cut(snapshot, ends[i], ends[i + 1]) for i in range(first, len(ends) - 1)]


def _cut(snapshot: Snapshot, at: Instant, following: Instant) -> Snapshot:
    """Return the patient as of one of the minutes; the series stays whole, nothing reads it beyond ``as_of``."""
    if not snapshot.studies:
        return msgspec.structs.replace(snapshot, as_of=at)
    studies = tuple(study for study in snapshot.studies if study.as_of < _minute(following))
    return msgspec.structs.replace(snapshot, as_of=at, studies=studies)


def _minute(at: Instant) -> Instant:
    return at // MINUTE * MINUTE
