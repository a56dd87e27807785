"""Score a folder laid out like ``p12`` from the exported network through the code that serves.

``python -m training.deterioration_gru.evaluate --data DIR --role val --out DIR2`` writes ``metrics.json``,
``predictions.csv`` and ROC, PR and reliability plots; ``--through-triton HOST:PORT`` asks a server instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from streams.inference.manifest import Manifest, load
from streams.modalities.vitals import prepare, stack
from training.answering import Ask, onnx_answers, probabilities, triton_answers
from training.deterioration_gru import baselines
from training.deterioration_gru.examples import View, snapshot_of
from training.deterioration_gru.p12 import Stay, read_stays
from training.deterioration_gru.spec import NAME
from training.deterioration_gru.tasks import tasks
from training.figures import Scores, Truth, write_figures

BATCH = 64


def evaluate(data: Path, role: str, out: Path, repository: Path, triton: str = "") -> dict[str, Any]:
    """Score every stay of `role` (``all`` for all) under every task, write the files and return the figures.

    Every stay counts, also those that serving would call ``indeterminate``; their number stands beside the figures.
    """
    spec = load(repository, NAME)
    stays = read_stays(data, () if role == "all" else (role,))
    if not stays:
        raise SystemExit(f"no stays of role {role} in {data}; name one that splits.csv has, or all")
    ask = triton_answers(triton, spec) if triton else onnx_answers(repository, spec)
    scored = {task: score(stays, view, spec, ask) for task, view in tasks(spec)}
    head = {"model": spec.name, "version": spec.version, "data": data.name, "role": role}
    return write_figures(head, scored, truth_of(stays), spec.thresholds.operating_point, out)


def truth_of(stays: list[Stay]) -> Truth:
    """Return who died."""
    return Truth([s.record_id for s in stays], np.array([s.died for s in stays], np.float64))


def score(stays: list[Stay], view: View, spec: Manifest, ask: Ask) -> tuple[Scores, int]:
    """Return the probabilities of network and baselines, and how many stays serving would not score."""
    snapshots = [snapshot_of(stay, view) for stay in stays]
    prepared = [prepare(snapshot, spec) for snapshot in snapshots]
    batches = [stack(prepared[i : i + BATCH]) for i in range(0, len(prepared), BATCH)]
    fitted = baselines.load()
    points = np.array([[baselines.news2_points(s)] for s in snapshots])
    scores = {
        "": probabilities(ask, spec, batches),
        "news2": fitted.news2.probabilities(points),
        "logistic": fitted.logistic.probabilities(baselines.summary(prepared)),
    }
    return scores, sum(bool(p.reasons) for p in prepared)


def main(
    data: Annotated[Path, typer.Option(help="Folder laid out like p12.")],
    out: Annotated[Path, typer.Option(help="Folder for the figures.")],
    role: Annotated[str, typer.Option(help="val, test, train or all.")] = "val",
    through_triton: Annotated[str, typer.Option(help="host:port of a Triton server's gRPC.")] = "",
    repository: Annotated[Path, typer.Option(help="Folder of models.")] = Path("model_repo"),
) -> None:
    """Score stays and write figures, predictions and plots."""
    metrics = evaluate(data, role, out, repository, through_triton)
    for task, entry in metrics["tasks"].items():
        typer.echo(f"{task:32} n {entry['n']:5d}  AUROC {entry['auroc'][0]:.3f}  AUPRC {entry['auprc'][0]:.3f}")


if __name__ == "__main__":
    typer.run(main)
