"""Fitted boosted trees as plain arrays, which predict without scikit-learn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats, Ints

_NODE_FIELDS = {
    "value": "value",
    "feature": "feature_idx",
    "threshold": "num_threshold",
    "left": "left",
    "right": "right",
    "leaf": "is_leaf",
}
"""Attributes of `TreeArrays` and the fields of scikit-learn's nodes that they come from."""


@dataclass(frozen=True)
class TreeArrays:
    """Boosted regression trees. The bytes of these arrays follow from the fit alone, unlike those of skops or pickle.

    The features have no missing values and no categories, so a node only compares one feature with a threshold.

    Attributes
    ----------
    baseline
        What the sum of the trees is added to.
    roots
        Root of each tree [tree]; its nodes follow it.
    value
        Prediction of each leaf [node].
    feature, threshold
        A row goes left where this feature is at most the threshold [node].
    left, right
        Children of each node, counted from its root [node].
    leaf
        Whether the node is a leaf [node].
    """

    baseline: float
    roots: Ints
    value: Floats
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    leaf: NDArray[np.bool_]

    @classmethod
    def of(cls, model: Any) -> Self:
        """Take the trees out of a fitted `HistGradientBoostingRegressor` of one output and numerical features."""
        trees = [predictor.nodes for (predictor,) in model._predictors]
        ends = np.cumsum([len(nodes) for nodes in trees])
        nodes = {name: np.concatenate([tree[field] for tree in trees]) for name, field in _NODE_FIELDS.items()}
        return cls(
            float(model._baseline_prediction.item()),
            np.concatenate([[0], ends[:-1]]).astype(np.int64),
            nodes["value"],
            nodes["feature"].astype(np.int64),
            nodes["threshold"],
            nodes["left"].astype(np.int64),
            nodes["right"].astype(np.int64),
            nodes["leaf"].astype(np.bool_),
        )

    def predict(self, x: Floats) -> Floats:
        """Return the predictions [row] of features [row, feature]: those of scikit-learn, bit for bit."""
        total, rows = np.full(len(x), self.baseline), np.arange(len(x))
        for root in self.roots:
            at = np.full(len(x), root)
            while (inner := ~self.leaf[at]).any():
                left = x[rows, self.feature[at]] <= self.threshold[at]
                at = np.where(inner, root + np.where(left, self.left[at], self.right[at]), at)
            total += self.value[at]
        return total

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the attributes as named arrays, for `from_arrays`."""
        return {name: np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Build the trees from `arrays`."""
        named: dict[str, Any] = {**arrays, "baseline": float(arrays["baseline"])}
        return cls(**named)
