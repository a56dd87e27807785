"""``cardiostream fusion``: how much each modality counts, whether a site's file is valid, and a fit on its outcomes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from streams.errors import ContractError
from streams.fusion.rule import DEFAULT_TEXT, Rule, load
from streams.settings import Settings

File = Annotated[Path | None, typer.Argument(help="Fusion file; the one of the settings, or the default, without it.")]
Named = Annotated[Path, typer.Argument(help="Fusion file.")]
Labels = Annotated[Path, typer.Option(help="CSV: patient_id, outcome (0 or 1), and if known at (its time, ISO 8601).")]
Scores = Annotated[
    Path | None, typer.Option(help="RiskAssessments of risk.scores, one a line; without it the topic is read.")
]
Out = Annotated[Path | None, typer.Option(help="Where the new fusion file is written; it is printed without it.")]
Base = Annotated[Path | None, typer.Option("--file", help="Fusion file whose weights are the priors.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="How the judgements of one patient become one.", no_args_is_help=True)
    group.command("show")(show)
    group.command("check")(check)
    group.command("fit")(fit)
    app.add_typer(group, name="fusion")


def show(file: File = None) -> None:
    """Print how much each modality counts, with the reasons."""
    rule = load(file or Settings().fusion_file)
    console = Console()
    console.print(table(rule))
    for name, one in rule.file.modality.present():
        console.print(f"[bold]{name}[/bold]: {one.why.strip()}", highlight=False)
    console.print(f"{rule.version}; {rule.file.fitted or 'expert priors, not fitted'}", highlight=False)


def check(file: Named) -> None:
    """Say whether a fusion file is valid, or what is wrong with it and in which line; exit code 1 where it is not."""
    rule = load(file)
    typer.echo(f"valid: {rule.version}, {', '.join(rule.counting)}")


def fit(labels: Labels, scores: Scores = None, out: Out = None, file: Base = None) -> None:
    """Fit the weights on a site's own outcomes, and write a new fusion file with intervals."""
    from streams.embedded.addresses import connect
    from streams.fusion.fitting import fit as fitted_on
    from streams.fusion.rewriting import rewritten
    from streams.fusion.rule import parse
    from streams.verify.outcomes import evidence_rows, read_labels, scores_of_file, scores_of_topic

    rule, known = load(file), read_labels(labels)
    found = scores_of_file(scores) if scores else asyncio.run(scores_of_topic(connect(Settings())))
    taken = evidence_rows(found, known, rule)
    fitted = fitted_on(taken.rows, list(rule.terms.values()))
    said = f"{fitted.patients} patients, {fitted.outcomes} with the outcome, {len(taken.rows.outcome)} scores"
    text = rewritten(file.read_text("utf-8") if file else DEFAULT_TEXT, list(rule.terms.values()), fitted, said)
    console = Console(stderr=out is None)
    console.print(table(new := parse(text, out.name if out else "fitted")))
    console.print(f"{new.version}: {said}; {taken.words}", highlight=False, soft_wrap=True)
    kept = [t.name for t, one in zip(rule.terms.values(), fitted.intervals, strict=True) if one is None]
    if kept:
        console.print(f"too little of {', '.join(kept)}: expert priors kept", highlight=False)
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise ContractError(f"{out} cannot be written ({type(error).__name__}); name another file by --out") from None


def table(rule: Rule) -> Table:
    """Return the modalities and the levels as a table; pure."""
    levels = rule.file.levels
    edges = f"low, low-medium from {levels.low_medium:g}, medium from {levels.medium:g}, high from {levels.high:g}"
    shown = Table(
        "modality", "model", "neutral at", Column("weight", justify="right"), "95 %",
        Column("half-life", justify="right"), Column("raises to", justify="right"),
        Column("lowers to", justify="right"), Column("up to index", justify="right"),
        title=f"Fusion of log-odds. Levels by index: {edges}",
    )  # fmt: skip
    for name, one in rule.file.modality.present():
        term = rule.terms[one.model, one.finding]
        neutral = f"{100 * one.prior:g} %" if one.prior is not None else f"{term.neutral:g}"
        shown.add_row(
            name,
            Text(" ".join(filter(None, (one.model, one.finding)))),
            neutral,
            f"{one.weight:g}",
            f"{one.interval[0]:g} to {one.interval[1]:g}" if one.interval else "",
            f"{one.half_life_h:g} h" if one.half_life_h else "",
            f"+{one.raises_at_most:g}",
            f"-{one.lowers_at_most:g}",
            f"{one.reaches:g}" if one.reaches else "",
        )
    return shown
