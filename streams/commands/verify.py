"""``cardiostream verify``: count from the topics alone that nothing is missing and every last score is right."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from streams.clock import Instant
from streams.errors import RejectedMessage


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="verify")(verify)


def verify(
    wait_s: Annotated[float, typer.Option("--wait", help="Seconds to wait for the workers to catch up.")] = 60.0,
    with_view: Annotated[bool, typer.Option("--redis/--no-redis", help="Also hold Redis against the topic.")] = True,
    at: Annotated[
        str, typer.Option(help="How far time has passed for alerts (ISO 8601); without, as far as the newest tick.")
    ] = "",
) -> None:
    """Recompute everything from the source topics and compare; exit code 1 where anything differs."""
    from streams.embedded.addresses import connect
    from streams.settings import Settings
    from streams.verify.audit import audit
    from streams.verify.settled import wait_until_settled
    from streams.verify.words import table, verdict

    passed = instant_of(at)

    async def both() -> bool:
        settings = connect(Settings())
        await wait_until_settled(settings, wait_s)
        report = await audit(settings, with_view=with_view, at=passed)
        Console().print(table(report))
        Console().print(verdict(report), soft_wrap=True)
        return not report.findings

    if not asyncio.run(both()):
        raise typer.Exit(1)


def instant_of(text: str) -> Instant | None:
    """Read a time as it is given on the command line, None where none is; raises RejectedMessage where it is none."""
    from streams.feed.outline import instant

    found = instant(text) if text else None
    if text and found is None:
        raise RejectedMessage("time", "--at", "ISO 8601 with a zone, e.g. 2026-11-27T12:00:00Z", "something else")
    return found
