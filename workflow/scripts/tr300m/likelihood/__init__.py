"""Output distributions by name: what a run's column `likelihood` may hold."""

from typing import Any, Protocol

from numpy.typing import ArrayLike, NDArray

from .nb_exponential import NbExponential


class Likelihood(Protocol):
    """What training, prediction and figures need of an output distribution; TPM throughout."""

    @property
    def n_outputs(self) -> int:
        """Raw numbers per pair."""
        ...

    def nll(self, y: Any, raw: Any) -> Any:
        """Negative log likelihood [pair] of tensors `y` [pair] and `raw` [pair, n_outputs]."""
        ...

    def cdf(self, y: ArrayLike, raw: ArrayLike) -> NDArray[Any]:
        """Probability [pair] of at most `y`."""
        ...

    def density(self, y: ArrayLike, raw: ArrayLike) -> NDArray[Any]:
        """Density [pair] at `y`."""
        ...

    def median(self, raw: ArrayLike) -> NDArray[Any]:
        """Median [pair]: the point estimate."""
        ...

    def mean(self, raw: ArrayLike) -> NDArray[Any]:
        """Mean [pair]."""
        ...


LIKELIHOODS: dict[str, Likelihood] = {"nb_exponential": NbExponential()}
