"""The fields of a policy file; what each means for the ward stands in docs/alerts.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from streams.alerts.assessed import RANK
from streams.records import Priority

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)")
LONGEST_S = 14 * 86400.0
RaisedLevel = Literal["low-medium", "medium", "high"]


def seconds(given: object) -> float:
    """Read a duration: a number with its unit, or 0; raises ValueError where it is something else."""
    if isinstance(given, str) and (found := _DURATION.fullmatch(given.strip())):
        return float(found[1]) * _UNITS[found[2]]
    if isinstance(given, int) and not isinstance(given, bool) and given == 0:
        return 0.0
    raise ValueError("expected a duration as 30 s, 15 min, 2 h or 1 d")


Duration = Annotated[float, BeforeValidator(seconds), Field(ge=0, le=LONGEST_S)]
Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Words = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ThresholdFile(_Part):
    """A level, an index, or both: either counts."""

    level: RaisedLevel | None = None
    """Level of the assessment."""
    index: Points | None = None
    """Index of the assessment, 0 to 100, in steps of 0.1."""

    @model_validator(mode="after")
    def _one_at_least(self) -> ThresholdFile:
        if self.level is None and self.index is None:
            raise ValueError("expected a level, an index, or both")
        return self


class RiseFile(_Part):
    """How fast the index has to rise."""

    points: Points
    """Points above the lowest index of the time before."""
    within: Duration
    """That time; at most `look_back`."""


class StepFile(_Part):
    """One step of escalation."""

    after: Duration
    """Time since the alert was raised (or raised again) without anybody acknowledging it."""
    to: Words
    """Whom to call, as the ward names them: a role, never a person's number."""


class RuleFile(_Part):
    """One rule; its name stands in every alert."""

    name: Name
    """Small letters, digits and hyphens; part of the alert's identity."""
    text: Words
    """What the ward reads."""
    priority: Priority = "medium"
    """How the ward's devices are to show it."""
    raise_at: ThresholdFile
    """Level or index from which the condition holds."""
    clear_below: ThresholdFile
    """Level and index that the patient has to be below for the alert to resolve: the hysteresis."""
    rise: RiseFile | None = None
    """Where given, the index has to have risen so fast, too."""
    minimum_duration: Duration = 0.0
    """How long the condition has to hold."""
    clear_duration: Duration = 0.0
    """How long the patient has to be below."""
    cooldown: Duration = 0.0
    """How long after resolving no new alert of this rule is raised."""
    quiet_after_acknowledge: Duration = 0.0
    """How long after an acknowledgement only a higher level raises it again."""
    realert_points: Points = 0.0
    """Points above the worst that was acknowledged that raise it again; 0: only a higher level does."""
    escalation: tuple[StepFile, ...] = ()
    """Steps in order of their time."""
    hold_slow_evidence: bool = True
    """Whether it waits for vital signs to get worse where labs, notes or images alone moved the score."""

    def overridden(self, given: RuleChange | None) -> RuleFile | None:
        """Return this rule with a ward's changes; None where the ward does not have it."""
        if given is None:
            return None
        return self.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})

    def contradictions(self, look_back: float) -> Iterator[tuple[str, str]]:
        """Yield fields whose values do not go together, with what was expected."""
        if not _not_above(self.clear_below, self.raise_at):
            yield "clear_below", "thresholds of the kinds that raise_at has, not above them"
        if self.rise is not None and self.rise.within > look_back:
            yield "rise", f"a time within look_back ({look_back:g} s)"
        if self.minimum_duration > look_back:
            yield "minimum_duration", f"at most look_back ({look_back:g} s)"
        times = [step.after for step in self.escalation]
        if times != sorted(set(times)):
            yield "escalation", "steps in order, each later than the one before"


class RuleChange(_Part):
    """What a ward has otherwise; fields as those of a rule."""

    text: Words = "-"
    priority: Priority = "medium"
    raise_at: ThresholdFile | None = None
    clear_below: ThresholdFile | None = None
    rise: RiseFile | None = None
    minimum_duration: Duration = 0.0
    clear_duration: Duration = 0.0
    cooldown: Duration = 0.0
    quiet_after_acknowledge: Duration = 0.0
    realert_points: Points = 0.0
    escalation: tuple[StepFile, ...] = ()
    hold_slow_evidence: bool = True

    @model_validator(mode="after")
    def _thresholds_stay(self) -> RuleChange:
        for name in ("raise_at", "clear_below"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"expected a threshold in {name}; `off` leaves out the whole rule")
        return self


def _off(given: object) -> object:
    """Read ``off``, which YAML 1.1 takes for false."""
    if given is None:
        raise ValueError("expected fields of the rule, or off")
    return None if given in (False, "off") else given


Override = Annotated[RuleChange | None, BeforeValidator(_off)]


class PolicyFile(_Part):
    """A site's policy."""

    name: Name
    """Name of the policy; stands in every alert with a digest of the content."""
    look_back: Duration = Field(default=7200.0, ge=600, le=86400.0)
    """How far back of a patient's newest minute something late or corrected is assessed again."""
    rules: tuple[RuleFile, ...]
    """All rules of the site."""
    wards: dict[str, dict[str, Override]] = {}
    """Ward to rule to what is otherwise there, or ``off``."""


def _not_above(low: ThresholdFile, high: ThresholdFile) -> bool:
    """Tell whether whatever reaches `high` also reaches `low`."""
    level = high.level is None or (low.level is not None and RANK[low.level] <= RANK[high.level])
    index = high.index is None or (low.index is not None and low.index <= high.index)
    return level and index
