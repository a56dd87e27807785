"""Score a folder laid out like ``mtsamples`` from the exported network through the code that serves.

``python -m training.notes_bert.evaluate --data DIR --role val --out DIR2`` writes ``metrics.json``,
``predictions.csv`` and ROC, PR and reliability plots; ``--role all`` takes notes of any or no role,
``--through-triton HOST:PORT`` asks a server instead. TF-IDF beside it is fitted on the role train of
``$CARDIOSTREAM_DATA/mtsamples``, as the network was.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from streams.inference.notes_manifest import NotesManifest, load_notes
from training.answering import onnx_answers, triton_answers
from training.measures import Floats
from training.notes_bert import baselines
from training.notes_bert.crossed import baseline_thresholds
from training.notes_bert.figures import Task, Told, write_figures
from training.notes_bert.notes import Notes, read_notes
from training.notes_bert.scoring import probabilities, readings
from training.notes_bert.spec import NAME


def evaluate(
    data: Path, role: str, out: Path, repository: Path, learned_from: Path | None, triton: str = ""
) -> dict[str, Any]:
    """Score every note of `role`, write the files and return the figures.

    Parameters
    ----------
    learned_from
        Folder that TF-IDF is fitted on; None for no baseline.
    """
    spec, notes = load_notes(repository, NAME), read_notes(data, role)
    ask = triton_answers(triton, spec) if triton else onnx_answers(repository, spec)
    found = readings(ask, spec, notes.texts)
    ours, refused = probabilities(found, spec), sum(bool(one.refusals) for one in found)
    theirs = _tfidf(notes, repository / spec.name, learned_from)
    tasks = {
        head.name: Task(
            notes.labels[:, k],
            {"": Told(ours[:, k], head.thresholds.operating_point), **theirs.get(head.name, {})},
            refused,
        )
        for k, head in enumerate(spec.heads)
    }
    head = {"model": spec.name, "version": spec.version, "data": data.name, "role": role}
    return write_figures(head, notes.keys, tasks, out)


def said(out: Path, spec: NotesManifest) -> Floats:
    """Return the network's probabilities as `evaluate` wrote them, shape (notes, heads)."""
    table = pd.read_csv(out / "predictions.csv")
    return np.stack([table.probability[table.task == head.name].to_numpy(np.float64) for head in spec.heads], 1)


def _tfidf(notes: Notes, folder: Path, learned_from: Path | None) -> dict[str, dict[str, Told]]:
    if learned_from is None:
        return {}
    thresholds = baseline_thresholds(folder)
    found = baselines.tfidf(read_notes(learned_from, "train"), notes)
    return {head: {"tfidf": Told(values, thresholds[head])} for head, values in found.items()}


def main(
    data: Annotated[Path, typer.Option(help="Folder laid out like mtsamples.")],
    out: Annotated[Path, typer.Option(help="Folder for the figures.")],
    role: Annotated[str, typer.Option(help="val, test, train, or all for every note.")] = "val",
    through_triton: Annotated[str, typer.Option(help="host:port of a Triton server's gRPC.")] = "",
    repository: Annotated[Path, typer.Option(help="Folder of models.")] = Path("model_repo"),
    data_sets: Annotated[
        Path | None, typer.Option(help="Folder of all data sets, for the baseline.", envvar="CARDIOSTREAM_DATA")
    ] = None,
) -> None:
    """Score notes and write figures, predictions and plots."""
    learned_from = data_sets / "mtsamples" if data_sets else None
    metrics = evaluate(data, role, out, repository, learned_from, through_triton)
    for task, entry in metrics["tasks"].items():
        figures = "  ".join(f"{name} {entry[name][0]:.4f}" for name in ("auroc", "auprc", "macro_f1", "ece"))
        typer.echo(f"{task:32} n {entry['n']:5d}  positives {entry['positives']:4d}  {figures}")


if __name__ == "__main__":
    typer.run(main)
