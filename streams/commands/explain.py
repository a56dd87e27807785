"""``cardiostream explain PATIENT``: what a score is made of, what models found on images and in notes, drawings."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.clock import isoformat
from streams.errors import CardioStreamError, ContractError
from streams.gateways.dicomweb.picture import fetch
from streams.publish import bars, pictures
from streams.records import ImageBasis, NotePredictions, Reading, StudyPrediction, StudyPredictions
from streams.settings import Settings
from streams.verify import explained_words as judgement_lines
from streams.verify import explaining as judgement
from streams.verify.note_words import words_of
from streams.verify.said import said_of

Patient = Annotated[str, typer.Argument(help="Bare patient id.")]
Out = Annotated[
    Path | None, typer.Option(help="Folder that the drawings are written to; none are without it.", file_okay=False)
]
Pictures = Annotated[bool, typer.Option(help="Fetch the pictures from the PACS and draw what was found.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(patient: Patient, out: Out = None, pictures: Pictures = True) -> None:
    """Print what a patient's score is made of, and what models found on images and in notes; --out draws it as PNG.

    Of notes the sentences that carried an answer are printed, on this terminal and nowhere else.
    """
    from streams import log
    from streams.embedded.addresses import connect

    log.configure("error")
    raise typer.Exit(asyncio.run(_explain(connect(Settings()), patient, out if pictures else None, Console())))


async def _explain(settings: Settings, patient: str, out: Path | None, console: Console) -> int:
    judged = await judgement.explain(settings, patient)
    for line in judgement_lines.lines(judged) if judged else ():
        console.print(line, soft_wrap=True, highlight=False)
    if judged and out is not None:
        console.print(
            f"  {await _written(out / 'score.png', bars.drawn(judgement_lines.groups(judged)))}", soft_wrap=True
        )
    said = await said_of(settings, patient)
    if not said:
        console.print("nothing was said of images or notes of this patient")
        return 0 if judged else 1
    for study in said:
        console.print(f"[bold]{study.resource_id}[/bold] from {study.source}, of {isoformat(study.as_of)}")
        if isinstance(study, NotePredictions):
            for line in await words_of(settings, study):
                console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)
            continue
        for line in lines(study):
            console.print(f"  {line}", soft_wrap=True, highlight=False)
        for one in study.predictions if out is not None else ():
            if out is not None and one.reading is not None and one.basis is not None:
                console.print(f"  {await _drawn(settings, study, one.reading, one.basis, out)}", soft_wrap=True)
    return 0


def lines(study: StudyPredictions) -> list[str]:
    """Say in words what is said of a study."""
    found = [f"nothing can be said: {', '.join(study.reasons)}"] if study.reasons and not study.predictions else []
    return found + [line for one in study.predictions for line in _words(one)]


def _words(one: StudyPrediction) -> Sequence[str]:
    name = f"{one.model} {one.version}"
    if one.reading is None or one.status != "ok":
        return [f"{name}: {one.status} ({', '.join(one.reasons)})"]
    classes = [f"{name}: {c.name} {100 * c.probability:.1f} %, level {c.level}" for c in one.reading.classes]
    measures = [
        f"{name}: {m.name} {m.value:.3f}"
        + (f", usual up to {m.usual_high:g}" if m.usual_high is not None else "")
        + "".join(f"; {line.name} {abs(line.end[0] - line.start[0]):.0f} pixels" for line in m.lines)
        for m in one.reading.measures
    ]
    view = [f"{name}: view {one.basis.view or 'unknown'}"] if one.basis is not None and measures else []
    open_questions = [f"{name}: not known: {', '.join(one.reasons)}"] if one.reasons else []
    return [*classes, *measures, *view, *open_questions]


async def _drawn(settings: Settings, study: StudyPredictions, reading: Reading, basis: ImageBasis, out: Path) -> str:
    """Write a drawing and say where; a picture that cannot be had is said, and the next one tried."""
    try:
        image = await fetch(settings, study.study_uid, basis)
    except CardioStreamError as error:
        return f"no drawing: {error}"
    return await _written(out / file_name(study, reading), pictures.beside(image.values, reading))


def file_name(study: StudyPredictions, reading: Reading) -> str:
    """Name the drawing of a reading; two sources may give studies of one patient the same id."""
    return f"{re.sub(r'[^A-Za-z0-9.-]', '-', f'{study.resource_id}-{study.source}')}-{reading.model}.png"


async def _written(path: Path, picture: pictures.Rgb) -> str:
    try:
        await asyncio.to_thread(_write, path, pictures.png(picture))
    except OSError as error:
        raise ContractError(
            f"{path.parent} cannot be written ({type(error).__name__}); name another folder by --out"
        ) from None
    return f"drawn: {path}"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A picture of a patient is for whoever asked for it.
    path.touch(mode=0o600)
    path.write_bytes(content)
