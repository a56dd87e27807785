"""The command ``cardiostream``: every module of `streams.commands` adds its own command."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from streams import __version__, commands
from streams.errors import CardioStreamError


def names() -> list[str]:
    """Return the commands there are."""
    return sorted(found.name for found in pkgutil.iter_modules(commands.__path__))


def build(only: str | None = None) -> typer.Typer:
    """Return the command line; with `only` the name of a command, the others' modules are not imported."""
    app = typer.Typer(
        name="cardiostream",
        help="Streaming inference over a hospital's event bus.",
        no_args_is_help=True,
        add_completion=False,
        # A traceback with local variables could show a payload.
        pretty_exceptions_enable=False,
    )
    app.callback()(_version)
    for name in [only] if only in names() else names():
        importlib.import_module(f"{commands.__name__}.{name}").register(app)
    return app


def main() -> None:
    """Run the command line; an error made to be read is printed without a traceback, exit code 1."""
    try:
        build(sys.argv[1] if len(sys.argv) > 1 else None)()
    except CardioStreamError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
    except ValidationError as error:
        fields = sorted({".".join(str(part) for part in problem["loc"]) for problem in error.errors()})
        sys.stderr.write(
            f"error: settings not valid: {', '.join(fields)}; see streams/settings.py for what they take\n"
        )
        sys.exit(1)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


def _version(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Streaming inference over a hospital's event bus."""


if __name__ == "__main__":
    main()
