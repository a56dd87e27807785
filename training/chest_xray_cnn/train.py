"""Train the network on ``$CARDIOSTREAM_DATA/pneumoniamnist`` and write ``model_repo/chest_xray_cnn/``.

``python -m training.chest_xray_cnn.train --cv 3`` fits one voice per fold of the role ``train`` on the others,
calibrates them on what they say out of fold, exports their mean, judges it on the role ``val`` and writes folder,
figures and card; interrupted, the same command goes on where it was.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import msgspec
import torch
import typer
from rich.console import Console

from streams.inference.declared import Calibration
from streams.inference.imaging_manifest import ImagingManifest
from training.chest_xray_cnn import baselines
from training.chest_xray_cnn.card import write_card
from training.chest_xray_cnn.crossed import Crossed, cross_validate, write_crossed
from training.chest_xray_cnn.evaluate import evaluate
from training.chest_xray_cnn.films import FOLDS, Films, read_films
from training.chest_xray_cnn.fitting import SEED
from training.chest_xray_cnn.network import Calibrated
from training.chest_xray_cnn.spec import draft
from training.imaging.export import export

THREADS = 2
console = Console()


def finish(found: Crossed, spec: ImagingManifest, repository: Path) -> ImagingManifest:
    """Export the voices' mean with calibration and threshold."""
    thresholds = spec.thresholds and msgspec.structs.replace(
        spec.thresholds,
        operating_point=found.threshold,
        chosen="highest sensitivity plus specificity out of fold on the role train",
    )
    calibration = Calibration("platt", found.slope, found.intercept, True)
    spec = msgspec.structs.replace(spec, calibration=calibration, thresholds=thresholds)
    return export(Calibrated(found.voices, found.slope, found.intercept), spec, repository)


def publish(found: Crossed, films: Films, spec: ImagingManifest, data: Path, run: Path, repository: Path) -> None:
    """Evaluate the exported network and put figures and card beside it."""
    folder = repository / spec.name
    write_crossed(found, films, spec, run / "cv")
    shutil.copy(run / "cv" / "metrics.json", folder)
    evaluate(data / "pneumoniamnist", "val", run / "evaluation", repository)
    shutil.copy(run / "evaluation" / "metrics.json", folder / "metrics_val.json")
    write_card(repository, spec.name)


def main(
    data: Annotated[Path, typer.Option(help="Folder of all data sets.", envvar="CARDIOSTREAM_DATA")],
    repository: Annotated[Path, typer.Option(help="Folder of models.")] = Path("model_repo"),
    run: Annotated[Path, typer.Option(help="Folder of the run: checkpoints, TensorBoard.")] = Path(
        "runs/chest_xray_cnn"
    ),
    cv: Annotated[int, typer.Option(help="Folds; the folds are fixed, so 3 it must be.")] = FOLDS,
    fresh: Annotated[bool, typer.Option(help="Forget an earlier run.")] = False,
) -> None:
    """Cross-validate, calibrate, export, evaluate on the validation role, and write the card."""
    if cv != FOLDS:
        raise typer.BadParameter(f"films are dealt to {FOLDS} folds by their looks; pass --cv {FOLDS}")
    torch.set_num_threads(THREADS)
    if fresh:
        shutil.rmtree(run, ignore_errors=True)
    films = read_films(data / "pneumoniamnist", "train")
    console.print(f"{len(films.ids)} films, {int(films.labels.sum())} with pneumonia")
    spec = draft(len(films.ids), int(films.labels.sum()), SEED)
    found = cross_validate(films, spec, run)
    baselines.save(baselines.fit(films))
    spec = finish(found, spec, repository)
    publish(found, films, spec, data, run, repository)
    console.print(f"written to {repository / spec.name}")


if __name__ == "__main__":
    typer.run(main)
