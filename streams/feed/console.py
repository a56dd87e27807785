"""A feed in the terminal: a progress bar while it runs, and a table of what it did."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from streams.clock import WallClock, isoformat
from streams.feed.sequence import Delivery
from streams.feed.session import FeedOptions, FeedSummary, feed
from streams.settings import Settings

COLUMNS = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def run(
    deliveries: Iterable[Delivery], total: int | None, settings: Settings, options: FeedOptions, console: Console
) -> FeedSummary:
    """Feed with a progress bar; `total` is None where the number of records is not known beforehand.

    Ctrl-C gives the clock back and raises KeyboardInterrupt.
    """
    with Progress(*COLUMNS, console=console) as bar:
        task = bar.add_task(f"feeding {options.topic}", total=total)

        def advance(count: int) -> None:
            bar.advance(task, count)
            if total is not None and options.ticks and bar.tasks[task].completed >= total:
                bar.update(task, description="waiting for normalise, to tick")

        return asyncio.run(feed(deliveries, settings, options, WallClock(), advance))


def table(summary: FeedSummary) -> Table:
    """Return what a feed did, as rows of name and figure."""
    grid = Table.grid(padding=(0, 2))
    for name, figure in _rows(summary):
        grid.add_row(name, figure)
    return grid


def _rows(summary: FeedSummary) -> Iterable[tuple[str, str]]:
    rate = summary.records / summary.sending_s if summary.sending_s > 0 else 0.0
    yield "records sent", f"{summary.records:,} in {summary.sending_s:.1f} s ({rate:,.0f}/s)"
    for reason, count in sorted(summary.unsent.items()):
        yield "not sent", f"{count:,} {reason}"
    yield "patients", f"{summary.patients:,}"
    if summary.first is not None and summary.last is not None:
        yield "time line", f"{isoformat(summary.first)} to {isoformat(summary.last)}"
    yield "offsets", "  ".join(f"{n}: {summary.before[n]}-{summary.after[n]}" for n in sorted(summary.after))
    yield "ticks", f"{summary.ticks:,} made"
    if summary.ticks_given_up:
        yield "", f"{summary.ticks_given_up:,} given up: normalise did not pass the feed; is its worker running?"
