"""Cluster bootstrap of the metrics: genes and donors are drawn with replacement, not single pairs.

The pairs of an evaluation share genes and samples, genes share promoters, and samples share donors, so pairs are not
independent. Each draw samples clusters of genes that share promoters with replacement, each with all of its genes, and
independently donors with replacement, each with all of their samples. The weight of a pair is the number of times that
its gene was drawn, times the number of times that its donor was drawn. This is the pigeonhole bootstrap of A. Owen
(Ann. Appl. Stat. 1, 2007), whose variance is at least the true one for crossed random effects. A metric of a draw is a
function of weighted sums over pairs.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base.array_files import save_arrays
from ..base.errors import TR300MError
from ..base.types import Floats, Ints
from .point import UNDEFINED

Cluster = Literal["both", "genes", "donors"]

CLUSTERS: tuple[Cluster, ...] = ("both", "genes", "donors")
"""What is drawn: genes and donors (``both``), genes only, or donors only."""
DRAWS_PER_BLOCK = 32
ROUNDING = 2e-13
"""A variance below this share of the second moment is a rounding error: about 1,000 units in the last place."""


@dataclass(frozen=True)
class PairIndex:
    """Gene and sample of each pair as codes 0, 1, ... into the sorted genes and samples that occur.

    Parameters
    ----------
    gene, sample
        Codes [pair].
    cluster
        Cluster code of each gene code [gene], numbered in the order in which they first occur, so that genes that share
        no promoter are drawn as if there were no clusters.
    donor
        Donor code of each sample code [sample].
    key
        Hash of genes, clusters, samples and donors in their order: runs with the same key were evaluated on the same
        pairs.
    """

    gene: Ints
    sample: Ints
    cluster: Ints
    donor: Ints
    key: str

    @classmethod
    def of(cls, gene: ArrayLike, sample: ArrayLike, cluster_of_gene: ArrayLike, donor_of_sample: ArrayLike) -> Self:
        """Index pairs.

        Parameters
        ----------
        gene, sample
            Indices into the dataset's axes [pair].
        cluster_of_gene
            Cluster of each gene of the dataset [gene], as in `axes.Genes`.
        donor_of_sample
            Donor of each sample of the dataset [sample], by ID or number.

        Raises
        ------
        TR300MError
            If there is no pair, the lengths differ, a gene has no cluster or a sample has no donor.
        """
        genes, samples = np.asarray(gene, dtype=np.int64), np.asarray(sample, dtype=np.int64)
        clusters, donors = np.asarray(cluster_of_gene), np.asarray(donor_of_sample)
        if genes.ndim != 1 or genes.shape != samples.shape or genes.size == 0:
            raise TR300MError(
                f"genes have shape {genes.shape}, samples {samples.shape}", "give one gene and one sample per pair"
            )
        for index, owners, text in (
            (genes, clusters, "genes with a cluster"),
            (samples, donors, "samples with a donor"),
        ):
            if index.min() < 0 or index.max() >= len(owners):
                raise TR300MError(
                    f"{text.split()[0][:-1]} {index.max()} is not among {len(owners)} {text}",
                    "the predictions are of another dataset: predict again",
                )
        gene_axis, gene_code = np.unique(genes, return_inverse=True)
        sample_axis, sample_code = np.unique(samples, return_inverse=True)
        _, first, cluster = np.unique(clusters[gene_axis], return_index=True, return_inverse=True)
        cluster_code = np.argsort(np.argsort(first))[cluster]
        _, donor_code = np.unique(donors[sample_axis], return_inverse=True)
        digest = hashlib.sha256()
        for array in (genes, samples, cluster_code.astype(np.int64), donor_code.astype(np.int64)):
            digest.update(array.tobytes())
        return cls(gene_code, sample_code, cluster_code, donor_code, digest.hexdigest()[:16])

    @property
    def n_genes(self) -> int:
        """Number of genes that occur."""
        return len(self.cluster)

    @property
    def n_samples(self) -> int:
        """Number of samples that occur."""
        return len(self.donor)

    def cells(self) -> Ints | None:
        """Return the pair of each cell of the gene x sample table [gene * sample]; None unless each cell has one."""
        number = self.gene * self.n_samples + self.sample
        if number.size != self.n_genes * self.n_samples:
            return None
        order = np.argsort(number, kind="stable")
        return order if np.array_equal(number[order], np.arange(number.size)) else None


@dataclass(frozen=True)
class Weights:
    """How often each gene [draw, gene] and each sample [draw, sample] was drawn; a pair has their product as weight."""

    genes: Floats
    samples: Floats


def draw_weights(index: PairIndex, cluster: Cluster, draws: int, seed: int) -> Weights:
    """Draw clusters of genes, donors or both with replacement, as many as there are.

    The same index, draws and seed give the same weights, so runs can be compared draw by draw. ``both`` draws the same
    genes as ``genes``, and the same donors as ``donors``.
    """
    streams = np.random.SeedSequence(seed).spawn(2)
    genes, samples = np.ones((draws, index.n_genes)), np.ones((draws, index.n_samples))
    if cluster != "donors":
        genes = _counts(np.random.default_rng(streams[0]), index.cluster, draws)
    if cluster != "genes":
        samples = _counts(np.random.default_rng(streams[1]), index.donor, draws)
    return Weights(genes, samples)


def _counts(generator: np.random.Generator, owner: Ints, draws: int) -> Floats:
    """Return how often each item was drawn [draw, item]; its owners are drawn with replacement, as many as there are.

    `owner` [item] has codes 0, 1, ... without gaps.
    """
    size = int(owner.max()) + 1
    counts = generator.multinomial(size, np.full(size, 1 / size), size=draws).astype(np.float64)
    return np.ascontiguousarray(counts[:, owner])


def weighted_sums(values: Floats, index: PairIndex, weights: Weights) -> Floats:
    """Return the weighted sum over pairs of each column, for each draw.

    Parameters
    ----------
    values
        Columns to sum [pair, column].
    index, weights
        Genes and samples of the pairs, and the weights of the draws.

    Returns
    -------
    ndarray
        Sums [draw, column]. If the pairs are a full gene x sample table, each column is one matrix product.
    """
    cells = index.cells()
    if cells is None:
        return _sums_of_any_pairs(values, index, weights)
    tables = values[cells].T.reshape(values.shape[1], index.n_genes, index.n_samples)
    return np.stack([((weights.genes @ table) * weights.samples).sum(axis=1) for table in tables], axis=1)


def _sums_of_any_pairs(values: Floats, index: PairIndex, weights: Weights) -> Floats:
    """Return `weighted_sums` of pairs that are not a full table, for one block of draws after another."""
    sums = np.empty((len(weights.genes), values.shape[1]))
    for start in range(0, len(sums), DRAWS_PER_BLOCK):
        block = slice(start, start + DRAWS_PER_BLOCK)
        sums[block] = (weights.genes[block][:, index.gene] * weights.samples[block][:, index.sample]) @ values
    return sums


def correlations(x: Floats, y: Floats, index: PairIndex, weights: Weights) -> Floats:
    """Return Pearson's correlation of x and y [pair] in each draw [draw]; NaN if either is constant."""
    x, y = _standardised(x), _standardised(y)
    columns = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    n, sx, sy, sxx, syy, sxy = weighted_sums(columns, index, weights).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return _ratio(sxy / n - sx * sy / n**2, _variance(sxx, sx, n), _variance(syy, sy, n))


