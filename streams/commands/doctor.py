"""``cardiostream doctor``: is this installation fit to run?"""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streams.embedded.doctor import examine
from streams.settings import Settings

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor() -> None:
    """Check Python, wheels, binaries, Java, ports, disk and models; exit code 1 if anything fails."""
    console = Console()
    with console.status("examining"):
        findings = list(examine(Settings()))
    table = Table("check", "", "found", "what to do")
    for one in findings:
        colour = _COLOURS[one.verdict]
        table.add_row(one.name, f"[{colour}]{one.verdict}[/]", escape(one.found), escape(one.advice))
    console.print(table)
    failed = [one.name for one in findings if one.verdict == "fail"]
    if failed:
        console.print(f"[bold red]not fit to run:[/] {', '.join(failed)}")
        raise typer.Exit(1)
    console.print("[green]fit to run[/]")
