"""Integrated gradients of a factorised model with respect to its gene features, of which motif maxima are sites."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats
from ..factorised.boosted import tree_features
from ..factorised.sample_features import sample_blocks
from .attribution import Explained, along_path, level_shares
from .fitted_model import FROM_MARKS, FittedModel
from .motif_sites import best_sites

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

_SCALAR = "predicted mean of log(1 + TPM), before it is limited to the range of training"
MOTIF_BLOCK = "motif_maxima"
TREES = "boosted trees"


def explain_fitted(model: FittedModel, query: "Dataset", row: int, shuffled: NDArray[Any]) -> Iterator[Explained]:
    """Yield the explanation of a promoter in each context; see `attribution.Explainable`.

    The model is linear in its features and in Gaussian features of them. What boosted trees add is one number: they
    have no gradient, and read no motifs.
    """
    at, fitted = model.at(query, row), model.model
    native = np.asarray(query.onehot[row])
    here = {name: at.feature(name, native[None]).astype(np.float64) for name in model.features}
    there = {
        name: here[name] if name in FROM_MARKS else at.feature(name, shuffled).mean(axis=0, keepdims=True)
        for name in model.features
    }
    blocks = sample_blocks(query, fitted.readable)
    samples = fitted.coefficients.samples(fitted.sample_features(blocks, np.arange(len(query.samples))))
    weight = np.concatenate([np.ones((len(samples), 1)), samples[:, 1:]], axis=1)
    mixing, trees = _tree_parts(model, there, here)
    sites = best_sites(native, model.dataset.pssm)
    for context in range(len(samples)):
        slope = fitted.coefficients.gene_map @ (mixing @ weight[context])
        tree_change = float((trees[1] - trees[0]) @ weight[context])
        path = _Path(model, there, here, slope)
        gradients, before, after = along_path(path.at, path.moved)
        by_block = path.attributions(gradients["linear"])
        constant = float(fitted.coefficients.constant + samples[context, 0])
        of_motifs = by_block.pop(MOTIF_BLOCK, np.zeros(model.dataset.pssm.shape[2]))
        others = {name: float(value.sum()) for name, value in by_block.items() if name not in FROM_MARKS}
        if fitted.trees is not None:
            others[TREES] = tree_change
        yield Explained(
            scalar=_SCALAR,
            before=constant + before + float(trees[0] @ weight[context]),
            after=constant + after + float(trees[1] @ weight[context]),
            motif=sites.motif,
            start=sites.start,
            end=sites.end,
            value=of_motifs[sites.motif],
            names=tuple(model.dataset.motifs.name.tolist()),
            kernels=model.dataset.pssm,
            shares=level_shares(model.dataset, np.asarray(query.regulator_levels[context])),
            others=others,
        )


def _tree_parts(
    model: FittedModel, there: dict[str, Floats], here: dict[str, Floats]
) -> tuple[Floats, tuple[Floats, Floats]]:
    """Return what averaging with the trees leaves of the gene side of the closed form, and what the trees add.

    The average is linear in both: gene side @ the first [1 + k, 1 + k] + the second, at the baseline and the promoter.
    """
    size = model.model.coefficients.gene_map.shape[1]
    trees = model.model.trees
    if trees is None:
        return np.eye(size), (np.zeros(size), np.zeros(size))
    columns = [trees.columns(tree_features(one, np.zeros(1, np.int64))) for one in (there, here)]
    mixing = np.eye(size) + trees.correction(np.eye(size), np.zeros((size, columns[0].shape[1])))
    before, after = (trees.correction(np.zeros((1, size)), one)[0] for one in columns)
    return mixing, (before, after)


class _Path:
    """The straight path from the baseline to the promoter, of all that follows from features but through trees."""

    def __init__(self, model: FittedModel, there: dict[str, Floats], here: dict[str, Floats], slope: Floats) -> None:
        self.maps = model.model.gene_features
        self.offset = float(model.model.coefficients.x_mean @ slope)
        self.change = {name: here[name][0] - there[name][0] for name in self.maps.axes}
        self.start, end = (
            np.concatenate([(one[name][0] - self.maps.means[name]) @ axes for name, axes in self.maps.axes.items()])
            for one in (there, here)
        )
        self.step = end - self.start
        self.linear = slope[: len(self.start)]
        # Weight of the similarity to each landmark.
        self.gaussian = self.maps.whitening @ slope[len(self.start) :] if len(self.maps.landmarks) else np.empty(0)

    def at(self, points: Floats, weights: Floats) -> tuple[dict[str, Floats], Floats]:
        """Return the weighted sum of gradients by the linear features, as `linear`, and what follows from the features.

        Both are those at points on the path [point].
        """
        path, found = self.start + points[:, None] * self.step, weights.sum() * self.linear
        value = path @ self.linear - self.offset
        if len(self.gaussian):
            squares = np.square(path[:, None] - self.maps.landmarks).sum(axis=2)
            near = np.exp(-squares / self.maps.width) * self.gaussian
            value = value + near.sum(axis=1)
            slopes = near * (-2 / self.maps.width * weights[:, None])
            found = found + slopes.sum(axis=1) @ path - slopes.sum(axis=0) @ self.maps.landmarks
        return {"linear": found}, value

    def moved(self, gradients: dict[str, Floats]) -> float:
        """Return by how much the prediction changes with these gradients."""
        return float(gradients["linear"] @ self.step)

    def attributions(self, gradient: Floats) -> dict[str, Floats]:
        """Return the attribution of each column of each block of features."""
        found, first = {}, 0
        for name, axes in self.maps.axes.items():
            found[name] = self.change[name] * (axes @ gradient[first : first + axes.shape[1]])
            first += axes.shape[1]
        return found
