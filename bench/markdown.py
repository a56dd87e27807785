"""Markdown tables, and figures as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: bool = False) -> str:
    """Return a Markdown table, the first column to the left, the others to the right unless they hold words."""
    rule = ["---", *["---" if words else "---:"] * (len(heads) - 1)]
    lines = [f"| {' | '.join(row)} |" for row in (heads, rule, *rows)]
    return "\n".join([f"**{title}**", "", *lines, ""])


def number(value: float) -> str:
    """Return a figure as people read it: whole above ten, two digits below."""
    if isinf(value):
        return "never"
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return "never" if isinf(seconds) else f"{number(seconds / size)} {unit}"
    return f"{number(seconds)} s"
