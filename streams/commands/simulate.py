"""``cardiostream simulate``: a ward of simulated patients, fed like a recording."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import msgspec
import typer
from rich.console import Console

from streams.clock import HOUR, Clock, Instant, WallClock, isoformat
from streams.feed import pacing
from streams.feed.sequence import Delivery
from streams.settings import Settings
from streams.simulate.disturbance import disturbed_arrivals
from streams.simulate.resources import Resource
from streams.simulate.ward import Arrival, arrivals, heights

LIVE_HOURS = 24.0
"""How long a live ward goes on by itself."""

Patients = Annotated[int, typer.Option(min=1, max=9999, help="Patients on the ward; one in eight gets worse.")]
Hours = Annotated[float, typer.Option(min=0.1, help="Hours simulated, ending now.")]
Speed = Annotated[str, typer.Option(help="Clinical seconds per second, as 60x, or max.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same ward.")]
Out = Annotated[Path | None, typer.Option(help="Write FHIR NDJSON (.ndjson or .ndjson.gz) instead of feeding.")]
Outcomes = Annotated[
    Path | None, typer.Option(help="With --out: write who gets worse and when they are worst, as CSV for a trial.")
]
Live = Annotated[bool, typer.Option("--live", help="Go on in real time afterwards, until Ctrl-C or for 24 hours.")]

Disturbed = Annotated[
    bool,
    typer.Option("--disturbed", help="A bad day: late, corrected, withdrawn, moved, deleted, merged."),
]

Notes = Annotated[bool, typer.Option("--notes", help="Write clinical notes of some patients, too.")]
Films = Annotated[bool, typer.Option("--films", help="Tell of the chest films of the demo's simulated PACS, too.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(simulate)


def simulate(  # noqa: PLR0913, PLR0917 - every choice of the command
    patients: Patients = 20,
    hours: Hours = 24.0,
    speed: Speed = "max",
    seed: Seed = 1,
    out: Out = None,
    outcomes: Outcomes = None,
    live: Live = False,
    disturbed: Disturbed = False,
    films: Films = False,
    notes: Notes = False,
) -> None:
    """Feed a simulated ward that ends now: steady patients, some getting worse, and the faults of real feeds."""
    clock = WallClock()
    start = clock.now() - round(hours * HOUR)
    bring = disturbed_arrivals if disturbed else partial(arrivals, films=films, notes=notes)
    if out is not None:
        count = write(bring(patients, hours, seed, start), out)
        Console().print(f"{count:,} resources written to {out}")
        if outcomes is not None:
            write_outcomes(heights(patients, hours, seed, start), outcomes)
        return
    _feed(bring(patients, hours + LIVE_HOURS * live, seed, start), speed, live, clock)


def _feed(ward: Iterator[Arrival], speed: str, live: bool, clock: Clock) -> None:
    from streams.embedded.addresses import connect
    from streams.feed import console as screen
    from streams.feed.session import FeedOptions

    settings, console = connect(Settings()), Console()
    pace = pacing.Pace(pacing.speed(speed))
    future = Future(map(delivery, ward), clock) if live else None
    past = future.past() if future else map(delivery, ward)
    console.print(screen.table(screen.run(past, None, settings, FeedOptions(pace), console)))
    if future:
        console.print("the ward goes on in real time; Ctrl-C ends it")
        # Its time is the wall's, so the live clock ticks for it.
        real_time = FeedOptions(pacing.Pace(1.0, longest_pause_s=3600.0), ticks=False)
        console.print(screen.table(screen.run(future.rest(), None, settings, real_time, console)))


class Future:
    """A feed cut at the present, wherever that is when the feed gets there."""

    def __init__(self, feed: Iterator[Delivery], clock: Clock) -> None:
        self._feed, self._clock = feed, clock
        self._next: list[Delivery] = []

    def past(self) -> Iterator[Delivery]:
        """Yield what the wall clock has already passed."""
        for one in self._feed:
            if one.at > self._clock.now():
                self._next.append(one)
                return
            yield one

    def rest(self) -> Iterator[Delivery]:
        """Yield what was still to come when `past` ended."""
        return chain(self._next, self._feed)


def delivery(arrival: Arrival) -> Delivery:
    """Return the record of a simulated resource: key, JSON and time of arrival."""
    at, resource = arrival
    return Delivery(key(resource).encode(), msgspec.json.encode(resource), at)


def key(resource: Resource) -> str:
    """Return the key a hospital would give: the patient where one is named, else the resource that it is about."""
    if reference := resource.get("subject", {}).get("reference"):
        return str(reference)
    if resource["resourceType"] == "Bundle":
        return str(resource["entry"][0]["request"]["url"])
    return f"{resource['resourceType']}/{resource['id']}"


def write(ward: Iterable[Arrival], path: Path) -> int:
    """Write resources as NDJSON in the order of arrival, gzipped where the name ends in .gz; return their number."""
    count = 0
    with cast(BinaryIO, gzip.open(path, "wb")) if path.suffix == ".gz" else path.open("wb") as stream:
        for _, resource in ward:
            stream.write(msgspec.json.encode(resource) + b"\n")
            count += 1
    return count


def write_outcomes(found: Iterable[tuple[str, Instant]], path: Path) -> None:
    """Write patients and times as CSV, as `cardiostream alerts simulate --outcomes` reads them."""
    lines = [f"{patient_id},{isoformat(at)}" for patient_id, at in found]
    path.write_text("\n".join(["patient_id,at", *lines, ""]), encoding="utf-8")
