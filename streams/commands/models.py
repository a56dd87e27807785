"""``cardiostream models``: which versions there are, which speak, how they compare, and switching between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.clock import HOUR, WallClock, isoformat
from streams.errors import ContractError, RejectedMessage
from streams.records import Mode, ModelModes
from streams.settings import Settings
from streams.user import user

if TYPE_CHECKING:
    from streams.registry.checks import Ask, Check

MODEL = "deterioration_gru"

Model = Annotated[str, typer.Argument(help="Name of the model: its folder in the repository.")]
Version = Annotated[str, typer.Argument(help="Its version: the number of the network's folder.")]
By = Annotated[str, typer.Option(help="Who asks, for the audit; the user of this machine where not given.")]
Why = Annotated[str, typer.Option(help="The reason, for the audit.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait until every partition is judged by it.")]
Unchecked = Annotated[bool, typer.Option("--unchecked", help="Switch though the checks fail or cannot run.")]
Triton = Annotated[bool, typer.Option("--triton", help="Ask the running Triton too, not only onnxruntime.")]
Candidate = Annotated[str, typer.Option(help="Version to compare.")]
Against = Annotated[str, typer.Option(help="Version to compare with; whichever was live beside it where not given.")]
Outcomes = Annotated[Path | None, typer.Option(help="CSV with patient_id and outcome (1 or 0).", dir_okay=False)]
Png = Annotated[Path | None, typer.Option(help="Draw the comparison into this file.", dir_okay=False)]
Hours = Annotated[float, typer.Option(min=0.01, help="Hours of predictions to look at, back from now.")]
At = Annotated[str, typer.Option(help="Level from which a prediction counts as an alert.")]
Folder = Annotated[Path, typer.Argument(help="The model's folder, or one of its versions' folders.", file_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="Models of this site: versions, modes, checks, comparison.", no_args_is_help=True)
    commands: dict[str, Callable[..., None]] = {
        "list": listing, "card": card, "check": check, "report": report, "history": history,
        "promote": promote, "shadow": shadow, "silence": silence, "retire": retire, "rollback": rollback,
    }  # fmt: skip
    for name, command in commands.items():
        group.command(name)(command)
    app.add_typer(group, name="models")


def listing() -> None:
    """List the models of the repository, their versions, and which of them speak."""
    from streams.inference.repository import load_any, names, versions
    from streams.registry.changes import standing_of

    settings = _connected()
    standing = asyncio.run(standing_of(settings))
    table = Table("model", "version", "mode", "since", "by", "says")
    for name in names(settings.model_repository):
        shipped = load_any(settings.model_repository, name)
        modes, record = standing.modes(name, shipped.version), standing.models.get(name)
        for version in sorted({*versions(settings.model_repository, name), *modes}, key=_numbered):
            since = (isoformat(record.at), record.by) if record and version in modes else ("as shipped", "")
            words = (*since, shipped.target) if version in modes else ("", "", "")
            table.add_row(name, version, modes.get(version, "not asked"), *map(Text, words))
    Console().print(table)


def card(model: Model, version: Annotated[str, typer.Option(help="Another version's.")] = "") -> None:
    """Print a model's card: what it says of whom, how well, and what it must not be used for."""
    from streams.inference.declared import manifest_folder
    from streams.inference.repository import load_any

    repository = _connected().model_repository
    load_any(repository, model, version)
    path = manifest_folder(repository / model, version) / "MODEL_CARD.md"
    if not path.is_file():
        raise ContractError(f"{model}: expected a MODEL_CARD.md beside its model.toml, found none; write one")
    typer.echo(path.read_text("utf-8"))


def check(folder: Folder, triton: Triton = False) -> None:
    """Check everything that a dropped-in model must keep; exit code 1 where something is not so."""
    from streams.registry.checks import checks

    at, version = (folder.parent, folder.name) if folder.name.isdecimal() else (folder, "")
    ask = _through_triton(_connected(), at.name, version) if triton else None
    raise typer.Exit(_shown(asyncio.run(checks(at.parent, at.name, version, ask))))


def history(model: Annotated[str, typer.Argument(help="Of this model alone.")] = "") -> None:
    """List every change that was ever asked for, oldest first: who, when, why, from what to what."""
    from streams.registry.changes import history_of

    table = Table("when", "model", "from", "to", "by", "why", "change")
    for one in asyncio.run(history_of(_connected(), model)):
        cells = (isoformat(one.at), one.model, in_words(one.was), in_words(one.modes), one.by, one.why, one.change)
        table.add_row(*map(Text, cells))
    Console().print(table)


def promote(
    model: Model, version: Version, why: Why, by: By = "", wait: Wait = 60.0, unchecked: Unchecked = False
) -> None:
    """Make a version live: checked, audited, and in force without a restart."""
    from streams.modes.changing import promoted

    _checked(model, version, unchecked)
    _change(model, lambda modes, _: promoted(modes, version), by, why, wait)


def shadow(
    model: Model, version: Version, why: Why, by: By = "", wait: Wait = 60.0, unchecked: Unchecked = False
) -> None:
    """Ask a version beside the live one, shown to nobody."""
    from streams.modes.changing import shadowed

    _checked(model, version, unchecked)
    _change(model, lambda modes, _: shadowed(modes, version), by, why, wait)


def silence(model: Model, version: Version, why: Why, by: By = "", wait: Wait = 60.0) -> None:
    """Show nothing of a model any more; it is asked and kept."""
    from streams.modes.changing import silenced

    _change(model, lambda modes, _: silenced(modes, version), by, why, wait)


