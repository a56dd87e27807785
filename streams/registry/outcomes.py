"""What became of patients, as a site knows it: a table that a report is held against."""

from __future__ import annotations

import csv
from pathlib import Path

from streams.errors import RejectedMessage

COLUMNS = ("patient_id", "outcome")
_WORDS = {"1": True, "0": False, "true": True, "false": False, "yes": True, "no": False}


def read_outcomes(path: Path) -> dict[str, bool]:
    """Read a CSV with the columns ``patient_id`` and ``outcome`` (1 or 0).

    Raises
    ------
    RejectedMessage
        Where the file cannot be read or a line says something else; the message names the line, never its content.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RejectedMessage("outcomes", str(path), "a readable CSV file", type(error).__name__) from None
    found: dict[str, bool] = {}
    for number, row in enumerate(rows, start=2):
        word = _WORDS.get((row.get("outcome") or "").strip().lower())
        if word is None or not row.get("patient_id"):
            raise RejectedMessage("outcomes", f"line {number}", "patient_id and outcome of 1 or 0", "something else")
        found[row["patient_id"].strip()] = word
    return found
