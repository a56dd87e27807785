"""Trees inside the network answer as the boosted model that was fitted, in torch and in onnxruntime."""

import numpy as np
import onnxruntime
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingClassifier

from training.deterioration_gru.trees import Trees
from training.network_file import OPSET, TREES


@pytest.fixture
def figures():
    return np.random.default_rng(0).normal(size=(400, 9)).astype(np.float32)


@pytest.fixture
def model(figures):
    """Fitted on the last seven figures."""
    labels = figures[:, 2] + figures[:, 3] * figures[:, 4] > 0.5
    return HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=7).fit(figures[:, 2:], labels)


@pytest.fixture
def trees(model):
    return Trees(model, np.arange(2, 9)).eval()


def test_they_answer_as_the_model_that_was_fitted(figures, model, trees):
    answer = trees(torch.from_numpy(figures))
    assert answer.shape == (400, 1)
    np.testing.assert_allclose(answer[:, 0], model.decision_function(figures[:, 2:]), atol=1e-5)


def test_a_figure_at_the_threshold_goes_left(model, trees):
    node = int((trees.left != torch.arange(len(trees.left))).nonzero()[0])
    at, over = torch.zeros(1, 9), torch.zeros(1, 9)
    at[0, trees.feature[node]] = trees.threshold[node]
    over[0, trees.feature[node]] = trees.threshold[node] + 1e-3
    expected = model.decision_function(torch.cat([at, over])[:, 2:].numpy())
    np.testing.assert_allclose(trees(torch.cat([at, over]))[:, 0], expected, atol=1e-5)


def test_they_are_exported_as_one_operator_that_answers_alike(figures, trees, tmp_path):
    path = tmp_path / "trees.onnx"
    torch.onnx.export(
        trees,
        (torch.zeros(2, 9),),
        path,
        dynamo=False,
        opset_version=OPSET,
        input_names=["figures"],
        dynamic_axes={"figures": {0: "batch"}},
        custom_opsets=TREES,
    )
    (answer,) = onnxruntime.InferenceSession(path).run(None, {"figures": figures})
    np.testing.assert_allclose(answer, trees(torch.from_numpy(figures)), atol=1e-6)
