"""The metrics under a cluster bootstrap: genes and donors are drawn with replacement, never single pairs.

The pairs of an evaluation share genes and samples, genes share promoters, and samples share donors, so that pairs are
not independent. A draw takes clusters of genes that share promoters with replacement, each with all of its genes, and,
independently, donors with replacement, each with all of its samples; a pair then counts as often as its gene was drawn
times as often as its donor was. This is the pigeonhole bootstrap of A. Owen
(Ann. Appl. Stat. 1, 2007), whose variance is at least the true one for crossed random effects. Weights stand in for
copies: a metric of a draw is a function of weighted sums over pairs.
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
"""What is drawn; the headline, `both`, is drawn first."""
DRAWS_PER_BLOCK = 32
# Below this share of its own second moment a variance is rounding: about 1,000 units in the last place.
_ROUNDING = 2e-13


@dataclass(frozen=True)
class PairIndex:
    """Gene and sample of each pair as codes 0, 1, ... into the sorted genes and samples that occur.

    Parameters
    ----------
    gene, sample
        Codes [pair].
    cluster
        Cluster code of each gene code [gene], 0, 1, ... in the order in which the genes first have them, so that genes
        that share no promoter are drawn as if there were no clusters.
    donor
        Donor code of each sample code [sample].
    key
        Names genes, clusters, samples and donors in their order: runs of one key were evaluated on the same pairs.
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
            If there is no pair, the lengths differ, or a gene has no cluster or a sample no donor.
        """
        genes, samples = np.asarray(gene, dtype=np.int64), np.asarray(sample, dtype=np.int64)
        clusters, donors = np.asarray(cluster_of_gene), np.asarray(donor_of_sample)
        if genes.ndim != 1 or genes.shape != samples.shape or genes.size == 0:
            raise TR300MError(
                f"{genes.shape} genes and {samples.shape} samples are no list of pairs", "give one of each per pair"
            )
        for index, owners, text in (
            (genes, clusters, "genes with a cluster"),
            (samples, donors, "samples with a donor"),
        ):
            if index.min() < 0 or index.max() >= len(owners):
                raise TR300MError(
                    f"{text.split()[0][:-1]} {index.max()} is not among {len(owners)} {text}",
                    "the predictions belong to another dataset: predict again",
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
        """Return the pair of each cell of the table gene x sample [gene * sample]; None unless each has exactly one."""
        number = self.gene * self.n_samples + self.sample
        if number.size != self.n_genes * self.n_samples:
            return None
        order = np.argsort(number, kind="stable")
        return order if np.array_equal(number[order], np.arange(number.size)) else None


@dataclass(frozen=True)
class Weights:
    """How often each gene [draw, gene] and each sample [draw, sample] was drawn; a pair counts their product."""

    genes: Floats
    samples: Floats


def draw_weights(index: PairIndex, cluster: Cluster, draws: int, seed: int) -> Weights:
    """Draw clusters of genes, donors or `both` with replacement, as many as there are.

    The same index, draws and seed give the same weights, so that runs can be compared draw by draw; the genes drawn
    for `both` are those drawn for `genes`, and likewise the donors.
    """
    streams = np.random.SeedSequence(seed).spawn(2)
    genes, samples = np.ones((draws, index.n_genes)), np.ones((draws, index.n_samples))
    if cluster != "donors":
        genes = _counts(np.random.default_rng(streams[0]), index.cluster, draws)
    if cluster != "genes":
        samples = _counts(np.random.default_rng(streams[1]), index.donor, draws)
    return Weights(genes, samples)


def _counts(generator: np.random.Generator, owner: Ints, draws: int) -> Floats:
    """Return how often each item was drawn [draw, item], as owners are drawn: as many as there are, with replacement.

    `owner` [item] holds codes 0, 1, ... without gaps.
    """
    size = int(owner.max()) + 1
    counts = generator.multinomial(size, np.full(size, 1 / size), size=draws).astype(np.float64)
    return np.ascontiguousarray(counts[:, owner])


def weighted_sums(values: Floats, index: PairIndex, weights: Weights) -> Floats:
    """Return the weighted sum over pairs of each column, for every draw.

    Parameters
    ----------
    values
        [pair, column].
    index, weights
        Of the pairs.

    Returns
    -------
    ndarray
        [draw, column]. On a full table gene x sample each column is one matrix product.
    """
    cells = index.cells()
    if cells is None:
        return _sums_of_any_pairs(values, index, weights)
    tables = values[cells].T.reshape(values.shape[1], index.n_genes, index.n_samples)
    return np.stack([((weights.genes @ table) * weights.samples).sum(axis=1) for table in tables], axis=1)


def _sums_of_any_pairs(values: Floats, index: PairIndex, weights: Weights) -> Floats:
    """`weighted_sums` for pairs that are no full table, block of draws by block."""
    sums = np.empty((len(weights.genes), values.shape[1]))
    for start in range(0, len(sums), DRAWS_PER_BLOCK):
        block = slice(start, start + DRAWS_PER_BLOCK)
        sums[block] = (weights.genes[block][:, index.gene] * weights.samples[block][:, index.sample]) @ values
    return sums


def correlations(x: Floats, y: Floats, index: PairIndex, weights: Weights) -> Floats:
    """Return Pearson's correlation of x and y [pair] in every draw [draw]; NaN where either is constant."""
    x, y = _standardised(x), _standardised(y)
    columns = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    n, sx, sy, sxx, syy, sxy = weighted_sums(columns, index, weights).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return _ratio(sxy / n - sx * sy / n**2, _variance(sxx, sx, n), _variance(syy, sy, n))


