"""Boosted trees for the gene part and the first components of the gene vectors."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..base.types import Bools, Floats, Ints
from ..baselines.trees import early_stopped
from .tree_arrays import TreeArrays

_TREE_SETTINGS = {
    "learning_rate": 0.04,
    "max_leaf_nodes": 6,
    "max_features": 0.2,
    "min_samples_leaf": 15,
    "l2_regularization": 1.0,
}
TREE_BLOCKS = ("smooth_marks", "histone_means", "body_marks", "wide_composition", "composition")
"""Blocks of gene features that trees read, where they are there. More of them made the trees worse with few genes."""
COMPONENTS = 8
"""Components of the gene vectors that trees predict; the others stay with the ridge."""
_MOST_ITERATIONS, _PATIENCE = 400, 15
SHARES = (0.0, 0.2, 0.4)
"""Weights of the trees to choose from; no larger ones, because the fold that chooses also stops the trees."""


@dataclass(frozen=True)
class GeneTrees:
    """Boosted trees that are averaged with the gene side of the closed form.

    Attributes
    ----------
    models
        Trees for the gene part, then for each component.
    rotation
        Components of the gene vectors [k, component].
    shares
        Weight of the trees in the gene part and in the gene vectors.
    """

    models: tuple[TreeArrays, ...]
    rotation: Floats
    shares: tuple[float, float]

    def columns(self, x: Floats) -> Floats:
        """Return gene part and components of the gene vector [gene, 1 + component] from gene features."""
        return np.stack([model.predict(x) for model in self.models], axis=1)

    def correction(self, ridge: Floats, columns: Floats) -> Floats:
        """Return what averaging adds to the ridge's gene side [gene, 1 + k].

        Only the components that trees predict are averaged.

        Parameters
        ----------
        ridge
            Gene side of the closed form [gene, 1 + k].
        columns
            Gene part and components by trees [gene, 1 + component].
        """
        part = self.shares[0] * (columns[:, :1] - ridge[:, :1])
        vectors = self.shares[1] * (columns[:, 1:] - ridge[:, 1:] @ self.rotation) @ self.rotation.T
        return np.concatenate([part, vectors], axis=1)

    def averaged(self, ridge: Floats, x: Floats) -> Floats:
        """Return the average of the ridge's gene side [gene, 1 + k] and the trees'."""
        return np.asarray(ridge + self.correction(ridge, self.columns(x)))

    @classmethod
    def fit(
        cls, x: Floats, targets: Floats, aside: Bools, ridge_aside: Floats, sample_side: Floats, seed: int
    ) -> tuple[Self, Floats]:
        """Fit the trees, and choose their weights and numbers of iterations on an inner fold.

        Parameters
        ----------
        x, targets
            Features [gene, feature] and gene side without shrinkage [gene, 1 + k] of the training genes.
        aside
            Genes of the inner fold [gene].
        ridge_aside
            Gene side of these genes [gene aside, 1 + k] from a ridge that was not fitted to them.
        sample_side
            Sample vectors of the training samples [sample, k]: they weigh the error of the gene vectors.
        seed
            Seed of the trees.

        Returns
        -------
        tuple
            The trees, and their `columns` of the genes aside [gene aside, 1 + component] when not fitted to them.
        """
        from sklearn.ensemble import HistGradientBoostingRegressor

        gram = sample_side.T @ sample_side
        rotation = _components(targets[:, 1:], gram)
        columns = np.concatenate([targets[:, :1], targets[:, 1:] @ rotation], axis=1)
        stopped, iterations = [], []
        for column in columns.T:
            settings = {**_TREE_SETTINGS, "random_state": seed}
            model, best = early_stopped(x, column, aside, settings, most=_MOST_ITERATIONS, patience=_PATIENCE)
            best = max(best, 1)
            iterations.append(best)
            stopped.append(next(islice(model.staged_predict(x[aside]), best - 1, None)))
        shares = _shares(np.stack(stopped, axis=1), ridge_aside, targets[aside], rotation, gram)
        models = tuple(
            TreeArrays.of(
                HistGradientBoostingRegressor(
                    **_TREE_SETTINGS, max_iter=count, early_stopping=False, random_state=seed
                ).fit(x, column)
            )
            for count, column in zip(iterations, columns.T, strict=True)
        )
        return cls(models, rotation, shares), np.stack(stopped, axis=1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the trees as named arrays, for `from_arrays`."""
        found: dict[str, NDArray[Any]] = {"rotation": self.rotation, "shares": np.array(self.shares)}
        for number, model in enumerate(self.models):
            found |= {f"{number}.{name}": array for name, array in model.arrays().items()}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Build the trees from `arrays`."""

        def model(number: int) -> TreeArrays:
            prefix = f"{number}."
            return TreeArrays.from_arrays(
                {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
            )

        first, second = arrays["shares"].tolist()
        count = 1 + arrays["rotation"].shape[1]
        return cls(tuple(model(number) for number in range(count)), arrays["rotation"], (first, second))


def tree_features(features: Mapping[str, NDArray[Any]], genes: Ints) -> Floats:
    """Return the features of genes that trees read [gene, feature]."""
    blocks = [features[name][genes] for name in TREE_BLOCKS if name in features]
    return np.concatenate(blocks, axis=1, dtype=np.float64)


def _components(vectors: Floats, gram: Floats) -> Floats:
    """Return the orthonormal directions [k, component] of the vectors [gene, k] with the most variance of products."""
    if not gram.any():
        # Nothing tells the samples apart.
        return np.empty((len(gram), 0))
    root = np.linalg.cholesky(gram + 1e-9 * np.trace(gram) / len(gram) * np.eye(len(gram)))
    axes = np.linalg.svd(vectors @ root, full_matrices=False)[2][:COMPONENTS]
    return np.linalg.qr(root @ axes.T)[0]


def _shares(trees: Floats, ridge: Floats, targets: Floats, rotation: Floats, gram: Floats) -> tuple[float, float]:
    """Return the weights of the trees with the smallest squared error, for the gene part and for the gene vectors."""
    part = min(SHARES, key=lambda share: np.square(targets[:, 0] - _mix(ridge[:, 0], trees[:, 0], share)).sum())
    inner = rotation.T @ gram @ rotation
    of_ridge, of_target = ridge[:, 1:] @ rotation, targets[:, 1:] @ rotation

    def error(share: float) -> float:
        residual = of_target - _mix(of_ridge, trees[:, 1:], share)
        return float(np.sum((residual @ inner) * residual))

    return part, min(SHARES, key=error)


def _mix(ridge: Floats, trees: Floats, share: float) -> Floats:
    return np.asarray(ridge + share * (trees - ridge))
