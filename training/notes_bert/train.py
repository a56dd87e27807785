"""Train the network on ``$CARDIOSTREAM_DATA/mtsamples`` and write ``model_repo/notes_bert/``.

``python -m training.notes_bert.train --cv 5`` judges the recipe on five folds of all notes, fits the network on the
role ``train``, calibrates it on what was said out of fold, exports it in eight bits, judges it on the role ``val``
and on our own notes, and writes folder, figures and card; interrupted, the same command goes on where it was. ``--cv
0`` leaves the folds out: calibration is then from the role ``val``.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from scipy.sparse import csr_matrix

from streams.inference.notes_manifest import NotesManifest
from training.answering import onnx_answers
from training.notes_bert import golden
from training.notes_bert.card import write_card
from training.notes_bert.conditions import HEADS
from training.notes_bert.crossed import Setting, cross_validate, settings_of, write_crossed
from training.notes_bert.eight_bits import compare
from training.notes_bert.evaluate import evaluate, said
from training.notes_bert.export import export, settled, whole, with_vocabulary
from training.notes_bert.fitting import LEARNING, PLAN, Learner, Told, fit, logits_of, prepared_of, told_by
from training.notes_bert.lexicon import Lexicon, counted, fit_lexicon
from training.notes_bert.network import NotesBert, pretrained
from training.notes_bert.notes import FOLDS, Notes, read_notes, specialties_of
from training.notes_bert.own import judge_own
from training.notes_bert.spec import NAME, draft

THREADS = 2
console = Console()


class Material(NamedTuple):
    """All notes, and what does not learn of them."""

    notes: Notes
    hidden: Sequence[Told]
    """What the lower layers say."""
    words: csr_matrix
    """Their word pieces."""
    spec: NotesManifest

    def of(self, role: str) -> NDArray[np.int64]:
        """Return the places of the notes of a role as the data set calls it."""
        return np.flatnonzero(np.array(self.notes.roles) == role)


class Voices(NamedTuple):
    """The two parts of the network, fitted on the role train."""

    learner: Learner
    lexicon: Lexicon


def material(data: Path, run: Path) -> Material:
    """Read notes, prepare them as serving does, and ask the lower layers about them once."""
    folder = data / "mtsamples"
    notes = read_notes(folder, "all", specialties_of(folder))
    learned = notes.part(np.array(notes.roles) == "train")
    positives = {head: int(learned.labels[:, k].sum()) for k, head in enumerate(HEADS)}
    spec = with_vocabulary(draft(len(learned.keys), positives, PLAN.seed), run / "vocabulary")
    prepared = prepared_of(notes, spec)
    lower, _ = pretrained(LEARNING, len(HEADS))
    return Material(notes, told_by(lower, prepared, spec), counted(prepared), spec)


def fitted(found: Material, run: Path) -> Voices:
    """Fit both parts on the role train."""
    mine, notes = found.of("train"), found.notes
    labels = np.concatenate([notes.labels, notes.specialties], 1)[mine]
    learner = fit([found.hidden[k] for k in mine], labels, run / "final")
    return Voices(learner, fit_lexicon(found.words[mine], notes.labels[mine]))


def settings_crossed(found: Material, run: Path, folder: Path) -> tuple[Setting, ...]:
    """Cross-validate, write the figures, and return the settings that the notes of the role train give out of fold."""
    crossed = cross_validate(found.notes, found.hidden, found.words, run)
    head = {"model": found.spec.name, "version": found.spec.version, "data": "mtsamples"}
    write_crossed(crossed, found.notes, head, run / "cv")
    shutil.copy(run / "cv" / "metrics.json", folder)
    mine = found.of("train")
    return settings_of(crossed.deep[mine], crossed.words[mine], found.notes.labels[mine])


def settings_held_out(found: Material, voices: Voices) -> tuple[Setting, ...]:
    """Return the settings that the role val gives."""
    mine = found.of("valid")
    deep = logits_of(voices.learner, [found.hidden[k] for k in mine])
    return settings_of(deep, voices.lexicon.logits(found.words[mine]), found.notes.labels[mine])


def publish(network: NotesBert, spec: NotesManifest, found: Material, data: Path, run: Path, repository: Path) -> None:
    """Judge the exported network and put golden cases, figures and card beside it."""
    folder = repository / spec.name
    exported = onnx_answers(repository, spec)
    golden.write(golden.golden_of(spec, exported, network), folder / "golden.json")
    evaluate(data / "mtsamples", "val", run / "evaluation", repository, data / "mtsamples")
    shutil.copy(run / "evaluation" / "metrics.json", folder / "metrics_val.json")
    judge_own(exported, spec, {"model": spec.name, "version": spec.version}, run / "own")
    shutil.copy(run / "own" / "metrics.json", folder / "metrics_own.json")
    part = found.notes.part(np.array(found.notes.roles) == "valid")
    compare(network, spec, part, said(run / "evaluation", spec), repository, folder / "eight_bits.json")
    write_card(repository, spec.name)


def main(
    data: Annotated[Path, typer.Option(help="Folder of all data sets.", envvar="CARDIOSTREAM_DATA")],
    repository: Annotated[Path, typer.Option(help="Folder of models.")] = Path("model_repo"),
    run: Annotated[Path, typer.Option(help="Folder of the run: checkpoints, TensorBoard.")] = Path("runs/notes_bert"),
    cv: Annotated[int, typer.Option(help="Folds: 5, or 0 for none.")] = FOLDS,
    fresh: Annotated[bool, typer.Option(help="Forget an earlier run.")] = False,
) -> None:
    """Cross-validate, fit, calibrate, export, evaluate, and write the card."""
    if cv not in (0, FOLDS):
        raise typer.BadParameter(f"notes are dealt to {FOLDS} folds by their keys; pass --cv {FOLDS} or --cv 0")
    torch.set_num_threads(THREADS)
    if fresh:
        shutil.rmtree(run, ignore_errors=True)
    found, folder = material(data, run), repository / NAME
    folder.mkdir(parents=True, exist_ok=True)
    console.print(f"{len(found.notes.keys)} notes; learned from: {found.spec.training.positives}")
    voices = fitted(found, run)
    settings = settings_crossed(found, run, folder) if cv else settings_held_out(found, voices)
    chosen = "highest F1 out of fold on the role train" if cv else "highest F1 on the role val"
    network = whole(voices.learner, voices.lexicon, settings)
    spec = export(network, settled(found.spec, voices.lexicon, settings, chosen), repository)
    publish(network, spec, found, data, run, repository)
    console.print(f"written to {folder}")


if __name__ == "__main__":
    typer.run(main)
