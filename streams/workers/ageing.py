"""What passing time takes of those of whom nothing is known but studies and notes: no vital sign ages them there."""

from __future__ import annotations

from itertools import islice

from streams.timeline.share import Share


def aged(share: Share, most: int) -> list[str]:
    """Forget studies and notes too long before the present tick, where no horizon ages them; return whose they were.

    With the defaults no level is lost by it: by the same tick, a score that they could still count in is silent. What
    waits for its patient is left alone: it is given up with a dead letter.

    Parameters
    ----------
    most
        Identities that one tick looks at; the others wait for the next.
    """
    limit = (share.tick or 0) - share.retention.slow_ms
    due = (identity for identity in share.timelines.said_alone(limit) if identity not in share.parked)
    return [identity for identity in islice(due, most) if share.timelines[identity].forget_said(limit)]