def retire(model: Model, version: Version, why: Why, by: By = "", wait: Wait = 60.0) -> None:
    """Ask a version that is not live no more."""
    from streams.modes.changing import retired

    _change(model, lambda modes, _: retired(modes, version), by, why, wait)


def rollback(model: Model, why: Why, by: By = "", wait: Wait = 60.0) -> None:
    """Go back to what was live before."""
    from streams.modes.changing import rolled_back

    _change(model, rolled_back, by, why, wait)


def report(
    candidate: Candidate, model: Annotated[str, typer.Option(help="Name of the model.")] = MODEL,
    against: Against = "", outcomes: Outcomes = None, png: Png = None, at: At = "high", hours: Hours = 24.0,
) -> None:  # fmt: skip
    """Compare a candidate with the live version on what both said of the same facts."""
    from streams.registry import agreement as compare
    from streams.registry.figure import draw
    from streams.registry.outcomes import read_outcomes
    from streams.registry.pairs import pairs_of
    from streams.registry.words import table

    level = next((one for one in compare.LEVELS if one == at), None)
    if level is None:
        raise RejectedMessage("level", "--at", ", ".join(compare.LEVELS), "something else")
    known = {} if outcomes is None else read_outcomes(outcomes)
    since = WallClock().now() - round(hours * HOUR)
    found = asyncio.run(pairs_of(_connected(), model, candidate, against, since))
    if not found.pairs:
        raise RejectedMessage(
            "no-pairs", "--candidate", "a version that was asked beside another", "none; see `shadow`"
        )
    agreed = compare.agreement(found.pairs)
    calibrated = compare.calibrations(found, known) if known else {}
    Console().print(table(found, agreed, compare.rates(found, level), calibrated))
    if png is not None:
        draw(found, agreed, calibrated, png)
        typer.echo(f"drawn: {png}")


def in_words(modes: Mapping[str, Mode]) -> str:
    """Return modes in one line, the live one first: ``4 live, 5 shadow``."""
    order = ("live", "shadow", "silent")
    named = sorted(modes.items(), key=lambda one: (order.index(one[1]), _numbered(one[0])))
    return ", ".join(f"{version} {mode}" for version, mode in named) or "none asked"


def _numbered(version: str) -> tuple[int, str]:
    return (int(version), "") if version.isdecimal() else (0, version)


def _change(
    model: str, to: Callable[[dict[str, Mode], Sequence[ModelModes]], dict[str, Mode]], by: str, why: str, wait_s: float
) -> None:
    """Write a change, wait for every partition, and say in the end how it stands."""
    from streams.inference.repository import load_any
    from streams.registry.changes import change, waiting_partitions

    settings = _connected()
    shipped = load_any(settings.model_repository, model).version
    who = by or user()
    written = asyncio.run(change(settings, model, shipped, to, by=who, why=why, clock=WallClock()))
    typer.echo(f"{model}: {in_words(written.record.was)} -> {in_words(written.record.modes)}, record {written.offset}")
    if written.overtaken:
        typer.echo("somebody else changed this model at the same time: see `cardiostream models history`")
    missing = asyncio.run(waiting_partitions(settings, written.offset, wait_s))
    if missing:
        typer.echo(
            f"written, and stands; but {len(missing)} of {settings.partitions} partitions have not given word within "
            f"{wait_s:g} s: {', '.join(map(str, missing))}. Their bedside workers are away, or have not got this "
            "version in their repository (see their logs); they switch when they can. `rollback` takes it back."
        )
        raise typer.Exit(1)
    typer.echo(f"in force on all {settings.partitions} partitions; whoever was judged otherwise is judged again")


def _checked(model: str, version: str, unchecked: bool) -> None:
    """Refuse a version that does not keep its contract, or that the running Triton does not serve."""
    from streams.registry.checks import checks

    settings = _connected()
    _refuse_unserved(settings, model, version)
    found = asyncio.run(checks(settings.model_repository, model, version, _through_triton(settings, model, version)))
    if all(one.ok for one in found):
        return
    _shown(found)
    if not unchecked:
        raise RejectedMessage("checks", f"{model} {version}", "all checks passed", "the above; nothing was switched")


def _refuse_unserved(settings: Settings, model: str, version: str) -> None:
    """Refuse a further version of a model whose worker asks the shipped one alone."""
    from streams.inference.repository import load_any

    shipped = load_any(settings.model_repository, model)
    if shipped.modality != "vitals" and version != shipped.version:
        raise RejectedMessage(
            "one-version", "version", f"{shipped.version}: of a model of {shipped.modality} the shipped one is asked",
            "another",
        )  # fmt: skip


def _through_triton(settings: Settings, model: str, version: str) -> Ask:
    """Return what asks the running Triton, in a connection of its own."""
    from streams.inference.client import TritonClient
    from streams.inference.repository import load_any

    async def ask(tensors: dict[str, Any]) -> dict[str, Any]:
        client = TritonClient(settings.triton_url, 30.0)
        try:
            known = version or load_any(settings.model_repository, model).version
            return await client.infer(model, known, tensors)
        finally:
            await client.close()

    return ask


def _shown(found: Sequence[Check]) -> int:
    table = Table("check", "", "found")
    for one in found:
        table.add_row(one.name, "ok" if one.ok else "no", Text(one.words))
    Console().print(table)
    return 0 if all(one.ok for one in found) else 1


def _connected() -> Settings:
    from streams import log
    from streams.embedded.addresses import connect

    log.configure("error")
    return connect(Settings())
