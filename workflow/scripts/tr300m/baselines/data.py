"""The data that baselines read, and the mean expression of each gene in each tissue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Floats, Ints

if TYPE_CHECKING:
    from ..base.axes import Genes
    from ..dataset.dataset import Dataset
    from ..dataset.splits import Split


_GENES_PER_BLOCK = 512


@dataclass(frozen=True)
class Data:
    """The data that a baseline reads.

    Attributes
    ----------
    expression
        TPM [gene, sample].
    tf_levels
        Summed TPM of each motif's regulators [sample, motif].
    tissue
        Tissue of each sample, as a number [sample].
    train_genes, train_samples
        Indices of the genes and samples of the training part.
    features
        Arrays [gene, feature] by name, only those that the baseline reads.
    split, genes
        The split and the gene axis, from which `inner_fold` follows.
    seed
        Seed of the trees.
    """

    expression: NDArray[np.float32]
    tf_levels: NDArray[np.float32]
    tissue: Ints
    train_genes: Ints
    train_samples: Ints
    features: Mapping[str, NDArray[np.float32]]
    split: "Split"
    genes: "Genes"
    seed: int = 0

    @classmethod
    def of(
        cls, dataset: "Dataset", split: "Split", features: Mapping[str, NDArray[np.float32]], seed: int = 0
    ) -> "Data":
        """Take a dataset's arrays and a split's training genes and samples.

        Raises
        ------
        TR300MError
            If the split leaves no training gene or no training sample.
        """
        genes, samples = split.training_axes(len(dataset.genes), len(dataset.samples))
        if not len(genes) or not len(samples):
            raise TR300MError("the split leaves no training gene or no training sample", "hold out fewer")
        tissue = np.asarray(dataset.tissue).argmax(axis=1)
        return cls(dataset.expression, dataset.tf_levels, tissue, genes, samples, features, split, dataset.genes, seed)

    def inner_fold(self) -> Ints:
        """Return the inner fold of each training gene [training gene]; see `splits.Split.inner`."""
        return self.split.inner(self.genes)


def tissue_means(data: Data) -> Floats:
    """Return the mean log(1 + TPM) over the training samples of each tissue [gene, tissue].

    A tissue without training samples gets the mean over all of them.
    """
    n_tissues = int(data.tissue.max()) + 1
    member = np.zeros((len(data.tissue), n_tissues))
    member[data.train_samples, data.tissue[data.train_samples]] = 1
    member[np.ix_(data.train_samples, np.flatnonzero(member.sum(axis=0) == 0))] = 1
    member /= member.sum(axis=0)
    means = np.empty((len(data.expression), n_tissues))
    for start in range(0, len(means), _GENES_PER_BLOCK):
        block = slice(start, start + _GENES_PER_BLOCK)
        means[block] = np.log1p(data.expression[block].astype(np.float64)) @ member
    return means