def log_r2s(observed: Floats, prediction: Floats, index: PairIndex, weights: Weights) -> Floats:
    """Return 1 - SS_res / SS_tot on log(1 + TPM) in each draw [draw]; NaN if the observed values are constant."""
    x, y = np.log1p(observed), np.log1p(prediction)
    centred = x - x.mean()
    columns = np.stack([np.ones_like(x), centred, centred**2, (x - y) ** 2], axis=1)
    n, s, squares, residuals = weighted_sums(columns, index, weights).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1.0 - residuals / (n * _variance(squares, s, n)))


def spearmans(x: Floats, y: Floats, index: PairIndex, weights: Weights) -> Floats:
    """Return Spearman's correlation of x and y [pair] in each draw [draw]; ties get their average rank.

    The values are sorted once. The rank of a value in a draw is the weight below it plus half of its own, and the mean
    rank is half of the total.
    """
    # Sorted by x, the ranks of x are read from memory in order.
    order = np.argsort(x, kind="stable")
    _, x_group = np.unique(x[order], return_inverse=True)
    _, y_group = np.unique(y[order], return_inverse=True)
    gene, sample = index.gene[order], index.sample[order]
    result = np.full(len(weights.genes), UNDEFINED)
    for draw, (genes, samples) in enumerate(zip(weights.genes, weights.samples, strict=True)):
        weight = genes[gene] * samples[sample]
        x_rank, x_variance = _centred_ranks(np.bincount(x_group, weight).astype(np.float64))
        y_rank, y_variance = _centred_ranks(np.bincount(y_group, weight).astype(np.float64))
        if x_variance > 0 and y_variance > 0:
            covariance = np.sum(weight * x_rank[x_group] * y_rank[y_group])
            result[draw] = np.clip(covariance / np.sqrt(x_variance * y_variance), -1.0, 1.0)
    return result


