"""Output distributions by name: what a run's column `likelihood` may hold."""

import dataclasses
from typing import Any, Protocol, cast

from numpy.typing import ArrayLike, NDArray

from ...base.errors import TR300MError
from .nb_exponential import NbExponential
from .zero_lognormal_mixture import ZeroLognormalMixture


class Likelihood(Protocol):
    """What training, prediction and figures need of an output distribution; TPM throughout."""

    @property
    def name(self) -> str:
        """Its key in `LIKELIHOODS`."""
        ...

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
        """Density [pair] at `y`; the exponential of minus `nll`."""
        ...

    def atom(self, raw: ArrayLike) -> NDArray[Any]:
        """Probability [pair] that `density` gives to exactly 0 TPM; 0 where it is a density there too."""
        ...

    def median(self, raw: ArrayLike) -> NDArray[Any]:
        """Median [pair]: the point estimate."""
        ...

    def quantile(self, level: float, raw: ArrayLike) -> NDArray[Any]:
        """Quantile [pair], 0 < level < 1."""
        ...

    def mean(self, raw: ArrayLike) -> NDArray[Any]:
        """Mean [pair]."""
        ...


LIKELIHOODS: dict[str, Likelihood] = {
    "nb_exponential": NbExponential(),
    "zero_lognormal_mixture": ZeroLognormalMixture(),
}


def make_likelihood(name: str, **settings: Any) -> Likelihood:
    """Make an output distribution by name; settings it is not given keep their defaults.

    Raises
    ------
    TR300MError
        If there is none of that name, or it has no such setting.
    """
    if name not in LIKELIHOODS:
        raise TR300MError(f"unknown likelihood {name!r}", f"known are {', '.join(LIKELIHOODS)}")
    try:
        return cast(Likelihood, dataclasses.replace(cast(Any, LIKELIHOODS[name]), **settings))
    except TypeError:
        raise TR300MError(f"likelihood {name} does not take the settings {', '.join(settings)}") from None


def settings_of(likelihood: Any) -> dict[str, Any]:
    """Return the name and settings that `make_likelihood` makes the same distribution from."""
    return {"name": likelihood.name, **dataclasses.asdict(likelihood)}
