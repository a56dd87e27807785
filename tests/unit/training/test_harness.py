"""An interrupted training run ends as an undisturbed one."""

import pytest
import torch
from torch import nn

from training.harness import Fit, Plan, seed_everything

PLAN = Plan(seed=3, epochs=4, batch=4, rate=0.05)


def network():
    return nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Dropout(0.2), nn.Linear(4, 1))


def batches(epoch):
    points = torch.Generator().manual_seed(epoch)
    for _ in range(3):
        x = torch.randn(4, 2, generator=points)
        yield (x,), (x[:, :1] > 0).float()


def validate(net):
    x = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    with torch.no_grad():
        loss = nn.functional.binary_cross_entropy_with_logits(net(x), torch.tensor([[1.0], [0.0]]))
    return {"loss": float(loss)}


class Killed(Exception):
    pass


def fit(folder):
    seed_everything(PLAN.seed)
    return Fit(network(), PLAN, folder)


def test_a_killed_run_goes_on_and_ends_alike(tmp_path):
    whole = fit(tmp_path / "whole")
    whole.run(batches, validate)

    def killed(epoch):
        if epoch == 2:
            raise Killed
        return batches(epoch)

    with pytest.raises(Killed):
        fit(tmp_path / "torn").run(killed, validate)
    torn = Fit(network(), PLAN, tmp_path / "torn")
    assert torn.resume()
    assert torn.epoch == 2
    torn.run(batches, validate)
    for one, two in zip(whole.network.parameters(), torn.network.parameters(), strict=True):
        assert torch.equal(one, two)


def test_a_run_without_a_checkpoint_starts_anew(tmp_path):
    assert not fit(tmp_path).resume()


def test_a_checkpoint_of_another_plan_is_refused(tmp_path):
    fit(tmp_path).save()
    with pytest.raises(SystemExit, match="another plan"):
        Fit(network(), Plan(epochs=9), tmp_path).resume()


def test_training_lowers_the_loss(tmp_path):
    run = fit(tmp_path)
    before = validate(run.network.eval())["loss"]
    run.run(batches, validate)
    assert validate(run.network)["loss"] < before


def test_a_fit_that_no_longer_gets_better_ends(tmp_path):
    seed_everything(PLAN.seed)
    run = Fit(network(), Plan(epochs=50, patience=3), tmp_path)
    losses = iter([0.5, 0.4, 0.6, 0.6, 0.6, 0.1])
    run.run(batches, lambda _: {"loss": next(losses)})
    assert (run.epoch, run.best_epoch, run.best) == (5, 2, 0.4)