def _centred_ranks(totals: Floats) -> tuple[Floats, float]:
    """Return each value's rank minus the mean rank, and their weighted sum of squares; `totals` [value] are counts."""
    # Totals are counts, so all sums are exact and those of a constant are 0.
    below = np.cumsum(totals)
    ranks = below - 0.5 * totals - 0.5 * below[-1]
    return ranks, float(np.sum(totals * ranks * ranks))


def bootstrap(
    observed: ArrayLike,
    prediction: ArrayLike,
    means: Mapping[str, ArrayLike],
    index: PairIndex,
    weights: Weights,
) -> dict[str, Floats]:
    """Return the metrics of each draw.

    Parameters
    ----------
    observed, prediction
        TPM [pair].
    means
        Further metrics by name that are means over pairs, such as the NLL [pair].
    index, weights
        Genes and samples of the pairs, and the weights of the draws.

    Returns
    -------
    dict
        ``pearson``, ``log_pearson``, ``spearman``, ``log_r2``, then those of `means`, each [draw]; NaN if a metric is
        undefined in a draw.
    """
    x, y = np.asarray(observed, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    found = {
        "pearson": correlations(x, y, index, weights),
        "log_pearson": correlations(np.log1p(x), np.log1p(y), index, weights),
        "spearman": spearmans(x, y, index, weights),
        "log_r2": log_r2s(x, y, index, weights),
    }
    if means:
        columns = np.stack([np.ones(x.size), *(np.asarray(v, dtype=np.float64) for v in means.values())], axis=1)
        sums = weighted_sums(columns, index, weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            found |= dict(zip(means, (sums[:, 1:] / sums[:, :1]).T, strict=True))
    return found


def _standardised(x: Floats) -> Floats:
    """Return x minus its mean, scaled by a power of two to at most 1; a constant becomes exactly 0."""
    if x.min() == x.max():
        return np.zeros_like(x)
    scaled = np.ldexp(x, -np.frexp(np.abs(x).max())[1])
    return np.asarray(scaled - scaled.mean())


def _variance(squares: Floats, total: Floats, n: Floats) -> Floats:
    """Return the weighted variance [draw], NaN if it is only a rounding error."""
    variance = squares / n - (total / n) ** 2
    return np.where(variance > ROUNDING * squares / n, variance, UNDEFINED)


def _ratio(covariance: Floats, x_variance: Floats, y_variance: Floats) -> Floats:
    return np.asarray(np.clip(covariance / np.sqrt(x_variance * y_variance), -1.0, 1.0))


def save_draws(path: Path | str, key: str, draws: Mapping[Cluster, Mapping[str, Floats]]) -> None:
    """Write the draws as `.npz`: `key`, `metrics` (names), and one array [draw, metric] per kind of draw."""
    names = list(draws["both"])
    arrays: dict[str, NDArray[Any]] = {"key": np.array(key), "metrics": np.array(names)}
    for cluster, table in draws.items():
        arrays[cluster] = np.stack([table[name] for name in names], axis=1)
    save_arrays(path, arrays)
