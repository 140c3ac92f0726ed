"""Integrated gradients of a factorised model with respect to its gene features, of which motif maxima are sites."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats
from ..factorised.boosted import tree_features
from ..factorised.own_levels import MOTIFS, occupancies
from ..factorised.sample_features import sample_blocks
from ..factorised.towers import Layers
from .attribution import Explained, along_path, level_shares
from .fitted_model import FROM_MARKS, FittedModel
from .motif_sites import best_sites

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

_SCALAR = "predicted mean of log(1 + TPM), before it is limited to the range of training"
TREES = "boosted trees"


def explain_fitted(model: FittedModel, query: "Dataset", row: int, shuffled: NDArray[Any]) -> Iterator[Explained]:
    """Yield the explanation of a promoter in each context; see `attribution.Explainable`.

    What boosted trees add is one number: they have no gradient, and read no motifs. In the term of motifs times their
    own levels each motif stands by itself, so that its attribution is the term's change.
    """
    at, fitted = model.at(query, row), model.model
    native = np.asarray(query.onehot[row])
    here = {name: at.feature(name, native[None]).astype(np.float64) for name in model.features}
    there = {
        name: here[name] if name in FROM_MARKS else at.feature(name, shuffled).mean(axis=0, keepdims=True)
        for name in model.features
    }
    blocks = sample_blocks(query, fitted.readable)
    z = fitted.sample_features(blocks, np.arange(len(query.samples)))
    samples = fitted.coefficients.samples(z)
    weight = np.concatenate([np.ones((len(samples), 1)), samples[:, 1:]], axis=1)
    mixing, trees = _tree_parts(model, there, here)
    own = _own_levels(model, there, here, blocks["motif_levels"])
    towers = None if fitted.towers is None else fitted.towers.sample_side(z)
    sites = best_sites(native, model.dataset.pssm)
    for context in range(len(samples)):
        slope = fitted.coefficients.gene_map @ (mixing @ weight[context])
        tower_weight = None if towers is None else np.append(1.0, towers[context])
        path = _Path(model, there, here, slope, tower_weight)
        gradients, before, after = along_path(path.at, path.moved)
        by_block = path.attributions(gradients["linear"])
        constant = float(fitted.coefficients.constant + samples[context, 0])
        of_motifs = by_block.pop(MOTIFS, np.zeros(model.dataset.pssm.shape[2])) + own[1, context] - own[0, context]
        trees_before, trees_after = (float(one @ weight[context]) for one in trees)
        before += constant + float(own[0, context].sum()) + trees_before
        after += constant + float(own[1, context].sum()) + trees_after
        known = float(at.reference[context])
        others = {name: float(value.sum()) for name, value in by_block.items() if name not in FROM_MARKS}
        if fitted.trees is not None:
            others[TREES] = trees_after - trees_before
        yield Explained(
            scalar=_SCALAR,
            before=before,
            # Of the model itself where it does not limit it, so that a part that is missing here is seen as residual.
            after=known if 0 < known < fitted.largest else after,
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


def _own_levels(
    model: FittedModel, there: dict[str, Floats], here: dict[str, Floats], levels: NDArray[np.float32]
) -> Floats:
    """Return each motif's part of the term of its own level, at the baseline and the promoter [2, context, motif]."""
    term = model.model.own_levels
    if term is None:
        return np.zeros((2, len(levels), model.dataset.pssm.shape[2]))
    centred = term.samples(levels)[:, term.columns.of_motif]
    parts = [(occupancies(one[MOTIFS][0], term.threshold) - term.occupancy_mean) * term.weight for one in (there, here)]
    return np.stack([part * centred for part in parts])


class _Path:
    """The straight path from the baseline to the promoter, of what follows from linear features and towers."""

    def __init__(
        self,
        model: FittedModel,
        there: dict[str, Floats],
        here: dict[str, Floats],
        slope: Floats,
        tower_weight: Floats | None,
    ) -> None:
        self.maps, self.towers, self.tower_weight = model.model.gene_features, model.model.towers, tower_weight
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
        if self.towers is not None and self.tower_weight is not None:
            added, slopes = _through_layers(self.towers.genes, path, self.tower_weight)
            value, found = value + added, found + weights @ slopes
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


def _through_layers(layers: Layers, x: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return the weighted sum of the outputs of dense layers [point], and its gradient [point, feature]."""
    inputs = []
    for number, (kernel, bias) in enumerate(layers):
        inputs.append(x)
        x = (np.maximum(x, 0) if number else x) @ kernel + bias
    slope = np.repeat(weight[None], len(x), axis=0)
    for number in reversed(range(len(layers))):
        slope = slope @ layers[number][0].T
        if number:
            slope = slope * (inputs[number] > 0)
    return x @ weight, slope
