"""Output distributions by name, as in the column `likelihood` of the run table."""

import dataclasses
from typing import Any, Protocol, cast

from numpy.typing import ArrayLike, NDArray

from ...base.errors import TR300MError
from .nb_exponential import NbExponential
from .zero_lognormal_mixture import ZeroLognormalMixture


class Likelihood(Protocol):
    """Interface of an output distribution of TPM, for training, prediction and figures."""

    @property
    def name(self) -> str:
        """Key in `LIKELIHOODS`."""
        ...

    @property
    def n_outputs(self) -> int:
        """Number of raw outputs per pair."""
        ...

    def nll(self, y: Any, raw: Any) -> Any:
        """Return the negative log likelihood [pair] of tensors `y` [pair] and `raw` [pair, n_outputs]."""
        ...

    def cdf(self, y: ArrayLike, raw: ArrayLike) -> NDArray[Any]:
        """Return the probability [pair] of at most `y`."""
        ...

    def density(self, y: ArrayLike, raw: ArrayLike) -> NDArray[Any]:
        """Return the density [pair] at `y`, the exponential of minus `nll`."""
        ...

    def atom(self, raw: ArrayLike) -> NDArray[Any]:
        """Return the probability [pair] of exactly 0 TPM in `density`; 0 if it has no atom."""
        ...

    def median(self, raw: ArrayLike) -> NDArray[Any]:
        """Return the median [pair], which is the point estimate."""
        ...

    def quantile(self, probability: float, raw: ArrayLike) -> NDArray[Any]:
        """Return the quantile [pair] of a probability between 0 and 1."""
        ...

    def mean(self, raw: ArrayLike) -> NDArray[Any]:
        """Return the mean [pair]."""
        ...


LIKELIHOODS: dict[str, Likelihood] = {
    "nb_exponential": NbExponential(),
    "zero_lognormal_mixture": ZeroLognormalMixture(),
}


def make_likelihood(name: str, **settings: Any) -> Likelihood:
    """Make an output distribution by name; settings that are not given keep their defaults.

    Raises
    ------
    TR300MError
        If the name or a setting is unknown.
    """
    if name not in LIKELIHOODS:
        raise TR300MError(f"unknown likelihood {name!r}", f"known are {', '.join(LIKELIHOODS)}")
    try:
        return cast(Likelihood, dataclasses.replace(cast(Any, LIKELIHOODS[name]), **settings))
    except TypeError:
        raise TR300MError(f"likelihood {name} does not take the settings {', '.join(settings)}") from None


def settings_of(likelihood: Any) -> dict[str, Any]:
    """Return the name and settings from which `make_likelihood` makes the same distribution."""
    return {"name": likelihood.name, **dataclasses.asdict(likelihood)}
