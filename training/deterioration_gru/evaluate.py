"""Score a folder laid out like ``p12`` from the exported network through the code that serves.

``python -m training.deterioration_gru.evaluate --data DIR --role val --out DIR2`` writes ``metrics.json``,
``predictions.csv`` and ROC, PR and reliability plots; ``--through-triton HOST:PORT`` asks a server instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import pandas as pd
import typer

from streams.inference.manifest import Manifest, load
from streams.modalities.vitals import prepare, stack
from training.answering import Ask, onnx_answers, probabilities, triton_answers
from training.deterioration_gru import baselines
from training.deterioration_gru.examples import View, snapshot_of
from training.deterioration_gru.p12 import Stay, read_stays
from training.deterioration_gru.spec import NAME
from training.deterioration_gru.tasks import tasks
from training.measures import Floats, drawn
from training.plots import draw_all

BATCH = 64

Scores = dict[str, Floats]
"""``""`` for the network, else the baseline's name, to probabilities in the stays' order."""


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
    return write_figures(head, scored, stays, spec.thresholds.operating_point, out)


def write_figures(
    head: dict[str, Any], scored: dict[str, tuple[Scores, int]], stays: list[Stay], threshold: float, out: Path
) -> dict[str, Any]:
    """Write ``metrics.json``, ``predictions.csv`` and the plots of scored stays and return the figures."""
    out.mkdir(parents=True, exist_ok=True)
    labels = np.array([s.died for s in stays], np.float64)
    metrics = {**head, "tasks": _figures(scored, labels, threshold)}
    (out / "metrics.json").write_bytes(msgspec.json.format(msgspec.json.encode(metrics), indent=1) + b"\n")
    _predictions(scored, stays).to_csv(out / "predictions.csv", index=False)
    draw_all({task: (labels, scores[""]) for task, (scores, _) in scored.items()}, out)
    return metrics


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


def _figures(scored: dict[str, tuple[Scores, int]], labels: Floats, threshold: float) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for task, (scores, indeterminate) in scored.items():
        draws = {name: drawn(labels, values, threshold) for name, values in scores.items()}
        for name, draw in draws.items():
            entry = {"n": len(labels), "positives": int(labels.sum()), "threshold": threshold, **draw.triples()}
            if name:
                entry["model_less_baseline"] = {f: draws[""].less(draw, f) for f in ("auroc", "auprc")}
            else:
                entry["indeterminate"] = indeterminate
            figures[f"baseline/{name}/{task}" if name else task] = entry
    return figures


def _predictions(scored: dict[str, tuple[Scores, int]], stays: list[Stay]) -> pd.DataFrame:
    rows = [
        (stay.record_id, f"baseline/{name}/{task}" if name else task, int(stay.died), round(float(p), 6))
        for task, (scores, _) in scored.items()
        for name, values in scores.items()
        for stay, p in zip(stays, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["id", "task", "label", "probability"])


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
