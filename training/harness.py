"""A training run that can be interrupted: seeded, with checkpoints, progress and TensorBoard."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

Batch = tuple[tuple[Tensor, ...], Tensor]
"""Inputs in the network's order, labels as the loss takes them."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""What the network says, and the labels, to one number."""


class Plan(msgspec.Struct, frozen=True):
    """How one network is fitted; a checkpoint of another plan is refused."""

    seed: int = 20120
    epochs: int = 60
    patience: int = 15
    """Epochs without a lower validation loss after which the fit ends."""
    batch: int = 128
    rate: float = 2e-3
    weight_decay: float = 1e-3
    keep_last: bool = False
    """Keep the weights of the last epoch, not those of least validation loss, which is then shown and not used."""
    averaging: float = 0.99
    """Per step: share that the averaged weights keep; the average is what is validated and exported."""
    slow_rate: float = 1.0
    """Share of the rate at which weights that were learned elsewhere are changed."""


def seed_everything(seed: int) -> None:
    """Seed Python's, numpy's and torch's generators."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Fit:
    """One fit of one network, with everything that a checkpoint must hold."""

    def __init__(
        self,
        network: nn.Module,
        plan: Plan,
        folder: Path,
        *,
        loss: Loss = nn.functional.binary_cross_entropy_with_logits,
        slow: Iterable[nn.Parameter] = (),
    ) -> None:
        self.network, self.plan, self.folder, self.loss = network, plan, folder, loss
        self.averaged = copy.deepcopy(network).requires_grad_(False)
        self.optimiser = torch.optim.AdamW(_rated(network, plan, slow), plan.rate, weight_decay=plan.weight_decay)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, plan.epochs)
        self.epoch, self.best_epoch, self.best = 0, 0, float("inf")
        self.best_weights = copy.deepcopy(network.state_dict())
        folder.mkdir(parents=True, exist_ok=True)
        self.checkpoint = folder / "checkpoint.pt"

    def resume(self) -> bool:
        """Take up the folder's checkpoint where there is one of the same plan; say whether it did."""
        if not self.checkpoint.exists():
            return False
        state = torch.load(self.checkpoint, weights_only=False)
        if state["plan"] != msgspec.to_builtins(self.plan):
            raise SystemExit(f"{self.checkpoint} is of another plan; remove it or start with --fresh")
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.epoch, self.best_epoch, self.best = state["epoch"], state["best_epoch"], state["best"]
        self.best_weights = state["best_weights"]
        torch.set_rng_state(state["random"])
        return True

    def save(self) -> None:
        """Write the checkpoint so that a kill in between leaves the older one."""
        state: dict[str, Any] = {
            "plan": msgspec.to_builtins(self.plan),
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best": self.best,
            "best_weights": self.best_weights,
            "random": torch.get_rng_state(),
        }
        draft = self.checkpoint.with_suffix(".tmp")
        torch.save(state, draft)
        draft.replace(self.checkpoint)

    @property
    def ended(self) -> bool:
        """Whether the plan's epochs or its patience are used up."""
        return self.epoch >= self.plan.epochs or self.epoch - self.best_epoch >= self.plan.patience

    def run(
        self,
        batches: Callable[[int], Iterable[Batch]],
        validate: Callable[[nn.Module], dict[str, float]],
    ) -> None:
        """Fit until `ended` and leave the network with the averaged weights of least validation ``loss``.

        Parameters
        ----------
        batches
            Epoch to its batches; must depend on the epoch alone, so that a resumed run sees the same.
        validate
            Network in evaluation mode to its figures, among them ``loss``.
        """
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, TimeRemainingColumn()) as bar, SummaryWriter(str(self.folder)) as board:
            task = bar.add_task("training", total=self.plan.epochs, completed=self.epoch)
            while not self.ended:
                figures = {"train": self._train(batches(self.epoch)), **validate(self.averaged.eval())}
                self._keep_best(figures["loss"])
                self.epoch += 1
                self.schedule.step()
                self.save()
                for name, value in figures.items():
                    board.add_scalar(name, value, self.epoch)
                bar.update(task, advance=1, description=f"loss {figures['loss']:.4f} best {self.best:.4f}")
        self.network.load_state_dict(self.best_weights)
        self.network.eval()

    def _train(self, batches: Iterable[Batch]) -> float:
        self.network.train()
        losses = [self._step(inputs, labels) for inputs, labels in batches]
        return float(np.mean(losses))

    def _step(self, inputs: tuple[Tensor, ...], labels: Tensor) -> float:
        self.optimiser.zero_grad()
        loss = self.loss(self.network(*inputs), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        keep = self.plan.averaging
        for mean, new in zip(self.averaged.parameters(), self.network.parameters(), strict=True):
            mean.mul_(keep).add_(new.detach(), alpha=1 - keep)
        for kept, found in zip(self.averaged.buffers(), self.network.buffers(), strict=True):
            kept.copy_(found)  # running figures of a normalisation are averages already
        return float(loss.detach())

    def _keep_best(self, loss: float) -> None:
        if self.plan.keep_last or loss < self.best:
            self.best, self.best_epoch = loss, self.epoch + 1
            self.best_weights = copy.deepcopy(self.averaged.state_dict())


def _rated(network: nn.Module, plan: Plan, slow: Iterable[nn.Parameter]) -> list[dict[str, Any]]:
    """Return the optimiser's groups: the weights that learn at the plan's rate, and those that learn slowly."""
    apart = {id(p) for p in slow}
    groups = [([p for p in network.parameters() if (id(p) in apart) == there], there) for there in (False, True)]
    return [{"params": ps, "lr": plan.rate * (plan.slow_rate if there else 1.0)} for ps, there in groups if ps]
