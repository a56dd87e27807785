"""Train the network on ``$CARDIOSTREAM_DATA/p12`` and write ``model_repo/deterioration_gru/``.

``python -m training.deterioration_gru.train --cv 5`` cross-validates over all stays, fits the network that is exported
on the role ``train`` and writes folder, figures and card; interrupted, the same command goes on where it was.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import torch
import typer
from rich.console import Console

from streams.inference.manifest import Calibration, Manifest
from training import harness
from training.deterioration_gru import baselines
from training.deterioration_gru.card import write_card
from training.deterioration_gru.crossed import Ground, cross_validate, ground_of, pooled
from training.deterioration_gru.evaluate import evaluate
from training.deterioration_gru.examples import prepare_stay, random_view, snapshot_of
from training.deterioration_gru.export import export
from training.deterioration_gru.fitting import PLAN, Rows, fit_network
from training.deterioration_gru.network import Calibrated
from training.deterioration_gru.p12 import Stay, read_stays
from training.deterioration_gru.robustness import examine
from training.deterioration_gru.spec import draft
from training.deterioration_gru.teachers import FOLDS
from training.measures import Floats

THREADS = 2
REPOSITORY = Path("model_repo")
console = Console()


def labels_of(stays: list[Stay]) -> Floats:
    """Return 1 for death in hospital."""
    return np.array([s.died for s in stays], np.float64)


def fit_final(ground: Ground, run: Path, epochs: int) -> tuple[Calibrated, Manifest]:
    """Fit on the role ``train``; shares, calibration and threshold are those of the out-of-fold answers of the same."""
    found = pooled(ground, run, epochs)
    train = np.array([s.role == "train" for s in ground.stays])
    rows = Rows(ground.features, ground.labels, ground.teachers.targets(ground.folds, train, -1), ground.spec)
    network = fit_network(rows, np.flatnonzero(train), PLAN.seed, run / "final", epochs)
    shares, slope, intercept = found.learned
    network.weigh(shares)
    spec = msgspec.structs.replace(
        ground.spec,
        calibration=Calibration("platt", slope, intercept, True),
        thresholds=msgspec.structs.replace(
            ground.spec.thresholds,
            operating_point=found.threshold,
            chosen="highest F1 out of fold on the role train, all tasks pooled",
        ),
    )
    return Calibrated(network, slope, intercept), spec


def fit_baselines(stays: list[Stay], spec: Manifest, seed: int) -> None:
    """Fit the baselines on one random view of every stay and keep them."""
    random = np.random.default_rng((seed, 1_000_003))
    views = [random_view(spec, random) for _ in stays]
    snapshots = [snapshot_of(s, v) for s, v in zip(stays, views, strict=True)]
    prepared = [prepare_stay(s, v, spec) for s, v in zip(stays, views, strict=True)]
    baselines.save(baselines.fit(snapshots, prepared, labels_of(stays)))


def main(
    data: Annotated[Path, typer.Option(help="Folder of all data sets.", envvar="CARDIOSTREAM_DATA")],
    repository: Annotated[Path, typer.Option(help="Folder of models.")] = REPOSITORY,
    run: Annotated[Path, typer.Option(help="Folder of the run: features, checkpoints, TensorBoard.")] = Path(
        "runs/deterioration_gru"
    ),
    cv: Annotated[int, typer.Option(help="Folds; the folds are fixed, so 5 it must be.")] = FOLDS,
    epochs: Annotated[int, typer.Option(help="Passes over the training stays.")] = PLAN.epochs,
    fresh: Annotated[bool, typer.Option(help="Forget an earlier run.")] = False,
) -> None:
    """Cross-validate, fit, calibrate, export, evaluate on the validation role, examine, and write the card."""
    if cv != FOLDS:
        raise typer.BadParameter(f"stays are dealt to {FOLDS} folds by their id's digest; pass --cv {FOLDS}")
    harness.seed_everything(PLAN.seed)
    torch.set_num_threads(THREADS)
    if fresh:
        shutil.rmtree(run, ignore_errors=True)
    data = data / "p12"
    stays = read_stays(data)
    train = [s for s in stays if s.role == "train"]
    ground = ground_of(stays, draft(train, PLAN.seed), run)
    console.print(f"{len(stays)} stays, {len(train)} of role train, {len(ground.spec.inputs)} inputs")
    metrics = cross_validate(ground, data, run, epochs)
    for task, entry in metrics["tasks"].items():
        console.print(
            f"{task:30} AUROC {entry['auroc'][0]:.4f}  AUPRC {entry['auprc'][0]:.4f}  ECE {entry['ece'][0]:.3f}"
        )
    finished, spec = fit_final(ground, run, epochs)
    fit_baselines(train, spec, PLAN.seed)
    spec = export(finished, spec, repository)
    publish(data, repository / spec.name, run, stays)


def publish(data: Path, folder: Path, run: Path, stays: list[Stay]) -> None:
    """Evaluate and examine the exported network and put figures and card beside it."""
    shutil.copy(run / "cv" / "figures" / "metrics.json", folder)
    evaluate(data, "val", run / "evaluation", folder.parent)
    shutil.copy(run / "evaluation" / "metrics.json", folder / "metrics_val.json")
    found = examine(data, [s for s in stays if s.role == "val"], run, folder.parent)
    (folder / "robustness.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    write_card(folder.parent, folder.name)


if __name__ == "__main__":
    typer.run(main)
