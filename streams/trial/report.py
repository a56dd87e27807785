"""The figures of a trial as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Column, Table

from streams.trial.figures import Figures

CAPTION = (
    "Patient-days: without pauses of more than 12 h. Per 100 beds: alerts a day of 100 occupied beds. By itself: "
    "resolved without anybody. Warned: outcomes in whose 48 h before an alert stood. Lead: median from the first of "
    "those to the outcome, 48 h at most. Followed: alerts that stood in the 48 h before an outcome. What the record "
    "says in the end is assessed; a ward that charts late knows it later."
)


def table(found: Sequence[Figures], title: str) -> Table:
    """Return one line for each policy."""
    names = ["policy", "patients", "patient-days", "alerts", "per patient-day", "per 100 beds", "calls", "no alert"]
    names += ["between", "by itself"]
    known = any(one.outcomes is not None for one in found)
    if known:
        names += ["outcomes", "warned", "lead", "followed"]
    columns = [Column(name, justify="left" if name == "policy" else "right") for name in names]
    shown = Table(*columns, title=title, caption=CAPTION)
    for one in found:
        shown.add_row(*cells(one, with_outcomes=known))
    return shown


def cells(one: Figures, *, with_outcomes: bool) -> list[str]:
    """Return the cells of one policy in words."""
    first = [
        one.title, f"{one.patients}", f"{one.patient_days:.1f}", f"{one.alerts}", _number(one.per_patient_day, "", 2),
        _number(one.per_100_beds, "", 0), f"{one.calls}", _percent(one.without), _number(one.between_h, " h", 1),
        _percent(one.recovered),
    ]  # fmt: skip
    if not with_outcomes:
        return first
    return [
        *first, "-" if one.outcomes is None else f"{one.outcomes}", _percent(one.sensitivity),
        _number(one.lead_h, " h", 1), _percent(one.followed),
    ]  # fmt: skip


def _number(value: float | None, unit: str, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}{unit}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"
