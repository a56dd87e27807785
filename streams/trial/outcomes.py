"""Outcomes against which a policy is held: who came to harm, and when."""

from __future__ import annotations

import csv
from pathlib import Path

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.feed.outline import instant


def read_outcomes(path: Path) -> dict[str, Instant]:
    """Read a CSV with the columns ``patient_id`` and ``at`` (ISO 8601); of several lines of one patient the first time.

    Raises
    ------
    RejectedMessage
        Where a column or a time is missing, with the line and never with its content.
    """
    found: dict[str, Instant] = {}
    with path.open(newline="", encoding="utf-8") as stream:
        lines = csv.DictReader(stream)
        if not {"patient_id", "at"} <= set(lines.fieldnames or ()):
            raise RejectedMessage("outcomes", "line 1", "the columns patient_id and at", "others")
        for number, line in enumerate(lines, start=2):
            at = instant(line["at"] or "")
            if at is None or not line["patient_id"]:
                raise RejectedMessage("outcomes", f"line {number}", "a patient and an ISO 8601 time", "something else")
            found[line["patient_id"]] = min(at, found.get(line["patient_id"], at))
    return found
