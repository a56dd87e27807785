"""What the experts read sums up the hours rightly, and no expert or teacher sees what it must not."""

from pathlib import Path

import numpy as np
import pytest
import torch

from streams.inference.manifest import load
from training.deterioration_gru.crossed import teacher_columns
from training.deterioration_gru.fitting import Rows
from training.deterioration_gru.network import HEADS, DeteriorationGru
from training.deterioration_gru.refitted import boosting, scored
from training.deterioration_gru.summaries import BLOCKS, EVER, SINCE
from training.deterioration_gru.teachers import EVERY, Teachers
from training.deterioration_gru.views import Features

SPEC = load(Path(__file__).parents[3] / "model_repo", "deterioration_gru")
WIDTH = len(SPEC.inputs)
HR, BLIND, LACTATE = 0, next(k for k, i in enumerate(SPEC.inputs) if not i.timing), 12


def hours(*measured, column=HR):
    """Return (values, hours_since, statics) of one input measured at (hours ago, value), carried forward."""
    values, since = np.zeros((1, 48, WIDTH), np.float32), np.full((1, 48, WIDTH), -1, np.float32)
    told = dict(measured)
    carried, age = 0.0, -1
    for bin_ in range(48):
        ago = 47 - bin_
        carried, age = (told[ago], 0) if ago in told else (carried, age + 1 if age >= 0 else -1)
        values[0, bin_, column], since[0, bin_, column] = carried, age
    return tuple(map(torch.from_numpy, (values, since, np.zeros((1, 4), np.float32))))


def blocks(batch, column=HR):
    summary, _ = DeteriorationGru(SPEC, hidden=12, dropout=0.0).features(*batch)
    return summary[0, : BLOCKS * WIDTH].reshape(BLOCKS, WIDTH)[:, column].tolist()


def test_the_whole_window_the_last_day_and_the_last_eight_hours_are_summed_up():
    found = blocks(hours((40, 4.0), (20, 1.0), (3, 3.0), (2, 2.0)))
    assert found[:3] == pytest.approx([2.5, 1.0, 4.0])
    assert found[3] == pytest.approx(np.log1p(4) / 2)
    assert found[4] == pytest.approx(np.std([4, 1, 3, 2]), abs=1e-5)
    assert found[5:8] == pytest.approx([2.0, 1.0, 3.0])
    assert found[9:12] == pytest.approx([2.5, 2.0, 3.0])
    assert found[13:16] == pytest.approx([2.0, 4.0, -2.0])
    assert (found[SINCE], found[EVER]) == (pytest.approx(np.log1p(2) / 3), 1.0)


def test_a_window_without_a_measurement_holds_the_carried_value_and_says_none_was_made():
    found = blocks(hours((30, 1.5)))
    assert found[9:13] == pytest.approx([1.5, 1.5, 1.5, 0.0])


def test_what_was_never_measured_is_nothing_but_unknown():
    found = blocks(hours((3, 1.0)), column=HR + 1)
    assert [k for k, figure in enumerate(found) if figure] == [SINCE]


def test_of_an_input_without_timing_neither_number_nor_age_is_told(network):
    once, often = hours((3, 1.0), column=BLIND), hours((3, 1.0), (2, 1.0), (0, 1.0), column=BLIND)
    assert blocks(once, BLIND) == pytest.approx(blocks(often, BLIND))
    assert torch.allclose(network(*once), network(*often))


def silent(net, batch, *parts):
    """Tell whether the answer stays as it is when `parts` of the network change their minds."""
    before = net(*batch)
    with torch.no_grad():
        for part in parts:
            part.add_(3.0)
    return torch.equal(net(*batch), before)


def test_without_laboratory_values_their_experts_and_trees_have_no_say(network):
    batch = hours((3, 1.0), (0, 2.0))
    assert silent(network, batch, network.experts.cut.bias, *(t.value for t in network.trees[:4]))
    assert not silent(network, batch, network.experts.vital_cut.bias)


