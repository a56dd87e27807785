"""One table of a ward without and beside slow work, as the page of benchmarks holds it."""

from __future__ import annotations

import io

from rich.console import Console

from bench import beside
from bench.beside import Ward
from bench.numbers import Quantiles
from bench.parts import Latency


def test_the_table_can_be_pasted_into_the_page_whatever_the_width_of_the_terminal() -> None:
    file = io.StringIO()
    ward = Ward(200.0, Latency(200.0, Quantiles(3.0, 5.5, 9.0, 41.25), None, 0), Latency(200.0, None, None, 0))
    beside.show(Console(file=file, width=40), ward, "the notes", [("200 notes of 1300 words", "400.0 s")])
    assert file.getvalue().rstrip().splitlines() == [
        "**Beside vital signs at 200/s**",
        "",
        "|  | measured |",
        "| --- | --- |",
        "| vital signs alone, ms to Redis, p50 / p95 / p99 / highest | 3.0 / 5.5 / 9.0 / 41.2 |",
        "| vital signs beside the notes, ms to Redis, p50 / p95 / p99 / highest | – |",
        "| 200 notes of 1300 words | 400.0 s |",
    ]
