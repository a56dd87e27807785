"""Train the network on ``$CARDIOSTREAM_DATA/p12`` and write ``model_repo/deterioration_gru/``.

``python -m training.deterioration_gru.train``; interrupted, the same command goes on from the last epoch.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import torch
import typer
from rich.console import Console
from torch import nn

from streams.inference.manifest import Calibration, Manifest
from streams.modalities.vitals import Prepared, stack
from training import harness
from training.calibration import platt, sigmoid
from training.deterioration_gru import baselines
from training.deterioration_gru.card import write_card
from training.deterioration_gru.evaluate import evaluate
from training.deterioration_gru.examples import prepare_stay, random_view, snapshot_of
from training.deterioration_gru.export import export
from training.deterioration_gru.network import Calibrated, DeteriorationGru
from training.deterioration_gru.p12 import Stay, read_stays
from training.deterioration_gru.spec import draft
from training.deterioration_gru.tasks import tasks
from training.measures import Floats, best_f1

HIDDEN, DROPOUT = 64, 0.3
THREADS = 2
REPOSITORY = Path("model_repo")
console = Console()


def held_out(stay: Stay) -> bool:
    """Tell whether a training stay is kept for stopping, calibration and threshold: one in ten, by its id's digest."""
    return int(hashlib.sha256(f"deterioration_gru:{stay.record_id}".encode()).hexdigest(), 16) % 10 == 0


def labels_of(stays: list[Stay]) -> Floats:
    """Return 1 for death in hospital."""
    return np.array([s.died for s in stays], np.float64)


def epoch_batches(stays: list[Stay], spec: Manifest, plan: harness.Plan, epoch: int) -> Iterator[harness.Batch]:
    """Yield every stay once, each under a fresh random view; a function of plan and epoch alone."""
    random = np.random.default_rng((plan.seed, epoch))
    labels = labels_of(stays).astype(np.float32)
    for part in np.array_split(random.permutation(len(stays)), len(stays) // plan.batch):
        prepared = [prepare_stay(stays[i], random_view(spec, random), spec) for i in part]
        yield tensors_of(prepared, spec), torch.from_numpy(labels[part, None])


def tensors_of(prepared: list[Prepared], spec: Manifest) -> tuple[torch.Tensor, ...]:
    """Return a batch in the network's order."""
    batch = stack(prepared)
    return tuple(torch.from_numpy(batch[t.name]) for t in spec.tensors)


class Held:
    """The kept-back stays under every task's view, for stopping, calibration and threshold."""

    def __init__(self, stays: list[Stay], spec: Manifest) -> None:
        views = [view for _, view in tasks(spec)]
        self.inputs = tensors_of([prepare_stay(s, view, spec) for view in views for s in stays], spec)
        self.labels = np.tile(labels_of(stays), len(views))

    def logits(self, network: nn.Module) -> Floats:
        """Return the network's logits, uncalibrated."""
        with torch.no_grad():
            return np.asarray(network(*self.inputs)[:, 0].double().numpy())

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return the cross-entropy over all tasks."""
        logits = torch.from_numpy(self.logits(network))
        loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(self.labels))
        return {"loss": float(loss)}


def calibrated(network: DeteriorationGru, held: Held, spec: Manifest) -> tuple[Calibrated, Manifest]:
    """Fit Platt scaling and the threshold on the kept-back stays."""
    logits = held.logits(network)
    slope, intercept = (round(x, 6) for x in platt(logits, held.labels))
    threshold = round(best_f1(held.labels, sigmoid(slope * logits + intercept)), 4)
    spec = msgspec.structs.replace(
        spec,
        calibration=Calibration("platt", slope, intercept, True),
        thresholds=msgspec.structs.replace(
            spec.thresholds,
            operating_point=threshold,
            chosen="highest F1 on kept-back training stays, all tasks pooled",
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
    run: Annotated[Path, typer.Option(help="Folder of the run: checkpoint, TensorBoard.")] = Path(
        "runs/deterioration_gru"
    ),
    epochs: Annotated[int, typer.Option(help="Passes over the training stays.")] = harness.Plan().epochs,
    fresh: Annotated[bool, typer.Option(help="Forget an earlier, interrupted run.")] = False,
) -> None:
    """Train, calibrate, export, evaluate on the validation role, and write the card."""
    plan = harness.Plan(epochs=epochs)
    harness.seed_everything(plan.seed)
    torch.set_num_threads(THREADS)
    if fresh:
        shutil.rmtree(run, ignore_errors=True)
    data = data / "p12"
    stays = read_stays(data, ("train",))
    spec = draft(stays, plan.seed)
    fitted, kept = [s for s in stays if not held_out(s)], [s for s in stays if held_out(s)]
    console.print(f"{len(fitted)} stays to fit, {len(kept)} kept back, {len(spec.inputs)} inputs")
    held = Held(kept, spec)
    network = DeteriorationGru(spec, HIDDEN, DROPOUT)
    fit = harness.Fit(network, plan, run)
    console.print("resumed" if fit.resume() else "started")
    fit.run(lambda epoch: epoch_batches(fitted, spec, plan, epoch), held.validate)
    finished, spec = calibrated(network, held, spec)
    fit_baselines(fitted, spec, plan.seed)
    spec = export(finished, spec, repository)
    evaluate(data, "val", run / "evaluation", repository)
    shutil.copy(run / "evaluation" / "metrics.json", repository / spec.name)
    write_card(repository, spec.name)


if __name__ == "__main__":
    typer.run(main)
