"""A learned low-rank interaction as plain arrays: a tower of dense layers for genes, and one for samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats, Ints

Layers = tuple[tuple[Floats, Floats], ...]
"""Kernel [input, output] and bias [output] of each dense layer, from the features on."""


@dataclass(frozen=True)
class Towers:
    """Two towers of dense layers with ReLU between them; they predict without Keras.

    Attributes
    ----------
    genes
        Layers from the first gene features, which are linear in the blocks, to the gene part, then to the gene vector
        [feature, 1 + rank]. The Gaussian features after them are for models without hidden layers.
    samples
        Layers from sample features to the sample vector [feature, rank].
    inner_errors
        Number of steps, and mean squared error on the inner fold after them [look, 2]; the first is before any step.
        It is empty if there was no inner fold.
    """

    genes: Layers
    samples: Layers
    inner_errors: Floats = field(default_factory=lambda: np.empty((0, 2)))

    @property
    def kept_step(self) -> int:
        """Number of steps after which the inner error was lowest; 0 if no step lowered it."""
        return int(self.inner_errors[np.argmin(self.inner_errors[:, 1]), 0])

    def gene_side(self, x: Floats) -> Floats:
        """Return what is added to the gene part, then the gene vector [gene, 1 + rank], from gene features."""
        return _through(self.genes, x[:, : len(self.genes[0][0])])

    def sample_side(self, z: Floats) -> Floats:
        """Return the sample vector [sample, rank] from sample features."""
        return _through(self.samples, z)

    def added(self, gene_side: Floats, sample_side: Floats, x: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return both sides of the closed form with the vectors of the towers behind theirs.

        Parameters
        ----------
        gene_side, sample_side
            Part and vector [gene, 1 + k] and [sample, 1 + k] of the closed form.
        x, z
            Features.

        Returns
        -------
        tuple
            Part and vector [gene, 1 + k + rank] and [sample, 1 + k + rank].
        """
        of_genes = self.gene_side(x)
        part = gene_side[:, :1] + of_genes[:, :1]
        return (
            np.concatenate([part, gene_side[:, 1:], of_genes[:, 1:]], axis=1),
            np.concatenate([sample_side, self.sample_side(z)], axis=1),
        )

    def table(self, x: Floats, z: Floats) -> Floats:
        """Return what is added to log(1 + TPM) of all pairs [gene, sample]."""
        of_genes = self.gene_side(x)
        return np.asarray(of_genes[:, :1] + of_genes[:, 1:] @ self.sample_side(z).T)

    def pairs(self, x: Floats, z: Floats, pairs: Ints) -> Floats:
        """Return what is added to log(1 + TPM) of pairs [pair] of rows of x and z [pair, 2]."""
        of_genes, of_samples = self.gene_side(x)[pairs[:, 0]], self.sample_side(z)[pairs[:, 1]]
        return np.asarray(of_genes[:, 0] + np.einsum("ij,ij->i", of_genes[:, 1:], of_samples))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the towers as named arrays, for `from_arrays`."""
        found: dict[str, NDArray[Any]] = {"inner_errors": self.inner_errors}
        for side, layers in (("genes", self.genes), ("samples", self.samples)):
            for number, (kernel, bias) in enumerate(layers):
                found |= {f"{side}.{number}.kernel": kernel, f"{side}.{number}.bias": bias}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Build the towers from `arrays`."""

        def layers(side: str) -> Layers:
            count = sum(name.startswith(f"{side}.") for name in arrays) // 2
            return tuple((arrays[f"{side}.{k}.kernel"], arrays[f"{side}.{k}.bias"]) for k in range(count))

        return cls(layers("genes"), layers("samples"), arrays["inner_errors"])


def _through(layers: Sequence[tuple[Floats, Floats]], x: Floats) -> Floats:
    for number, (kernel, bias) in enumerate(layers):
        x = (np.maximum(x, 0) if number else x) @ kernel + bias
    return np.asarray(x)
