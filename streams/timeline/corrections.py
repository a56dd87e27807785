"""Which of a patient's facts were corrected, and how: why a published score is another version."""

from __future__ import annotations

from collections.abc import Iterable

from streams.records import Correction
from streams.timeline.held import Held

LIMIT = 10
"""Corrections that a score names; the rest is counted."""
_IN_ERROR = 4
"""Status rank of entered-in-error; `streams.records.Version`."""


def correction(held: Held, *, left: bool = False) -> Correction | None:
    """Return how a resource was corrected, None where it stands as it first came.

    A clinician's flag that is changed or ends is no correction: it was right as long as it stood.

    Parameters
    ----------
    left
        Whether a higher version of it has left this patient.
    """
    if left:
        return Correction(held.resource_id, "moved", held.version.last_updated)
    if not (held.revised or held.withdrawn):
        return None
    if held.resource_id.startswith("Flag/") and held.version.status_rank < _IN_ERROR:
        return None
    return Correction(held.resource_id, "withdrawn" if held.withdrawn else "replaced", held.version.last_updated)


def newest(found: Iterable[Correction]) -> tuple[tuple[Correction, ...], int]:
    """Return the newest `LIMIT` corrections, newest first, and the count of all; a function of the set alone."""
    ranked = sorted(found, key=lambda one: (-one.last_updated, one.resource_id, one.kind))
    return tuple(ranked[:LIMIT]), len(ranked)
