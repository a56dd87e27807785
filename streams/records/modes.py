"""Which versions of a model a site shows, runs beside, or only keeps: the record of each change, and of its effect."""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.clock import Instant

Mode = Literal["silent", "shadow", "live"]
"""``live``: part of the score. ``shadow``: a candidate, asked beside the live version and never shown. ``silent``:
asked and kept, with nothing of that model shown. A version without a mode is not asked."""


class ModelModes(msgspec.Struct, frozen=True, tag="model-modes"):
    """What became of one model's versions by one change; on `control.models` the newest of a model stands."""

    model: str
    modes: dict[str, Mode]
    """Version to mode, after the change; at most one is live, and versions not named are not asked."""
    was: dict[str, Mode]
    """The same before the change."""
    change: str
    """UUID of the change, the same on `control.models` and `audit.models`."""
    at: Instant
    """When it was asked for, by the clock of whoever asked."""
    by: str
    """Who asked: a person or a program, in the site's own words; never a patient."""
    why: str


class ModesApplied(msgspec.Struct, frozen=True, tag="modes-applied"):
    """Word of a bedside worker that one partition's patients are judged by the modes that stand now."""

    partition: int
    epoch: int
    """Of the partition's owner."""
    offset: int
    """On `control.models`: of the newest record that is in force."""
    positions: dict[str, int]
    """Topic to the offset before which this partition's inputs had been taken in, and were judged as it was before."""
    modes: str
    """What scores are made of from here on, in one line; see `streams.modes.standing.Standing.text`."""
    at: Instant


ModelAudit = ModelModes | ModesApplied
"""What stands on `audit.models`."""
