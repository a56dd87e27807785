"""The questions that the model is judged by: at 6, 12, 24 and 48 hours, with everything and with vital signs only."""

from __future__ import annotations

from collections.abc import Iterator

from streams.inference.manifest import Manifest
from training.deterioration_gru.examples import View, everything, vitals_only

HOURS = (6, 12, 24, 48)


def tasks(spec: Manifest) -> Iterator[tuple[str, View]]:
    """Name every task with the view of the stays that it takes."""
    for hours in HOURS:
        yield f"{hours}h/all", View(hours * 60, everything())
        yield f"{hours}h/vitals", View(hours * 60, vitals_only(spec))
