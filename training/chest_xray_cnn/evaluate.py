"""Score a folder laid out like ``pneumoniamnist`` from the exported network through the code that serves.

``python -m training.chest_xray_cnn.evaluate --data DIR --role val --out DIR2`` writes ``metrics.json``,
``predictions.csv`` and ROC, PR and reliability plots; ``--through-triton HOST:PORT`` asks a server instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from streams.inference.imaging_manifest import ImagingManifest, load_imaging
from training.answering import Ask, onnx_answers, triton_answers
from training.chest_xray_cnn import baselines
from training.chest_xray_cnn.crossed import TASK
from training.chest_xray_cnn.films import Films, read_films
from training.chest_xray_cnn.spec import NAME
from training.figures import Truth, write_figures
from training.imaging.scoring import readings
from training.measures import Floats


def evaluate(data: Path, role: str, out: Path, repository: Path, triton: str = "") -> dict[str, Any]:
    """Score every film of `role` (``all`` for all), each picture once, write the files and return the figures."""
    spec, films = load_imaging(repository, NAME), read_films(data, role)
    ask = triton_answers(triton, spec) if triton else onnx_answers(repository, spec)
    ours, refused = ask_of(ask, spec, films)
    scored = {TASK: ({"": ours, "linear": baselines.load().probabilities(films.images)}, refused)}
    head = {"model": spec.name, "version": spec.version, "data": data.name, "role": role}
    threshold = spec.thresholds.operating_point if spec.thresholds else 0.5
    return write_figures(head, scored, Truth(films.ids, films.labels), threshold, out)


def ask_of(ask: Ask, spec: ImagingManifest, films: Films) -> tuple[Floats, int]:
    """Return probabilities of films, and how many of them serving refuses; those count as even odds."""
    told = readings(ask, spec, films.images)
    return np.array([r.classes[0].probability if r.classes else 0.5 for r in told]), sum(bool(r.refusals) for r in told)


def main(
    data: Annotated[Path, typer.Option(help="Folder laid out like pneumoniamnist.")],
    out: Annotated[Path, typer.Option(help="Folder for the figures.")],
    role: Annotated[str, typer.Option(help="val, test, train or all.")] = "val",
    through_triton: Annotated[str, typer.Option(help="host:port of a Triton server's gRPC.")] = "",
    repository: Annotated[Path, typer.Option(help="Folder of models.")] = Path("model_repo"),
) -> None:
    """Score films and write figures, predictions and plots."""
    metrics = evaluate(data, role, out, repository, through_triton)
    for task, entry in metrics["tasks"].items():
        figures = "  ".join(f"{name} {entry[name][0]:.4f}" for name in ("auroc", "ece", "accuracy"))
        typer.echo(f"{task:32} n {entry['n']:5d}  {figures}")


if __name__ == "__main__":
    typer.run(main)