def log_r2s(observed: Floats, prediction: Floats, index: PairIndex, weights: Weights) -> Floats:
    """Return 1 - SS_res / SS_tot on log(1 + TPM) in every draw [draw]; NaN where the observed is constant."""
    x, y = np.log1p(observed), np.log1p(prediction)
    centred = x - x.mean()
    columns = np.stack([np.ones_like(x), centred, centred**2, (x - y) ** 2], axis=1)
    n, s, squares, residuals = weighted_sums(columns, index, weights).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1.0 - residuals / (n * _variance(squares, s, n)))


def spearmans(x: Floats, y: Floats, index: PairIndex, weights: Weights) -> Floats:
    """Return Spearman's correlation of x and y [pair] in every draw [draw], ties with their average rank.

    The values are sorted once. A value's rank in a draw is the weight below it plus half its own, and the mean rank is
    half the total, whatever the draw.
    """
    # In the order of x the look-ups of its ranks run through memory once.
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
    # Counts, so that all sums are exact and those of a constant are 0.
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
    """Return the metrics of every draw.

    Parameters
    ----------
    observed, prediction
        TPM [pair].
    means
        Further metrics, by name, that are means over pairs: whether the pair is right, its NLL [pair].
    index, weights
        Of the pairs.

    Returns
    -------
    dict
        ``pearson``, ``log_pearson``, ``spearman``, ``log_r2``, then those of `means`, each [draw]; NaN where a draw
        leaves a metric undefined.
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
    """Return the weighted variance [draw], NaN where it is nothing but rounding."""
    variance = squares / n - (total / n) ** 2
    return np.where(variance > _ROUNDING * squares / n, variance, UNDEFINED)


def _ratio(covariance: Floats, x_variance: Floats, y_variance: Floats) -> Floats:
    return np.asarray(np.clip(covariance / np.sqrt(x_variance * y_variance), -1.0, 1.0))


def save_draws(path: Path | str, key: str, draws: Mapping[Cluster, Mapping[str, Floats]]) -> None:
    """Write the draws of every cluster as `.npz`: `key`, `metrics` (names), and per cluster [draw, metric]."""
    names = list(draws["both"])
    arrays: dict[str, NDArray[Any]] = {"key": np.array(key), "metrics": np.array(names)}
    for cluster, table in draws.items():
        arrays[cluster] = np.stack([table[name] for name in names], axis=1)
    save_arrays(path, arrays)
