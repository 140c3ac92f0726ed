"""What every verb needs of a model: raw numbers of edited promoters in contexts, and what they mean."""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

Raw = NDArray[np.floating[Any]]


class PromoterScorer(Protocol):
    """A model at one promoter of a query: it knows what does not change with the sequence."""

    def __call__(self, windows: NDArray[Any]) -> Raw:
        """Return raw numbers [window, context, output] of edited promoters [window, position, base].

        A window that equals the promoter of the query gives the very numbers of every other such window.
        """
        ...


class SequenceModel(Protocol):
    """A trained model that predicts expression from the sequence of a promoter in contexts."""

    @property
    def name(self) -> str:
        """Name of the run."""
        ...

    @property
    def reads_tissue(self) -> bool:
        """Whether predictions depend on the tissue."""
        ...

    @property
    def reads_levels(self) -> bool:
        """Whether predictions depend on levels of regulators."""
        ...

    @property
    def reads_histones(self) -> bool:
        """Whether predictions depend on histone marks."""
        ...

    def at(self, query: "Dataset", row: int) -> PromoterScorer:
        """Return the model at a promoter (gene `row`) of a query, in all its contexts."""
        ...

    def mean(self, raw: Raw) -> Floats:
        """Return the expected TPM [...] by which changes are measured.

        The mean of the predicted distribution for networks. Factorised models predict the mean of log(1 + TPM), and
        this is exp(it) - 1: the mean of their distribution follows its tail more than the prediction.
        """
        ...

    def distribution_mean(self, raw: Raw) -> Floats:
        """Return the mean of the predicted distribution [...], TPM, as in the tables of results."""
        ...

    def median(self, raw: Raw) -> Floats:
        """Return the point estimate [...], TPM, as in the tables of results."""
        ...

    def quantile(self, probability: float, raw: Raw) -> Floats:
        """Return a quantile of the predicted distribution [...], TPM."""
        ...
