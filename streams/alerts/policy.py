"""A policy as it is run: rules with thresholds in steps of the index and times in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from streams.alerts.assessed import RANK, Assessed
from streams.clock import Instant
from streams.records import Level, Priority


class Threshold(msgspec.Struct, frozen=True):
    """A level, an index, or both; at or above either counts as reached."""

    rank: int | None = None
    """Place of the level in `RANK`."""
    index: int | None = None
    """In tenths of a point."""

    def reached(self, one: Assessed) -> bool:
        """Tell whether an assessment is at or above it; never where it is indeterminate."""
        rank, index = self.rank, self.index
        return one[1] > 0 and ((rank is not None and one[1] >= rank) or (index is not None and one[2] >= index))


class Rise(msgspec.Struct, frozen=True):
    """How fast the index has to rise for a rule to hold."""

    points: int
    """In tenths of a point, over the lowest index of the minutes before."""
    within_ms: Instant


class Escalation(msgspec.Struct, frozen=True):
    """Whom to call when nobody has acknowledged."""

    after_ms: Instant
    """After the alert was raised, or raised again."""
    to: str


class Rule(msgspec.Struct, frozen=True):
    """When an alert is raised, raised again, escalated and resolved."""

    name: str
    text: str
    priority: Priority
    raise_at: Threshold
    clear_below: Threshold
    """The alert may resolve where neither level nor index reaches this; not above `raise_at`, which is the hysteresis.
    """
    rise: Rise | None = None
    minimum_ms: Instant = 0
    """How long the condition has to hold before the alert is raised."""
    clear_ms: Instant = 0
    """How long the patient has to be below `clear_below` before it resolves."""
    cooldown_ms: Instant = 0
    """After it has resolved no new one is raised for so long."""
    quiet_ms: Instant = 0
    """After it was acknowledged: no new one, and this one not again by points, for so long."""
    realert_points: int = 0
    """Tenths of a point above the worst that was acknowledged at which it is raised again; 0: by a higher level alone.
    """
    escalation: tuple[Escalation, ...] = ()
    hold_slow: bool = True
    """Whether it waits for vital signs to get worse where laboratory values, notes or images alone moved the score."""


class Policy(msgspec.Struct, frozen=True):
    """All rules of a site, and those of wards that differ."""

    name: str
    digest: str
    """8 hex digits of the file's content; part of every record."""
    look_back_ms: Instant
    rules: tuple[Rule, ...]
    wards: Mapping[str, tuple[Rule, ...]] = {}

    def rules_of(self, ward: str) -> tuple[Rule, ...]:
        """Return the rules of a ward; the site's where it has none of its own, also where the ward is unknown."""
        return self.wards.get(ward, self.rules)

    @property
    def title(self) -> str:
        """Name and digest, as every record says it."""
        return f"{self.name}/{self.digest}"

    @property
    def rise_window_ms(self) -> Instant:
        """The longest time over which any rule looks for a rise."""
        rules = [*self.rules, *(rule for own in self.wards.values() for rule in own)]
        return max((rule.rise.within_ms for rule in rules if rule.rise is not None), default=0)


def level_of(rank: int) -> Level:
    """Return the level at a place of `RANK`."""
    return _LEVELS[rank]


_LEVELS: tuple[Level, ...] = tuple(sorted(RANK, key=RANK.__getitem__))
