"""Products of two matrices of the same rows, over any folds of the rows."""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..base.types import Floats, Ints


class FoldProducts(NamedTuple):
    """Sums of products of two matrices over the rows of each fold.

    Attributes
    ----------
    products
        left' right [fold, column of left, column of right].
    left, right
        Sums of the rows [fold, column].
    rows
        Number of rows [fold].
    """

    products: NDArray[Any]
    left: Floats
    right: Floats
    rows: Ints

    @classmethod
    def of(cls, left: NDArray[Any], right: NDArray[Any], fold: Ints, dtype: DTypeLike = np.float32) -> Self:
        """Sum up matrices of the same rows, with products in a precision.

        float32 is for products over all genes that only choose a penalty: they take most of the time.
        """
        count = int(fold.max()) + 1
        products = np.empty((count, left.shape[1], right.shape[1]), dtype)
        sums = np.empty((count, left.shape[1])), np.empty((count, right.shape[1]))
        for one in range(count):
            a = np.compress(fold == one, left, axis=0).astype(dtype, copy=False)
            # The product of a matrix with itself takes half of the time.
            b = a if right is left else np.compress(fold == one, right, axis=0).astype(dtype, copy=False)
            np.matmul(a.T, b, out=products[one])
            for total, rows in zip(sums, (a, b), strict=True):
                total[one] = rows.sum(axis=0, dtype=np.float64)
        return cls(products, *sums, np.bincount(fold))

    def centred(self, folds: Ints) -> Floats:
        """Return the products over some folds, of columns without their means over them."""
        means = np.outer(self.left[folds].sum(axis=0), self.right[folds].sum(axis=0)) / self.rows[folds].sum()
        return np.asarray(self.products[folds].sum(axis=0, dtype=np.float64) - means)
