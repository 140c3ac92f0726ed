"""What the closed form misses of training pairs that it was not fitted to: the target of learned interactions."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.progress import bar
from ..base.types import Bools, Floats, Ints
from .products import Corner, Products
from .two_sided_ridge import Coefficients, Decomposition, Penalties, RotatedCorner

_GENES_PER_BLOCK = 256


@dataclass(frozen=True)
class Residuals:
    """Residuals of all pairs of some genes and samples, and their features.

    Attributes
    ----------
    x, z
        Features [gene, feature] and [sample, feature].
    missed
        log(1 + TPM) minus its prediction [gene, sample], float16: it rounds a residual of 1 by 0.0005 at most.
    """

    x: Floats
    z: Floats
    missed: NDArray[np.float16]


class Interaction(NamedTuple):
    """Factors [gene, k] and [sample, k] whose products are added to log(1 + TPM) of pairs."""

    genes: Floats
    samples: Floats


class CrossFit:
    """Closed forms for some training genes and samples: one for all of them, and one without each fold of genes.

    Parameters
    ----------
    expression
        TPM [gene, sample] of the dataset, read in one pass.
    genes, samples
        Genes and samples to fit to.
    x, z
        Their features.
    penalties
        Penalties of all fits.
    fold
        Fold of each gene, counted from 0.
    known
        An interaction of these genes and samples that was fitted before; it is taken off log(1 + TPM).
    """

    def __init__(
        self,
        expression: NDArray[Any],
        genes: Ints,
        samples: Ints,
        x: Floats,
        z: Floats,
        penalties: Penalties,
        fold: Ints,
        known: Interaction | None = None,
    ) -> None:
        self._expression, self._genes, self._samples, self._x, self._z = expression, genes, samples, x, z
        self._penalties, self._fold, self._known = penalties, fold, known
        self._one_fold = np.zeros(len(samples), np.int64)
        self._sums = Products.of(expression, genes, samples, z, fold, self._one_fold)
        self._of_samples: Decomposition | None = None

    def out_of_fold(self) -> Residuals:
        """Return the residuals of all pairs, each predicted by the fit without the fold of its gene.

        They are those of new genes, as in the test. Residuals of fitted genes are smaller, and of another kind.
        """
        missed = np.empty((len(self._genes), len(self._samples)), np.float16)
        with bar(int(self._fold.max()) + 1, "residuals of training pairs", "fold") as meter:
            for fold in range(int(self._fold.max()) + 1):
                held = self._fold == fold
                of_fold = (self._genes[held], self._samples, self._x[held], self._z)
                known = self._known and Interaction(self._known.genes[held], self._known.samples)
                missed[held] = _missed(self._expression, *of_fold, self._fit(~held), known)
                meter.update(1)
        return Residuals(self._x, self._z, missed)

    def of_others(
        self, genes: Ints, samples: Ints, x: Floats, z: Floats, known: Interaction | None = None
    ) -> Residuals:
        """Return the residuals of other genes, predicted by the fit to all genes; `known` is of the others."""
        everything = self._fit(np.ones(len(self._genes), bool))
        return Residuals(x, z, _missed(self._expression, genes, samples, x, z, everything, known))

    def _fit(self, rows: Bools) -> Coefficients:
        columns = np.ones(len(self._samples), bool)
        corner = Corner.of(self._sums, self._x, self._z, self._fold, self._one_fold, rows, columns)
        if self._known is not None:
            corner = corner.without(self._known.genes[rows], self._known.samples)
        # The samples are the same in all fits.
        fitted = RotatedCorner.of(corner, samples=self._of_samples)
        self._of_samples = fitted.samples
        return fitted.coefficients(self._penalties)


def _missed(
    expression: NDArray[Any],
    genes: Ints,
    samples: Ints,
    x: Floats,
    z: Floats,
    coefficients: Coefficients,
    known: Interaction | None,
) -> NDArray[np.float16]:
    """Return log(1 + TPM) minus its prediction [gene, sample], block by block."""
    found = np.empty((len(genes), len(samples)), np.float16)
    gene_side, sample_side = coefficients.genes(x), coefficients.samples(z)
    if known is not None:
        gene_side = np.concatenate([gene_side, known.genes], axis=1)
        sample_side = np.concatenate([sample_side, known.samples], axis=1)
    gene_side, sample_side = gene_side.astype(np.float32), sample_side.astype(np.float32)
    for start in range(0, len(genes), _GENES_PER_BLOCK):
        block = slice(start, start + _GENES_PER_BLOCK)
        y = np.log1p(np.asarray(expression[genes[block]], dtype=np.float32)[:, samples])
        found[block] = y - coefficients.table(gene_side[block], sample_side)
    return found
