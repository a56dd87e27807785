"""Train the network on ``$CARDIOSTREAM_DATA/chest-ctr`` and write ``model_repo/chest_heart_unet/``.

``python -m training.chest_heart_unet.train`` fits on the role ``train``, learns the limits of plausibility on the same,
judges on the role ``val`` and on pictures of other things, and writes folder, figures and card; interrupted, the same
command goes on where it was.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import msgspec
import torch
import typer
from rich.console import Console

from streams.inference.imaging_manifest import ImagingManifest
from training.answering import onnx_answers
from training.chest_heart_unet.card import write_card
from training.chest_heart_unet.evaluate import evaluate
from training.chest_heart_unet.films import Films, read_films, read_others
from training.chest_heart_unet.fitting import SEED, fit_network
from training.chest_heart_unet.limits import learned_limits
from training.chest_heart_unet.network import Mirrored
from training.chest_heart_unet.spec import draft
from training.chest_heart_unet.strangers import examine
from training.figures import write_json
from training.imaging.export import export

THREADS = 2
OTHERS = 250
"""Pictures of each other kind that are learned from."""
console = Console()


def finish(network: Mirrored, films: Films, repository: Path) -> ImagingManifest:
    """Export, learn the limits from the exported file's answers on the training films, and export with them."""
    spec = export(network, draft(len(films.ids), SEED), repository)
    limits = learned_limits(onnx_answers(repository, spec), spec, films)
    return export(network, msgspec.structs.replace(spec, limits=limits), repository)


def publish(spec: ImagingManifest, data: Path, run: Path, repository: Path) -> None:
    """Evaluate the exported network and put figures and card beside it."""
    folder = repository / spec.name
    evaluate(data / "chest-ctr", "val", run / "evaluation", repository)
    shutil.copy(run / "evaluation" / "metrics.json", folder)
    found = examine(onnx_answers(repository, spec), spec, read_films(data / "chest-ctr", "val"), data)
    write_json({"model": spec.name, "version": spec.version, **found}, folder / "strangers.json")
    write_card(repository, spec.name)


def main(
    data: Annotated[Path, typer.Option(help="Folder of all data sets.", envvar="CARDIOSTREAM_DATA")],
    repository: Annotated[Path, typer.Option(help="Folder of models.")] = Path("model_repo"),
    run: Annotated[Path, typer.Option(help="Folder of the run: checkpoints, TensorBoard.")] = Path(
        "runs/chest_heart_unet"
    ),
    fresh: Annotated[bool, typer.Option(help="Forget an earlier run.")] = False,
) -> None:
    """Fit, export, evaluate on the validation role and on strangers, and write the card."""
    torch.set_num_threads(THREADS)
    if fresh:
        shutil.rmtree(run, ignore_errors=True)
    films = read_films(data / "chest-ctr", "train")
    console.print(f"{len(films.ids)} films")
    network = fit_network(films, read_others(data, "train", OTHERS), run / "network")
    spec = finish(Mirrored(network), films, repository)
    publish(spec, data, run, repository)
    console.print(f"written to {repository / spec.name}")


if __name__ == "__main__":
    typer.run(main)
