"""Score a folder laid out like ``chest-ctr`` from the exported network through the code that serves.

``python -m training.chest_heart_unet.evaluate --data DIR --role val --out DIR2`` writes ``metrics.json``,
``predictions.csv`` and plots; ``--through-triton HOST:PORT`` asks a server instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from streams.inference.imaging_manifest import ImagingManifest, load_imaging
from streams.modalities.imaging import Reading
from streams.modalities.imaging.measures import width_ratio
from training.answering import Ask, onnx_answers, triton_answers
from training.chest_heart_unet.baselines import nearest
from training.chest_heart_unet.figures import LARGE, Answers, answers_of, entries, less
from training.chest_heart_unet.films import Films, read_films
from training.chest_heart_unet.spec import NAME
from training.figures import write_json
from training.imaging.scoring import readings
from training.measures import Floats
from training.plots import draw_agreement, draw_all


def evaluate(data: Path, role: str, out: Path, repository: Path, triton: str = "") -> dict[str, Any]:
    """Score every film of `role` (``all`` for all), write the files and return the figures.

    The baseline is there where the folder has training films that are not among those scored.
    """
    spec, films = load_imaging(repository, NAME), read_films(data, role)
    if not films.ids:
        raise SystemExit(f"no films of role {role} in {data}; name one that its column split has, or all")
    ask = triton_answers(triton, spec) if triton else onnx_answers(repository, spec)
    said, refused = ask_of(ask, spec, films)
    head = {"model": spec.name, "version": spec.version, "data": data.name, "role": role}
    known = read_films(data, "train")
    others = {"nearest": nearest(films, known)} if known.ids and role not in ("train", "all") else {}
    return _write(head, said, refused, films, others, out)


def ask_of(ask: Ask, spec: ImagingManifest, films: Films) -> tuple[Answers, int]:
    """Return what the model says of films, and how many of them serving refuses.

    Refused or not, the ratio is drawn from the outlines: otherwise refusals would flatter the figures.
    """
    told = readings(ask, spec, films.images)
    ratios = np.array([ratio_of(reading, spec) for reading in told])
    return answers_of(told, ratios, films), sum(bool(r.refusals) for r in told)


def ratio_of(reading: Reading, spec: ImagingManifest) -> float:
    """Return the ratio of a reading's outlines; NaN where one is missing."""
    found = {outline.name: np.array(outline.points) for outline in reading.outlines}
    measured = width_ratio(spec.measures[0], found)
    return float("nan") if measured is None else measured.value


def _write(
    head: dict[str, Any], said: Answers, refused: int, films: Films, others: dict[str, Answers], out: Path
) -> dict[str, Any]:
    out.mkdir(parents=True, exist_ok=True)
    tasks = entries(said, films, refused)
    for name, theirs in others.items():
        differences = less(said, theirs, films)
        for task, entry in entries(theirs, films, 0).items():
            paired = {"model_less_baseline": differences[task]} if task in differences else {}
            tasks[f"baseline/{name}/{task}"] = {**entry, **paired}
    metrics = {**head, "tasks": tasks}
    write_json(metrics, out / "metrics.json")
    rows = {"": said, **others}
    _predictions(rows, films).to_csv(out / "predictions.csv", index=False)
    _draw(rows, films, out)
    return metrics


def _predictions(rows: dict[str, Answers], films: Films) -> pd.DataFrame:
    """Return one row a film: the ratio stands where other models have a probability."""
    table = [
        (film, f"baseline/{name}/ratio" if name else "ratio", round(float(true), 6), round(float(ratio), 6))
        for name, said in rows.items()
        for film, true, ratio in zip(films.ids, films.ratio, said.ratio, strict=True)
    ]
    return pd.DataFrame(table, columns=["id", "task", "label", "probability"])


def _draw(rows: dict[str, Answers], films: Films, out: Path) -> None:
    large: Floats = (films.ratio > LARGE).astype(np.float64)
    pairs = {name or "this": np.nan_to_num(said.ratio) for name, said in rows.items()}
    draw_agreement({name: (films.ratio.astype(np.float64), ratio) for name, ratio in pairs.items()}, out, "ratio")
    if 0 < large.sum() < len(large):
        draw_all({name: (large, ratio) for name, ratio in pairs.items()}, out)


def main(
    data: Annotated[Path, typer.Option(help="Folder laid out like chest-ctr.")],
    out: Annotated[Path, typer.Option(help="Folder for the figures.")],
    role: Annotated[str, typer.Option(help="val, test, train or all.")] = "val",
    through_triton: Annotated[str, typer.Option(help="host:port of a Triton server's gRPC.")] = "",
    repository: Annotated[Path, typer.Option(help="Folder of models.")] = Path("model_repo"),
) -> None:
    """Score films and write figures, predictions and plots."""
    metrics = evaluate(data, role, out, repository, through_triton)
    for task, entry in metrics["tasks"].items():
        figures = "  ".join(f"{name} {entry[name][0]:.4f}" for name in ("dice", "mae", "accuracy") if name in entry)
        typer.echo(f"{task:36} n {entry['n']:4d}  {figures}")


if __name__ == "__main__":
    typer.run(main)
