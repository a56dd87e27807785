"""``cardiostream worker NAME``: run one worker in this process."""

from __future__ import annotations

import asyncio
import importlib
from enum import StrEnum
from typing import Annotated

import typer


class Name(StrEnum):
    """The workers there are."""

    normalise = "normalise"
    bedside = "bedside"
    cache = "cache"
    imaging = "imaging"
    notes = "notes"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="worker")(worker)


def worker(name: Annotated[Name, typer.Argument(help="Which worker to run.")]) -> None:
    """Run one worker until it is told to stop; exit code 1 where it stops by itself."""
    from streams import log
    from streams.settings import Settings

    settings = Settings()
    log.configure(settings.log_level)
    module = importlib.import_module(f"streams.workers.{name.value}")
    raise typer.Exit(asyncio.run(module.run(settings)))