def test_a_few_laboratory_values_bring_the_experts_of_all_inputs_in_by_and_by(network):
    batch = hours((3, 1.0), column=LACTATE)
    assert not silent(network, batch, network.experts.cut.bias)
    assert not silent(network, batch, network.experts.vital_cut.bias)


@pytest.mark.parametrize(("known", "heard"), [(3, {4}), (6, {4}), (9, {4, 5}), (12, {5}), (30, {6, 7}), (48, {7})])
def test_trees_speak_near_the_hour_that_they_were_grown_at(known, heard, network):
    batch = hours(*((ago, 1.0) for ago in range(known)))
    assert {k for k in range(8) if not silent(network, batch, network.trees[k].value)} == heard


def test_while_training_every_head_answers_for_itself(network):
    batch = hours((3, 1.0))
    assert network.experts.train()(*network.features(*batch)).shape == (1, 3 * HEADS)


def test_the_answer_is_the_voices_by_their_shares(network):
    batch = hours((3, 1.0))
    shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    network.weigh(shares)
    voices = network.voices(*network.features(*batch))[0].tolist()
    assert network(*batch).item() == pytest.approx(np.dot(voices, shares), abs=1e-5)


def test_blanking_an_input_equals_never_having_measured_it(network):
    both = [torch.cat([a, b]) for a, b in zip(hours((6, 1.0)), hours((6, 1.0)), strict=True)]
    lactate = hours((5, 2.0), column=LACTATE)
    both[0][1, :, LACTATE], both[1][1, :, LACTATE] = lactate[0][0, :, LACTATE], lactate[1][0, :, LACTATE]
    summary, steps = network.features(*both)
    targets = {name: np.zeros((1, 2), np.float32) for name in ("all", "vitals")}
    ten = Features(*(np.repeat(part.numpy()[None], 10, 0) for part in (summary, steps)))
    rows = Rows(ten, np.zeros(2), targets, SPEC)
    gone = torch.zeros(2, WIDTH, dtype=torch.bool)
    gone[1, LACTATE] = True
    blanked, course = rows._blanked(summary, steps, gone)
    assert torch.allclose(blanked[0], blanked[1], atol=1e-6)
    assert torch.allclose(course[0], course[1], atol=1e-6)


def test_teachers_of_vital_signs_read_no_laboratory_value():
    columns = teacher_columns(SPEC)["vitals"]
    named = {SPEC.inputs[c % WIDTH].group for c in columns if c < BLOCKS * WIDTH}
    assert named == {"vital"}


def test_a_stay_is_taught_only_by_models_that_saw_neither_it_nor_the_judged_fold(tmp_path, monkeypatch):
    folds = np.repeat(np.arange(5), 4)
    summary = np.zeros((len(EVERY), len(folds), 3), np.float16)
    seen = []

    class Model:
        def decision_function(self, figures):
            return np.zeros(len(figures))

    def fitted(self, name, rows, seed):
        seen.append(set(folds[rows].tolist()))
        return Model()

    monkeypatch.setattr(Teachers, "_fitted", fitted)
    teachers = Teachers(Features(summary, summary), {"all": np.arange(3)}, np.zeros(20), tmp_path)
    targets = teachers.targets(folds, folds != 2, 2)["all"]
    assert seen == [{1, 3, 4}, {0, 3, 4}, {0, 1, 4}, {0, 1, 3}]
    assert np.isnan(targets[:, folds == 2]).all()
    assert np.isfinite(targets[:, folds != 2]).all()


def test_a_baseline_never_answers_for_a_stay_that_it_was_fitted_on():
    """Labels at random cannot be told; a model that had seen them would."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 400).astype(float)
    figures, folds = random.normal(size=(400, 6)), random.integers(0, 5, 400)
    answer = boosting("6h/vitals", figures, labels, folds)
    assert abs(answer[labels == 1].mean() - answer[labels == 0].mean()) < 0.1


def test_a_missing_point_score_counts_as_the_median():
    points, labels = np.array([1.0, np.nan, 9.0, 5.0] * 10), np.array([0.0, 0.0, 1.0, 1.0] * 10)
    answer = scored(points, labels, np.arange(40) // 8)
    assert answer[1] == answer[3]
