"""``cardiostream demo``: the embedded stack, a simulated ward at speed, the ranking, and the count at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated

import typer
from rich.console import Console

from streams import log
from streams.clock import Instant, WallClock
from streams.embedded.part import PartFailed
from streams.embedded.stack import Interrupted, Stack
from streams.embedded.supervisor import Supervisor
from streams.embedded.terminal import Signals, Terminal
from streams.embedded.worker import needed
from streams.settings import Settings
from streams.verify.audit import Report

SETTLE_S = 60.0
SEED = 1
"""Of the ward and of its films; `simulate` takes the same by default."""

Patients = Annotated[int, typer.Option(min=1, max=9999, help="Patients on the ward; one in eight gets worse.")]
Hours = Annotated[float, typer.Option(min=0.1, help="Hours of the ward's past that are replayed at speed.")]
Speed = Annotated[str, typer.Option(help="Clinical seconds per second, as 600x, or max.")]
ExitAfter = Annotated[float | None, typer.Option(help="End after so many seconds with a summary and a verdict.")]
Top = Annotated[int, typer.Option(min=1, max=500, help="Patients shown.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    patients: Patients = 40, hours: Hours = 12.0, speed: Speed = "600x", exit_after: ExitAfter = None, top: Top = 20
) -> None:
    """Start everything on loopback, feed a simulated ward at speed and show the ranking; Ctrl-C ends it.

    At the end everything is counted from the topics alone; exit code 0 only if nothing is missing and every last
    score is the one that its facts give.
    """
    began = WallClock().now()
    settings = Settings()
    log.configure("warning")
    terminal, signals = Terminal(), Signals()
    arguments: tuple[str, ...] = (
        "simulate",
        "--patients",
        str(patients),
        "--hours",
        str(hours),
        "--speed",
        speed,
        "--live",
    )
    imaging, pacs = _imaging(settings, patients)
    stack = Stack(
        settings.run_dir, workers=_first(settings), default_ports=True, settings=settings,
        settings_overrides=pacs, progress=terminal.say, interrupted=signals.interrupted,
    )  # fmt: skip
    arguments += ("--films",) if pacs else ()
    arguments += ("--notes",) if "notes" in needed(settings) else ()
    try:
        with imaging, stack:
            report = asyncio.run(_show(stack, arguments, top, _over(signals, exit_after)))
            agreed = _conclude(report, began)
    except Interrupted:
        terminal.say_text("stopped while starting")
        raise typer.Exit(1) from None
    except PartFailed as failure:
        terminal.say_text(f"\n{failure}\nEverything else has been stopped.")
        raise typer.Exit(1) from failure
    if not agreed:
        raise typer.Exit(1)


def _first(settings: Settings) -> tuple[str, ...]:
    """Return the workers that the first score needs; those of slow work, for images and notes, follow them."""
    return tuple(name for name in needed(settings) if name not in {"imaging", "notes"})


def _imaging(settings: Settings, patients: int) -> tuple[AbstractContextManager[object], dict[str, object]]:
    """Return a PACS with the ward's films and the settings that name it; nothing where no model is for images."""
    if "imaging" not in needed(settings) or settings.pacs:
        return nullcontext(), {}
    from streams.simulate.pacs import SimulatedPacs
    from streams.simulate.studies import filmed

    made = SimulatedPacs(filmed(patients, SEED))
    return made, {"pacs": [made.pacs.model_dump(mode="json", exclude_defaults=True)]}


def _over(signals: Signals, exit_after: float | None) -> Callable[[], bool]:
    end = None if exit_after is None else time.monotonic() + exit_after
    return lambda: signals.interrupted() or (end is not None and time.monotonic() >= end)


async def _show(stack: Stack, arguments: tuple[str, ...], top: int, over: Callable[[], bool]) -> Report:
    from streams.commands.watch import show
    from streams.publish.board import Board
    from streams.publish.redis_client import client
    from streams.verify.audit import audit
    from streams.verify.settled import wait_until_settled

    feed = _start_feed(stack, arguments)
    for name in set(needed(stack.settings)) - stack.workers.keys():
        stack.start_worker(name)
    watching = asyncio.create_task(asyncio.to_thread(Supervisor(stack).watch, over))
    redis = client(stack.settings)
    try:
        await show(Board(redis), top, Console(), WallClock(), lambda: over() or watching.done(), at_newest=True)
        await watching
    finally:
        await redis.aclose()
        await asyncio.to_thread(_end_feed, feed)
    await wait_until_settled(stack.settings, SETTLE_S)
    return await audit(stack.settings)


def _start_feed(stack: Stack, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
    with (stack.settings.run_dir / "logs" / "simulate.log").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "streams.cli", *arguments],
            env={**os.environ, **stack.env},
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is for this command; it ends the feed itself.
            start_new_session=True,
        )


def _end_feed(feed: subprocess.Popen[bytes]) -> None:
    if feed.poll() is None:
        feed.send_signal(signal.SIGINT)
    try:
        feed.wait(20)
    except subprocess.TimeoutExpired:
        feed.kill()
        feed.wait()


def _conclude(report: Report, began: Instant) -> bool:
    from streams.verify.words import table, verdict

    Console().print()
    Console().print(table(report))
    if report.first_score_at is not None:
        Console().print(f"first score {(report.first_score_at - began) / 1000:.1f} s after the command was given")
    Console().print(verdict(report), soft_wrap=True)
    return not report.findings
