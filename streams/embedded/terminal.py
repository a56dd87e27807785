"""What `cardiostream up` shows, and the signals that end it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streams.embedded.stack import Stack


class Terminal:
    """Progress lines for people; falls silent when the terminal is gone."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def say(self, part: str, what: str) -> None:
        """Show one step of one part."""
        self._print(f"[bold cyan]{escape(part):>11}[/]  {escape(what)}")

    def say_text(self, text: str) -> None:
        """Show plain text."""
        self._print(escape(text))

    def say_running(self, stack: Stack) -> None:
        """Show where everything can be reached."""
        table = Table("part", "address", "log", title="CardioStream is up", title_justify="left")
        for name, part in {**stack.services, **stack.workers}.items():
            table.add_row(name, part.address, _short(part.place.log_path(part.name)))
        for name in sorted(stack.external):
            table.add_row(name, "external, from the settings", "")
        self._print(table)
        self._print("Ctrl-C stops everything.")

    def _print(self, what: object) -> None:
        try:
            self._console.print(what)
        except OSError:  # the terminal has hung up; stopping cleanly matters more
            self._console.quiet = True


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


class Signals:
    """Turns Ctrl-C, SIGTERM and a hang-up of the terminal into one question, asked at safe points."""

    def __init__(self) -> None:
        self._count = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._receive)

    def interrupted(self) -> bool:
        """Tell whether the user asked to stop."""
        return self._count > 0

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        self._count += 1
        if self._count > 1 and number == signal.SIGINT:
            # The watchdog sees this process vanish and kills the rest at once.
            os._exit(130)
