"""Fitted weights into the text of a fusion file, its remarks kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from streams.fusion.fitting import Fitted
from streams.fusion.rule import Term


def rewritten(text: str, terms: Sequence[Term], fitted: Fitted, said: str) -> str:
    """Return the text with the fitted weights, their intervals, and on what they were fitted.

    Parameters
    ----------
    said
        One line for the field ``fitted``.
    """
    head, tables = re.match(r"(.*?)(?=^\s*\[)(.*)", text, re.DOTALL | re.MULTILINE).groups()  # type: ignore[union-attr]
    head = re.sub(r"(?m)^fitted\s*=.*\n", "", head).rstrip() + f'\nfitted = "{said}"\n\n'
    for term, weight, interval in zip(terms, fitted.weights, fitted.intervals, strict=True):
        if interval is not None:
            tables = _table(tables, term.name, weight, interval)
    return head + tables


def _table(text: str, name: str, weight: float, interval: tuple[float, float]) -> str:
    def written(found: re.Match[str]) -> str:
        body = re.sub(r"(?m)^interval\s*=.*\n", "", found[0])
        line = f"weight = {weight:.3f}\ninterval = [{interval[0]:.3f}, {interval[1]:.3f}]"
        return re.sub(r"(?m)^weight\s*=.*$", line, body, count=1)

    return re.sub(rf"(?ms)^\[modality\.{name}\].*?(?=^\[|\Z)", written, text, count=1)
