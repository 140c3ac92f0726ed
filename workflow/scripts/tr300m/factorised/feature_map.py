"""From blocks of features to one matrix: blocks are scaled, wide ones reduced, and Gaussian features added."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from ..base.errors import TR300MError
from ..base.types import Floats, Ints

MOST_COMPONENTS = 300
"""Most columns of a block; wider blocks are projected on their first principal components."""
_SMALLEST_SHARE = 1e-12
"""Of the largest variance of a component: components with less are rounding."""
_SMALLEST_VARIANCE = 1e-24
"""Of a block's mean square: less is what rounding leaves of a constant block, and would be amplified to its weight."""


@dataclass(frozen=True)
class FeatureMap:
    """A linear map of each block of features, and Gaussian features of all blocks together.

    A block is centred, divided by its root mean square and scaled so that the squared norm of a row is the block's
    weight on average. Columns are not scaled one by one: columns that are nearly constant would be amplified to the
    size of the informative ones. The Gaussian features are those of Nystroem (Williams and Seeger 2001): their products
    approximate ``exp(-d^2 / median d^2)``, exactly so at the landmarks.

    Attributes
    ----------
    means, axes
        Mean [column] and projection [column, component] of each block, by name.
    landmarks
        Rows of the linear features [landmark, component]; there are none if Gaussian features are not wanted.
    width
        Median squared distance of the landmarks.
    whitening
        Map from similarities to the landmarks to Gaussian features [landmark, feature].
    """

    means: Mapping[str, Floats]
    axes: Mapping[str, Floats]
    landmarks: Floats
    width: float
    whitening: Floats

    @classmethod
    def fit(
        cls,
        blocks: Mapping[str, NDArray[Any]],
        rows: Ints,
        weights: Mapping[str, float],
        *,
        landmarks: int = 0,
        gaussian_weight: float = 0.0,
        seed: int = 0,
    ) -> Self:
        """Fit the map to some rows.

        Parameters
        ----------
        blocks
            Features [row, column] by name. A block without variance gives no features.
        rows
            Rows to fit to.
        weights
            Weight of each block.
        landmarks
            Number of rows to draw as landmarks.
        gaussian_weight
            Weight of the Gaussian features.
        seed
            Seed of the draw.
        """
        means, axes = {}, {}
        for name, block in blocks.items():
            x = np.take(block, rows, axis=0).astype(np.float64)
            means[name], size = x.mean(axis=0), float(np.vdot(x, x))
            x -= means[name]
            axes[name] = _scaled_axes(x, weights[name], _SMALLEST_VARIANCE * size)
        linear = cls(means, axes, np.empty((0, 0)), 1.0, np.empty((0, 0)))
        if not landmarks:
            return linear
        drawn = np.sort(np.random.default_rng(seed).choice(rows, min(landmarks, len(rows)), replace=False))
        points = linear(blocks, drawn)
        squares = _squared_distances(points, points)
        width = float(np.median(squares[~np.eye(len(points), dtype=bool)])) if len(points) > 1 else 1.0
        width = width or 1.0
        values, vectors = np.linalg.eigh(np.exp(-squares / width))
        kept = values > 1e-8 * values[-1]
        whitening = vectors[:, kept] * np.sqrt(gaussian_weight / values[kept])
        return cls(means, axes, points, width, whitening)

    def __call__(self, blocks: Mapping[str, NDArray[Any]], rows: Ints) -> Floats:
        """Return the features of rows [row, feature], float64.

        Raises
        ------
        TR300MError
            If a block is missing or has other columns than the one of the fit.
        """
        for name, mean in self.means.items():
            columns = blocks[name].shape[1] if name in blocks else 0
            if columns != len(mean):
                raise TR300MError(
                    f"the model was fitted to {len(mean):,} features {name}, given are {columns:,}",
                    "give it the features of a dataset that was built like that of the training",
                )
        linear = np.concatenate(
            [(np.take(blocks[name], rows, axis=0) - self.means[name]) @ axes for name, axes in self.axes.items()],
            axis=1,
        )
        if not len(self.landmarks):
            return np.asarray(linear)
        near = np.exp(-_squared_distances(linear, self.landmarks) / self.width)
        return np.concatenate([linear, near @ self.whitening], axis=1)

    @property
    def linear_columns(self) -> int:
        """Number of features that are linear in the blocks; the Gaussian ones follow them."""
        return sum(axes.shape[1] for axes in self.axes.values())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the map as named arrays, for `from_arrays`."""
        found: dict[str, NDArray[Any]] = {
            "landmarks": self.landmarks,
            "width": np.array(self.width),
            "whitening": self.whitening,
        }
        found |= {f"mean.{name}": mean for name, mean in self.means.items()}
        return found | {f"axes.{name}": axes for name, axes in self.axes.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Build the map from `arrays`."""

        def named(prefix: str) -> dict[str, Floats]:
            return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}

        return cls(named("mean."), named("axes."), arrays["landmarks"], float(arrays["width"]), arrays["whitening"])


def _scaled_axes(centred: Floats, weight: float, least: float) -> Floats:
    """Return the projection [column, component] of a centred block: all columns, or its first principal components.

    There are no components if the sum of squares is at most `least`.
    """
    columns = centred.shape[1]
    squares = float(np.vdot(centred, centred))
    if squares <= least:
        return np.empty((columns, 0))
    scale = np.sqrt(weight * len(centred) / squares)
    if columns <= MOST_COMPONENTS:
        return np.eye(columns) * scale
    # The smaller of the two products has the same eigenvalues, but for zeros.
    few_rows = len(centred) < columns
    gram = centred @ centred.T if few_rows else centred.T @ centred
    values, vectors = eigh(gram, subset_by_index=[max(len(gram) - MOST_COMPONENTS, 0), len(gram) - 1])
    kept = values > _SMALLEST_SHARE * values[-1]
    vectors = vectors[:, kept]
    if few_rows:
        vectors = centred.T @ (vectors / np.sqrt(values[kept]))
    return np.asarray(vectors[:, ::-1] * scale)


def _squared_distances(x: Floats, y: Floats) -> Floats:
    """Return the squared distances [row of x, row of y], at least 0."""
    squares = np.square(x).sum(axis=1)[:, None] + np.square(y).sum(axis=1) - 2 * x @ y.T
    return np.asarray(np.maximum(squares, 0.0))
