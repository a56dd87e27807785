"""The report of a candidate: outcomes read, the table, the picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from streams.clock import HOUR
from streams.errors import RejectedMessage
from streams.registry.agreement import agreement, calibrations, rates
from streams.registry.figure import draw
from streams.registry.outcomes import read_outcomes
from streams.registry.pairs import Pair, Pairs
from streams.registry.words import table

FOUND = Pairs(
    (
        Pair("p1", 0, 0.1, 0.3, "low-medium", "medium"),
        Pair("p1", HOUR, 0.3, 0.5, "medium", "high"),
        Pair("p2", HOUR, 0.05, 0.05, "low", "low"),
        Pair("p2", 2 * HOUR, None, 0.1, "indeterminate", "low-medium"),
    ),
    "3",
    "4",
    {"3": 2, "4": 0},
)


def file(folder: Path, text: str) -> Path:
    path = folder / "outcomes.csv"
    path.write_text(text)
    return path


def test_outcomes_are_read_by_the_names_of_their_columns(tmp_path: Path) -> None:
    text = "ward,outcome,patient_id\nICU,1,p1\nICU,no, p2 \nICU,TRUE,p3\n"
    assert read_outcomes(file(tmp_path, text)) == {"p1": True, "p2": False, "p3": True}


@pytest.mark.parametrize("line", ["p1,2", "p1,", ",1", "p1"])
def test_a_line_that_says_something_else_is_told_by_its_number_and_not_quoted(tmp_path: Path, line: str) -> None:
    with pytest.raises(RejectedMessage) as refused:
        read_outcomes(file(tmp_path, f"patient_id,outcome\np0,1\n{line}\n"))
    assert "line 3" in str(refused.value)
    assert "p1" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RejectedMessage, match="FileNotFoundError"):
        read_outcomes(tmp_path / "nowhere.csv")


def shown(known: dict[str, bool]) -> dict[str, str]:
    """The table's last column by its first."""
    made = table(FOUND, agreement(FOUND.pairs), rates(FOUND, "high"), calibrations(FOUND, known) if known else {})
    Console(record=True, width=120).print(made)
    return dict(zip(made.columns[0].cells, made.columns[2].cells, strict=True))  # type: ignore[arg-type]


def test_the_table_says_agreement_and_alert_rates() -> None:
    rows = shown({})
    assert rows["pairs on the same facts"] == "of 2 patients"
    assert rows["pairs of which one gave a value alone"] == "1"
    assert rows["mean difference (95 % limits of agreement)"].startswith("+0.1333")
    assert rows["onsets, before any alert policy"] == "1"
    assert "Brier score" not in rows


def test_with_outcomes_it_says_calibration_too() -> None:
    rows = shown({"p1": True, "p2": False})
    assert (rows["patients with an outcome"], rows["outcomes observed"], rows["outcomes expected"]) == ("2", "1", "0.6")
    assert rows["AUROC"] == "1.000"


def test_the_picture_is_a_png_with_and_without_outcomes(tmp_path: Path) -> None:
    for known in ({}, {"p1": True, "p2": False}):
        path = tmp_path / "figures" / f"{len(known)}.png"
        draw(FOUND, agreement(FOUND.pairs), calibrations(FOUND, known) if known else {}, path)
        assert path.read_bytes().startswith(b"\x89PNG")
