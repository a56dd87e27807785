"""One fit of the layers that learn, on what the layers below them say of every note once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from streams.inference.notes_manifest import NotesManifest
from streams.modalities.notes import PreparedNote, prepare
from training import harness
from training.measures import Floats
from training.notes_bert.conditions import HEADS
from training.notes_bert.network import Lower, Upper, closed_of, pooled, pretrained
from training.notes_bert.notes import Notes

PLAN = harness.Plan(
    seed=20251, epochs=3, patience=10_000, batch=16, rate=1e-3, weight_decay=0.01, averaging=0.98, keep_last=True,
    slow_rate=0.2,
)  # fmt: skip
LEARNING = 1
"""Layers that learn; the others stay as they came."""
MOST_CHUNKS = 2
"""Rows of one note that a step learns from; of longer notes others each time."""
COMPANY = 0.5
"""Weight of the specialties, which are learned beside the heads because notes are few, and dropped at export."""
POOL = 8
"""Batches among which notes are sorted by length, so that little is padding."""


class Told(msgspec.Struct, frozen=True):
    """What the lower layers say of one note."""

    rows: tuple[Tensor, ...]
    """Hidden states of each chunk, shape (word pieces, width), half precision."""
    at: tuple[tuple[int, int], ...]
    """Of each chunk, the half-open range of places that count."""


class Learner(nn.Module):
    """The learning layers over a batch of notes."""

    def __init__(self, upper: Upper) -> None:
        super().__init__()
        self.upper = upper

    def forward(self, hidden: Tensor, mask: Tensor, places: Tensor, owner: Tensor, notes: Tensor) -> Tensor:
        """Return log odds per note, shape (notes, heads)."""
        with torch.autocast("cpu", torch.bfloat16):
            answers = self.upper(hidden, closed_of(mask))
        evidence, weight = (answer.float().flatten(0, 1)[places] for answer in answers)
        return pooled(evidence, weight, owner, int(notes))


def prepared_of(notes: Notes, spec: NotesManifest) -> list[PreparedNote]:
    """Return every note as serving would prepare it."""
    return [prepare(text, spec) for text in notes.texts]


def told_by(lower: Lower, prepared: Sequence[PreparedNote], spec: NotesManifest) -> list[Told]:
    """Ask the lower layers about every chunk, once for all fits."""
    ids, mask = (tensor.name for tensor in spec.tensors[:2])
    places = [(n, c) for n, note in enumerate(prepared) for c in range(len(note.chunks))]
    places.sort(key=lambda place: prepared[place[0]].chunks[place[1]].length)
    held: list[dict[int, Tensor]] = [{} for _ in prepared]
    lower.eval()
    for start in range(0, len(places), 32):
        part = places[start : start + 32]
        rows = [prepared[n].chunks[c].tensors for n, c in part]
        longest = max(len(row[ids]) for row in rows)
        padded = {
            name: torch.from_numpy(np.stack([np.pad(r[name], (0, longest - len(r[name]))) for r in rows]))
            for name in (ids, mask)
        }
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            hidden = lower(padded[ids], closed_of(padded[mask])).to(torch.bfloat16)
        for row, (n, c) in enumerate(part):
            held[n][c] = hidden[row, : int(padded[mask][row].sum())].clone()
    return [_told(note, rows) for note, rows in zip(prepared, held, strict=True)]


def _told(note: PreparedNote, rows: dict[int, Tensor]) -> Told:
    at = tuple((chunk.at, chunk.at + chunk.tokens.stop - chunk.tokens.start) for chunk in note.chunks)
    return Told(tuple(rows[c] for c in range(len(at))), at)


def inputs_of(chosen: Sequence[Told], chunks: Sequence[Sequence[int]]) -> tuple[Tensor, ...]:
    """Gather chunks of notes into the inputs of `Learner`."""
    rows = [note.rows[c] for note, mine in zip(chosen, chunks, strict=True) for c in mine]
    hidden = pad_sequence(rows, batch_first=True).float()
    mask = pad_sequence([torch.ones(len(row)) for row in rows], batch_first=True)
    places, owner = [], []
    row = 0
    for number, (note, mine) in enumerate(zip(chosen, chunks, strict=True)):
        for c in mine:
            low, high = note.at[c]
            places.append(torch.arange(low, high) + row * hidden.shape[1])
            owner.append(torch.full((high - low,), number))
            row += 1
    return hidden, mask, torch.cat(places), torch.cat(owner), torch.tensor(len(chosen))


class Lesson:
    """What one fit learns from: notes that have a chunk at all."""

    def __init__(self, told: Sequence[Told], labels: Floats, plan: harness.Plan) -> None:
        self.told, self.labels, self.plan = told, torch.from_numpy(labels).float(), plan
        self.usable = torch.tensor([k for k, note in enumerate(told) if note.rows])

    def batches(self, epoch: int) -> Iterator[harness.Batch]:
        """Yield every note once; a function of the epoch alone."""
        random = torch.Generator().manual_seed(self.plan.seed * 1000 + epoch)
        order = self.usable[torch.randperm(len(self.usable), generator=random)]
        pools = torch.split(order, self.plan.batch * POOL)
        parts = [part for pool in pools for part in torch.split(self._by_length(pool), self.plan.batch)]
        for place in torch.randperm(len(parts), generator=random).tolist():
            mine = parts[place].tolist()
            chunks = [self._some(len(self.told[k].rows), random) for k in mine]
            yield inputs_of([self.told[k] for k in mine], chunks), self.labels[mine]

    def _by_length(self, pool: Tensor) -> Tensor:
        longest = torch.tensor([max(len(row) for row in self.told[k].rows) for k in pool.tolist()])
        return pool[torch.argsort(longest, stable=True)]

    @staticmethod
    def _some(chunks: int, random: torch.Generator) -> list[int]:
        return sorted(torch.randperm(chunks, generator=random)[:MOST_CHUNKS].tolist())


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return binary cross-entropy of the heads, and with less weight of the specialties."""
    each = F.binary_cross_entropy_with_logits(logits, labels, reduction="none").mean(0)
    mine, company = each[: len(HEADS)], each[len(HEADS) :]
    return mine.mean() * len(HEADS) + (company.sum() * COMPANY / 4 if len(company) else 0.0)


def fit(
    told: Sequence[Told], labels: Floats, folder: Path, plan: harness.Plan = PLAN, learning: int = LEARNING
) -> Learner:
    """Fit the learning layers; an interrupted fit goes on from `folder`."""
    harness.seed_everything(plan.seed)
    learner = Learner(pretrained(learning, labels.shape[1])[1])
    lesson = Lesson(told, labels, plan)
    run = harness.Fit(learner, plan, folder, loss=loss, slow=learner.upper.layers.parameters())
    run.resume()
    run.run(lesson.batches, lambda _: {"loss": 0.0})
    return learner.eval()


def logits_of(learner: Learner, told: Sequence[Told]) -> Floats:
    """Return log odds of notes before calibration, shape (notes, heads); NaN where a note has no chunk."""
    found = np.full((len(told), len(HEADS)), np.nan)
    usable = sorted((k for k, note in enumerate(told) if note.rows), key=lambda k: len(told[k].rows))
    for start in range(0, len(usable), 16):
        mine = usable[start : start + 16]
        inputs = inputs_of([told[k] for k in mine], [range(len(told[k].rows)) for k in mine])
        with torch.no_grad():
            found[mine] = learner(*inputs)[:, : len(HEADS)].double().numpy()
    return found
