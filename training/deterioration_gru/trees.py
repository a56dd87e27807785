"""Boosted trees inside the network: grown by scikit-learn, asked by torch, exported as one ONNX operator."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn

from training.network_file import TREES


class Trees(nn.Module):
    """One boosted model; where a node's figure is at or below its threshold the way goes left."""

    feature: Tensor
    threshold: Tensor
    left: Tensor
    right: Tensor
    value: Tensor
    roots: Tensor

    def __init__(self, model: HistGradientBoostingClassifier, columns: NDArray[np.int64]) -> None:
        """Take a fitted model and which of the figures that are given here it was fitted on."""
        super().__init__()
        grown = [tree.nodes for (tree,) in model._predictors]
        starts = np.cumsum([0, *(len(nodes) for nodes in grown)])[:-1]
        parts = [_nodes(nodes, columns, int(start)) for nodes, start in zip(grown, starts, strict=True)]
        table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} | {"roots": starts}
        for name, column in table.items():
            self.register_buffer(name, torch.from_numpy(column))
        self.start = float(model._baseline_prediction.item())
        self.depth = max(int(nodes["depth"].max()) for nodes in grown)
        self.attributes = _attributes(table, self.start)

    def forward(self, figures: Tensor) -> Tensor:
        """Return logits of shape (batch, 1) from (batch, figures)."""
        if torch.onnx.is_in_onnx_export():
            written: Tensor = _Operator.apply(figures, self.attributes)  # type: ignore[no-untyped-call]
            return written
        at = self.roots.expand(len(figures), -1)
        for _ in range(self.depth):
            goes_left = figures.gather(1, self.feature[at]) <= self.threshold[at]
            at = torch.where(goes_left, self.left[at], self.right[at])
        return self.value[at].sum(1, keepdim=True) + self.start


def _nodes(nodes: NDArray[Any], columns: NDArray[np.int64], start: int) -> dict[str, NDArray[Any]]:
    """Return one tree's nodes, counted from `start`; a leaf leads to itself."""
    leaf, here = nodes["is_leaf"].astype(bool), start + np.arange(len(nodes))
    return {
        "feature": np.where(leaf, 0, columns[np.where(leaf, 0, nodes["feature_idx"])]),
        "threshold": np.where(leaf, 0, nodes["num_threshold"]).astype(np.float32),
        "left": np.where(leaf, here, start + nodes["left"].astype(np.int64)),
        "right": np.where(leaf, here, start + nodes["right"].astype(np.int64)),
        "value": np.where(leaf, nodes["value"], 0).astype(np.float32),
    }


def _attributes(table: dict[str, NDArray[Any]], start: float) -> dict[str, Any]:
    """Return the operator's attributes; it counts nodes within their tree."""
    here = np.arange(len(table["value"]))
    tree = np.searchsorted(table["roots"], here, side="right") - 1
    first, leaf = table["roots"][tree], table["left"] == here
    return {
        "n_targets_i": 1,
        "base_values_f": [start],
        "nodes_treeids_i": tree.tolist(),
        "nodes_nodeids_i": (here - first).tolist(),
        "nodes_featureids_i": table["feature"].tolist(),
        "nodes_values_f": table["threshold"].tolist(),
        "nodes_modes_s": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_truenodeids_i": np.where(leaf, 0, table["left"] - first).tolist(),
        "nodes_falsenodeids_i": np.where(leaf, 0, table["right"] - first).tolist(),
        "target_treeids_i": tree[leaf].tolist(),
        "target_nodeids_i": (here - first)[leaf].tolist(),
        "target_ids_i": [0] * int(leaf.sum()),
        "target_weights_f": table["value"][leaf].tolist(),
    }


class _Operator(torch.autograd.Function):
    """Stands for the trees while exporting."""

    @staticmethod
    def forward(_: Any, figures: Tensor, __: dict[str, Any]) -> Tensor:
        """Return a tensor of the right shape."""
        return figures[:, :1] * 0

    @staticmethod
    def symbolic(graph: Any, figures: Any, attributes: dict[str, Any]) -> Any:
        """Write the operator."""
        (domain,) = TREES
        answer = graph.op(f"{domain}::TreeEnsembleRegressor", figures, **attributes)
        return answer.setType(figures.type().with_sizes([None, 1]))
