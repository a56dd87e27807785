"""``cardiostream up``: everything on this machine, by one command."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from streams import log
from streams.embedded.part import PartFailed
from streams.embedded.stack import Interrupted, Stack
from streams.embedded.supervisor import RESTARTS, Supervisor
from streams.embedded.terminal import Signals, Terminal
from streams.embedded.worker import WORKERS, needed
from streams.settings import Settings


class BrokerName(StrEnum):
    """Which broker to start."""

    AUTO = "auto"
    KAFKA = "kafka"
    TANSU = "tansu"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up")(up)


def up(
    external: Annotated[str, typer.Option(help="Use these from the settings: broker, redis, triton, or all.")] = "",
    broker: Annotated[
        BrokerName, typer.Option(help="auto, kafka (KAFKA_HOME and Java) or tansu (the wheel).")
    ] = BrokerName.AUTO,
    workers: Annotated[str, typer.Option(help="Workers to start, separated by commas; default all.")] = "",
    no_workers: Annotated[bool, typer.Option("--no-workers", help="Start the services alone.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what Apache Kafka stored before; else start empty.")
    ] = False,
    restart_workers: Annotated[bool, typer.Option(help="Start a worker again that ends, up to 5 times.")] = True,
) -> None:
    """Start broker, Redis, Triton and the workers on loopback; Ctrl-C stops them all."""
    settings = Settings()
    log.configure(settings.log_level)
    terminal, signals = Terminal(), Signals()
    stack = Stack(
        settings.run_dir,
        broker=broker.value,
        workers=() if no_workers else _names(workers, WORKERS, "--workers") or needed(settings),
        external=_names(external, ("broker", "redis", "triton"), "--external"),
        default_ports=True,
        keep=keep,
        settings=settings,
        progress=terminal.say,
        interrupted=signals.interrupted,
    )
    try:
        with stack:
            terminal.say_running(stack)
            Supervisor(stack, RESTARTS if restart_workers else 0).watch(signals.interrupted)
            terminal.say_text("stopping")
    except Interrupted:
        terminal.say_text("stopped while starting")
    except PartFailed as failure:
        terminal.say_text(f"\n{failure}\nEverything else has been stopped.")
        raise typer.Exit(1) from failure
    terminal.say_text("stopped")


def _names(text: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if names == ("all",):
        return known
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(
            f"expected some of {', '.join(known)}, received {', '.join(unknown)}", param_hint=option
        )
    return names
