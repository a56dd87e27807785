"""Where a patient lies now, by the encounters that are known: ward, bed and the stay itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.timeline.held import HeldEncounter
from streams.timeline.timeline import Timeline

_TYPE = "Encounter/"


class Place(NamedTuple):
    """Ward, bed and current encounter; each empty where it is not known."""

    ward: str = ""
    bed: str = ""
    encounter_id: str = ""
    """Bare id, as Observations name it."""


NOWHERE = Place()


def place(timelines: Sequence[Timeline], named: str) -> Place:
    """Return where a patient lies; a function of the set of encounters and of what the facts name.

    The encounter that the newest usable fact names, where it is known and active; else the active one that began last;
    else none.

    Parameters
    ----------
    timelines
        Of every identity whose facts are this patient's.
    named
        Bare id of the encounter that the newest usable fact names; empty where it names none.
    """
    active = [one for timeline in timelines for one in timeline.active_encounters()]
    if not active:
        return NOWHERE
    current = max(active, key=lambda one: (one.resource_id == _TYPE + named, *_rank(one)))
    return Place(current.ward, current.bed, current.resource_id.removeprefix(_TYPE))


def _rank(one: HeldEncounter) -> tuple[object, ...]:
    """Order by beginning, unknown first; the rest only makes the choice the same whatever the order of arrival."""
    began = one.start is not None, one.start or 0
    return *began, one.version, one.source, one.resource_id, one.ward, one.bed
