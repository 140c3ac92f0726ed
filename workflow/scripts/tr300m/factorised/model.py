"""A fitted factorised model: what it reads, its coefficients and its distribution, in one file."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ..base.array_files import save_arrays
from ..base.errors import TR300MError
from ..base.types import Bools, Floats, Ints
from ..model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
from .boosted import GeneTrees, tree_features
from .feature_map import FeatureMap
from .own_levels import MOTIFS, OwnLevelTerm
from .sample_features import sample_blocks
from .spread import Spread, nll_and_slope
from .towers import Towers
from .two_sided_ridge import Coefficients

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

_SAVED = (
    "readable", "largest", "constant", "x_mean", "z_mean", "gene_map", "sample_map", "knots", "values", "components",
    "smallest_scale",
)  # fmt: skip
"""Arrays of every saved model, beside those of its parts."""

_GENES_PER_BLOCK, _PAIRS_PER_BLOCK = 256, 500_000


@dataclass(frozen=True)
class FactorisedModel:
    """A factorised model.

    Attributes
    ----------
    gene_features, sample_features
        Maps from blocks of features to the inputs of the two sides.
    readable
        Regulators whose levels are read [regulator]: no target gene that was held out.
    coefficients
        The parts in closed form.
    own_levels
        Each motif times its own level; None if it did not help on inner folds.
    trees
        Boosted trees that are averaged with the gene side; None for models without them.
    towers
        Learned interaction that is added; None for models without it.
    largest
        Largest log(1 + TPM) of the training pairs; predictions are at most this.
    spread
        Distribution around the predicted mean.
    """

    gene_features: FeatureMap
    sample_features: FeatureMap
    readable: Bools
    coefficients: Coefficients
    own_levels: OwnLevelTerm | None
    trees: GeneTrees | None
    towers: Towers | None
    largest: float
    spread: Spread

    def log_mean(self, dataset: "Dataset", features: Mapping[str, NDArray[Any]], pairs: Ints) -> Floats:
        """Return the predicted mean of log(1 + TPM) of pairs [pair]; see `predict`."""
        if dataset.regulator_levels.shape[1] != len(self.readable):
            raise TR300MError(
                f"the dataset has {dataset.regulator_levels.shape[1]} regulators, the model {len(self.readable)}",
                "predict on a dataset with the regulators of the training",
            )
        genes, of_gene = np.unique(pairs[:, 0], return_inverse=True)
        samples, of_sample = np.unique(pairs[:, 1], return_inverse=True)
        x = self.gene_features(features, genes)
        gene_side = self.coefficients.genes(x)
        if self.trees is not None:
            gene_side = self.trees.averaged(gene_side, tree_features(features, genes))
        blocks = sample_blocks(dataset, self.readable)
        z = self.sample_features(blocks, samples)
        sample_side = self.coefficients.samples(z)
        if self.own_levels is not None:
            of_motifs = self.own_levels.genes(features[MOTIFS][genes])
            gene_side = np.concatenate([gene_side, of_motifs], axis=1)
            levels = self.own_levels.samples(blocks["motif_levels"][samples])
            sample_side = np.concatenate([sample_side, levels], axis=1)
        if self.towers is not None:
            gene_side, sample_side = self.towers.added(gene_side, sample_side, x, z)
        mean = np.empty(len(pairs))
        order = np.argsort(of_gene, kind="stable")
        starts = np.searchsorted(of_gene[order], np.arange(0, len(genes) + _GENES_PER_BLOCK, _GENES_PER_BLOCK))
        for number, (first, last) in enumerate(pairwise(starts)):
            rows, begin = order[first:last], number * _GENES_PER_BLOCK
            table = self.coefficients.table(gene_side[begin : begin + _GENES_PER_BLOCK], sample_side)
            mean[rows] = table[of_gene[rows] - begin, of_sample[rows]]
        return np.clip(mean, 0.0, self.largest)

    def predict(self, dataset: "Dataset", pairs: Ints, features: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Predict expression of pairs.

        Parameters
        ----------
        dataset
            Dataset that the pairs index.
        pairs
            Gene and sample indices [pair, 2].
        features
            Gene features [gene, feature] of all genes, by name (`config.factorised_models.gene_blocks`).

        Returns
        -------
        dict
            `gene` and `sample` (int64 indices), `observed` (float32, TPM), `raw` (float32 [pair, n_outputs], of
            `zero_lognormal_mixture`), `median` (float64, TPM: the point estimate, exp(mean of log(1 + TPM)) - 1),
            `mean` (float64, TPM, of the distribution) and `nll` (float64, nat), each [pair] in the given order.
        """
        log_mean = self.log_mean(dataset, features, pairs)
        raw = self.spread.raw(log_mean).astype(np.float32)
        observed = np.asarray(dataset.expression[pairs[:, 0], pairs[:, 1]], dtype=np.float32)
        likelihood = self.spread.likelihood
        blocks = [slice(start, start + _PAIRS_PER_BLOCK) for start in range(0, len(pairs), _PAIRS_PER_BLOCK)]
        nll = [
            nll_and_slope(likelihood, observed[block].astype(np.float64), raw[block].astype(np.float64))[0]
            for block in blocks
        ]
        return {
            "gene": pairs[:, 0],
            "sample": pairs[:, 1],
            "observed": observed,
            "raw": raw,
            "median": np.expm1(log_mean),
            "mean": likelihood.mean(raw),
            "nll": np.concatenate(nll) if nll else np.empty(0),
        }

    def save(self, path: Path | str) -> None:
        """Write the model as `.npz`; nothing in it is pickled."""
        likelihood = self.spread.likelihood
        arrays: dict[str, NDArray[Any]] = {
            "readable": self.readable,
            "largest": np.array(self.largest),
            "constant": np.array(self.coefficients.constant),
            "x_mean": self.coefficients.x_mean,
            "z_mean": self.coefficients.z_mean,
            "gene_map": self.coefficients.gene_map,
            "sample_map": self.coefficients.sample_map,
            "knots": self.spread.knots,
            "values": self.spread.values,
            "components": np.array(likelihood.components),
            "smallest_scale": np.array(likelihood.smallest_scale),
        }
        arrays |= {f"gene_features/{name}": array for name, array in self.gene_features.arrays().items()}
        arrays |= {f"sample_features/{name}": array for name, array in self.sample_features.arrays().items()}
        if self.own_levels is not None:
            arrays |= {f"own_levels/{name}": array for name, array in self.own_levels.arrays().items()}
        if self.trees is not None:
            arrays |= {f"trees/{name}": array for name, array in self.trees.arrays().items()}
        if self.towers is not None:
            arrays |= {f"towers/{name}": array for name, array in self.towers.arrays().items()}
        save_arrays(path, arrays)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a model that `save` wrote.

        Raises
        ------
        TR300MError
            If the file is not one.
        """
        try:
            # Opened here, because np.load does not close a truncated archive.
            with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as file:
                saved = dict(file)
        except (OSError, ValueError, TypeError, BadZipFile) as error:
            raise TR300MError(f"{path} is no factorised model: {error}", "fit the run first") from None
        if lacking := [name for name in _SAVED if name not in saved]:
            raise TR300MError(f"{path} is no factorised model: it lacks {', '.join(lacking)}", "fit the run first")

        def below(prefix: str) -> dict[str, NDArray[Any]]:
            return {key.removeprefix(prefix): array for key, array in saved.items() if key.startswith(prefix)}

        own_levels, trees, towers = below("own_levels/"), below("trees/"), below("towers/")
        likelihood = ZeroLognormalMixture(int(saved["components"]), float(saved["smallest_scale"]))
        return cls(
            FeatureMap.from_arrays(below("gene_features/")),
            FeatureMap.from_arrays(below("sample_features/")),
            saved["readable"],
            Coefficients(
                float(saved["constant"]), saved["x_mean"], saved["z_mean"], saved["gene_map"], saved["sample_map"]
            ),
            OwnLevelTerm.from_arrays(own_levels) if own_levels else None,
            GeneTrees.from_arrays(trees) if trees else None,
            Towers.from_arrays(towers) if towers else None,
            float(saved["largest"]),
            Spread(likelihood, saved["knots"], saved["values"]),
        )
