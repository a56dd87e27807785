"""``cardiostream replay``: a recorded feed again, on one time line."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams import topics
from streams.clock import Instant, WallClock
from streams.errors import RejectedMessage
from streams.feed import pacing
from streams.feed.recording import read
from streams.feed.sequence import Placement, on_one_time_line
from streams.settings import Settings


class Alignment(StrEnum):
    """Which day the patients share."""

    start = "start"
    end = "end"


class Ordering(StrEnum):
    """What the records are ordered by."""

    effective = "effective"
    recorded = "recorded"
    file = "file"


Files = Annotated[
    list[Path],
    typer.Argument(exists=True, dir_okay=False, help="FHIR NDJSON or Bundles (.ndjson[.gz], .json[.gz])."),
]
Speed = Annotated[str, typer.Option(help="Clinical seconds per second, as 60x, or max.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Feed only the first N records of the time line.")]
Topic = Annotated[str, typer.Option(help="Topic to feed.")]
End = Annotated[str, typer.Option(help="Where the time line ends: now, or an ISO 8601 time with zone.")]
KeepDates = Annotated[bool, typer.Option("--keep-dates", help="Leave all dates as recorded.")]
Align = Annotated[Alignment, typer.Option(help="Whether patients' feeds begin or end on the same day.")]
Order = Annotated[Ordering, typer.Option(help="By clinical time, by time of recording, or as in the files.")]
Ticks = Annotated[bool, typer.Option(help="Hold the clock and tick on the feed's time line.")]
TickEvery = Annotated[float, typer.Option(min=0.1, help="Clinical minutes between ticks; at max only the end ticks.")]
FinalTick = Annotated[float | None, typer.Option(min=0.0, help="A second last tick, clinical seconds after the end.")]
LongestPause = Annotated[float, typer.Option(min=0.0, help="Seconds to which stretches without records are shortened.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(  # noqa: PLR0913, PLR0917 - one parameter per option of the command line
    files: Files,
    speed: Speed = "max",
    limit: Limit = None,
    topic: Topic = topics.REPLAY,
    end: End = "now",
    keep_dates: KeepDates = False,
    align: Align = Alignment.start,
    order: Order = Ordering.effective,
    ticks: Ticks = True,
    tick_every: TickEvery = 15.0,
    final_tick_after: FinalTick = None,
    longest_pause: LongestPause = 10.0,
) -> None:
    """Feed recorded FHIR onto the bus in the order of time, as if it happened now.

    Each patient's dates move by whole days onto one time line; times of day, intervals and values stay.
    """
    from streams.embedded.addresses import connect
    from streams.feed import console as screen
    from streams.feed.session import FeedOptions

    pace = pacing.Pace(pacing.speed(speed), longest_pause, round(tick_every * 60_000))
    placement = Placement(ending(end), keep_dates, align.value, order.value)
    options = FeedOptions(pace, topic, ticks, final_tick_after)
    console = Console()
    with console.status("reading and ordering"):
        deliveries = on_one_time_line(list(read(files)), placement)[:limit]
    console.print(screen.table(screen.run(deliveries, len(deliveries), connect(Settings()), options, console)))


def ending(text: str) -> Instant:
    """Read ``now`` or a time with zone; raises RejectedMessage where it is neither."""
    if text == "now":
        return WallClock().now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RejectedMessage("time", "--end", "now, or e.g. 2026-01-31T12:00:00+01:00", "something else")
    return round(moment.timestamp() * 1000)
