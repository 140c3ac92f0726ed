"""What the closed form misses of training pairs that it was not fitted to: the target of learned interactions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..base.progress import bar
from ..base.types import Bools, Floats, Ints
from .choose import inner_masks
from .two_sided_ridge import Penalties, Rotated

_GENES_PER_BLOCK = 256
STOPPING_FOLD = 0
"""Inner fold that does not train, but says when to stop."""


@dataclass(frozen=True)
class Residuals:
    """Residuals of all training pairs, and the features of their genes and samples.

    Attributes
    ----------
    x, z
        Features of the training genes [gene, feature] and samples [sample, feature].
    missed
        log(1 + TPM) minus its prediction [gene, sample], float16: it rounds a residual of 1 by 0.0005 at most.
    genes_aside, samples_aside
        Genes and samples of the inner fold that says when to stop; none of these genes may train.
    samples_fitted
        Samples that may train.
    """

    x: Floats
    z: Floats
    missed: NDArray[np.float16]
    genes_aside: Bools
    samples_aside: Bools
    samples_fitted: Bools

    @classmethod
    def out_of_fold(
        cls,
        expression: NDArray[Any],
        genes: Ints,
        samples: Ints,
        x: Floats,
        z: Floats,
        inner: Sequence[Rotated],
        penalties: Penalties,
        gene_fold: Ints,
        sample_fold: Ints,
    ) -> Self:
        """Predict the genes of each inner fold by the closed form that was fitted without them, in one pass.

        The residuals are then those of new genes, as in the test, and not those of genes that were fitted.

        Parameters
        ----------
        expression
            TPM [gene, sample] of the dataset.
        genes, samples
            Training genes and samples.
        x, z
            Their features.
        inner
            The fits without each fold (`choose.inner_fits`).
        penalties
            Penalties of these fits.
        gene_fold, sample_fold
            Inner fold of each training gene and sample.
        """
        missed = np.empty((len(genes), len(samples)), np.float16)
        with bar(len(genes), "residuals of all training pairs", "gene") as meter:
            for fold, fit in enumerate(inner):
                coefficients = fit.fitted.coefficients(penalties)
                sample_side = coefficients.samples(z).astype(np.float32)
                of_fold = np.flatnonzero(gene_fold == fold)
                for start in range(0, len(of_fold), _GENES_PER_BLOCK):
                    rows = of_fold[start : start + _GENES_PER_BLOCK]
                    y = np.log1p(np.asarray(expression[genes[rows]], dtype=np.float32)[:, samples])
                    missed[rows] = y - coefficients.table(coefficients.genes(x[rows]).astype(np.float32), sample_side)
                    meter.update(len(rows))
        return cls(x, z, missed, *inner_masks(STOPPING_FOLD, gene_fold, sample_fold))
