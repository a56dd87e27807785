"""Policies and assessments for the tests of alerts."""

from __future__ import annotations

from typing import Any

from streams.alerts.assessed import RANK, Assessed
from streams.alerts.file import parse
from streams.alerts.policy import Policy
from streams.clock import MINUTE
from streams.records import AlertCommand, CommandAction, Level

START = 1_700_000_040_000
"""The beginning of a minute."""
PLAIN = """
name: plain
look_back: 2 h
rules:
  - name: high-risk
    text: high risk
    priority: high
    raise_at: {index: 70}
    clear_below: {index: 60}
"""


def policy(more: str = "", wards: str = "") -> Policy:
    """The plain policy with further lines of its rule, and of wards."""
    lines = "".join(f"    {line.strip()}\n" for line in more.strip().splitlines())
    return parse(PLAIN.strip() + "\n" + lines + wards)


def at(minute: float) -> int:
    """The beginning of a minute of the test."""
    return START + round(minute * MINUTE)


def one(minute: float, index: float | None, level: Level | None = None, **fast: Any) -> Assessed:
    """An assessment; the level follows the index where it is not given. `fast`: the index by vital signs alone."""
    rank = RANK[level or _level(index)]
    tenths = -1 if index is None else round(index * 10)
    quick = fast.get("fast", index)
    return Assessed(
        at(minute),
        rank,
        tenths,
        RANK[_level(quick)] if "fast" in fast else rank,
        -1 if quick is None else round(quick * 10),
        fast.get("degraded", False),
    )


def _level(index: float | None) -> Level:
    if index is None:
        return "indeterminate"
    return "high" if index >= 75 else "medium" if index >= 50 else "low-medium" if index >= 40 else "low"


def word(minute: float, action: CommandAction = "acknowledge", until: float | None = None, **more: Any) -> AlertCommand:
    """What a person says."""
    whole: dict[str, Any] = {
        "command_id": f"c-{action}-{minute}", "patient_id": "p1", "rule": "high-risk", "action": action,
        "at": at(minute), "by": "nurse-1", "raised_at": START, "until": None if until is None else at(until),
    }  # fmt: skip
    return AlertCommand(**(whole | more))
