"""The life of an alert as others read it, and what people say of one."""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.clock import Instant
from streams.records.scores import Level

AlertState = Literal["raised", "acknowledged", "snoozed", "escalated", "resolved", "superseded"]
OPEN: frozenset[AlertState] = frozenset({"raised", "acknowledged", "snoozed", "escalated"})
Priority = Literal["low", "medium", "high"]
CommandAction = Literal["acknowledge", "snooze", "resolve"]
AlertReason = Literal[
    "", "worse", "snooze-over", "recovered", "by-person", "corrected", "policy", "merged", "replaced-by-alert"
]


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands of one alert of one patient; of all records with one `alert_id` the one last written stands.

    Records of one id are ordered by (epoch of the owner, offset), as all of ``risk.*`` are.
    """

    alert_id: str
    """UUIDv5 of patient, rule and the minute in which the condition began."""
    patient_id: str
    rule: str
    """Name of the policy's rule that raised it."""
    state: AlertState
    priority: Priority
    text: str
    """What the policy says of this rule; never anything of the patient."""
    began_at: Instant
    """Clinical minute from which the condition held."""
    raised_at: Instant
    """Clinical time at which the alert was first raised: `began_at` and the rule's minimum duration."""
    changed_at: Instant
    """When `state` was reached: clinical time, the time of a command, or that of a time-out."""
    level: Level
    """Of the assessment at `changed_at`."""
    index: float | None
    """0 to 100, in steps of 0.1; None where that assessment had none."""
    policy: str
    """Name of the policy, and digest of its content."""
    times_raised: int = 1
    """More than 1 where it was raised again because the patient got worse, or a snooze was over."""
    step: int = 0
    """Steps of escalation reached; 0 for none."""
    notify: str = ""
    """Whom the step reached names."""
    snoozed_until: Instant | None = None
    reason: AlertReason = ""
    """Why it was raised again, or ended."""
    by: str = ""
    """Who acknowledged, snoozed or resolved it, as the command names them."""
    command_id: str = ""
    replaced_by: str = ""
    """Of one that is superseded: ``Patient/<id>`` after a merge, else the id of the alert that stands instead."""
    ward: str = ""
    encounter_id: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it stands: neither resolved nor superseded."""
        return self.state in OPEN


class AlertCommand(msgspec.Struct, frozen=True, tag="alert-command", omit_defaults=True):
    """What a person says of an alert; a versioned fact: of one `command_id` the highest version stands.

    It means the alert of this patient and rule that stands at its time. Its time is `at`, or `raised_at` where that is
    later: clocks differ, and nobody can speak of an alert before it was raised.
    """

    command_id: str
    patient_id: str
    rule: str
    action: CommandAction
    at: Instant
    by: str
    """Who says so: a user or a role, as the site names them."""
    raised_at: Instant
    """Of the alert that was seen, as its record says."""
    alert_id: str = ""
    """Of the alert that was seen; for the audit, a correction may have renamed it since."""
    until: Instant | None = None
    """End of a snooze."""
    version: int = 1
    withdrawn: bool = False
    """True: it was a mistake and counts for nothing."""
    received_at: Instant = 0
    """Time at which whoever wrote it did so; arrival is the record's own timestamp."""

    @property
    def effective_at(self) -> Instant:
        """When it takes effect."""
        return max(self.at, self.raised_at)
