"""Word of changes that a record alone shows, for partitions that may hold an earlier version of the resource."""

from __future__ import annotations

from streams.normalise.shapes import Meta
from streams.records import EncounterVersion, Event, ObservationVersion, Overruling, SlowEvent


def is_change(given_id: str | None, meta: Meta | None, status: str | None, telling: frozenset[str]) -> bool:
    """Tell whether an earlier version of a resource may be about: by its ``versionId`` or a status in `telling`.

    Never of a resource without id, since nothing else can be a version of it.
    """
    if not given_id:
        return False
    return status in telling or (meta is not None and meta.version_id not in {None, "1"})


Versioned = ObservationVersion | EncounterVersion | SlowEvent


def overruling(event: Versioned) -> Overruling:
    """Return the word to every partition that goes beside an event which is a change."""
    return Overruling(event.source, event.resource_id, event.version, event.patient_id, event.received_at)


def told(event: Versioned, change: bool) -> list[Event]:
    """Return what goes out for one version: a change that names nobody is no event of any patient."""
    if not change:
        return [event]
    return [event, overruling(event)] if event.patient_id else [overruling(event)]
