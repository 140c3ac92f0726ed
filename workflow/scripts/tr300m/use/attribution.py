"""What regulators are worth to a prediction: integrated gradients on motif scores times levels.

A prediction is compared with that of a baseline, the mean features of shuffled copies of the promoter that keep its
dinucleotides. On the straight path between the two, the gradient of the model with respect to each feature is averaged
and multiplied by the feature's change (Sundararajan et al. 2017). These attributions add up to the difference between
the two predictions.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import progress
from ..base.types import Floats, Ints
from ..dataset.dinucleotide_shuffle import encode, letters_of, shuffle_codes

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

COPIES = 20
"""Shuffled promoters of which the baseline is the mean."""
_POINTS, MOST_PIECES = 16, 64
"""Points on each piece of the path at which gradients are taken, and the largest number of pieces."""
ENOUGH, MOST_RESIDUAL = 0.002, 0.01
"""Residual, as a share of the difference, at which no piece is divided any more, and the largest that is accepted."""
SMALLEST_DIFFERENCE = 0.1
"""Difference of log(1 + TPM) that the residual is a share of where the true one is smaller."""


class Explained(NamedTuple):
    """A prediction in one context, as a sum of what sites of motifs and other features add to the baseline.

    Attributes
    ----------
    scalar
        Number that is explained, in words.
    before, after
        Its value at the baseline and at the promoter.
    motif, start, end, value
        Motif, place in the window (index of the first position, and of the one after the last) and attribution [site].
    names
        Names of motifs [motif].
    kernels
        Motifs in bits [width, base, motif].
    shares
        Share of each motif's attribution that is a regulator's [motif, regulator].
    others
        Attribution of everything else that the sequence changes, by name.
    """

    scalar: str
    before: float
    after: float
    motif: Ints
    start: Ints
    end: Ints
    value: Floats
    names: tuple[str, ...]
    kernels: Floats
    shares: Floats
    others: dict[str, float]

    @property
    def residual(self) -> float:
        """What the attributions lack of the difference between promoter and baseline."""
        return self.after - self.before - float(self.value.sum()) - sum(self.others.values())

    @property
    def residual_share(self) -> float:
        """Size of the residual as a share of the difference, or of `SMALLEST_DIFFERENCE` if that is larger."""
        return abs(self.residual) / max(abs(self.after - self.before), SMALLEST_DIFFERENCE)


@runtime_checkable
class Explainable(Protocol):
    """A model whose predictions can be explained by regulators."""

    def explained(self, query: "Dataset", row: int, shuffled: NDArray[Any]) -> Iterator[Explained]:
        """Yield the explanation of a promoter in each context of a query.

        `shuffled` are copies of the promoter [copy, position, base], whose mean features are the baseline.
        """
        ...


def explain(model: object, query: "Dataset", row: int, *, baselines: int = COPIES, seed: int = 3) -> list[Explained]:
    """Explain the prediction of a promoter in each context of a query.

    Parameters
    ----------
    model
        A model.
    query
        Promoters in contexts.
    row
        The promoter.
    baselines
        Number of shuffled copies.
    seed
        Seed of the shuffles.

    Raises
    ------
    TR300MError
        If the model cannot be explained, or the attributions lack more than `MOST_RESIDUAL` of the difference.
    """
    name = getattr(model, "name", "the model")
    if not isinstance(model, Explainable):
        raise TR300MError(f"{name} has no gradients to explain it by", "name a network or a factorised model")
    codes = np.repeat(encode(np.asarray(query.onehot[row : row + 1])), baselines, axis=0)
    shuffled = letters_of(shuffle_codes(codes, np.random.default_rng(seed)))
    contexts = query.samples.sample_id.tolist()
    found = []
    explained = model.explained(query, row, shuffled)
    for context, one in zip(contexts, progress(explained, total=len(contexts), what=str(name), unit="contexts"),
                            strict=True):  # fmt: skip
        if not one.residual_share <= MOST_RESIDUAL:
            raise TR300MError(
                f"{name}: attributions of {query.genes.gene_name[row]} in {context} lack {one.residual_share:.1%} of "
                f"the difference, more than {MOST_RESIDUAL:.0%}",
                "try another seed, or use `tr300m ism`, which needs no gradients",
            )
        found.append(one)
    return found


def along_path(
    at: Callable[[Floats, Floats], tuple[dict[str, Floats], Floats]], moved: Callable[[dict[str, Floats]], float]
) -> tuple[dict[str, Floats], float, float]:
    """Integrate gradients along the path, by Gauss-Legendre quadrature of its pieces.

    A network's gradient jumps along the path. The piece whose integral differs most from the difference between its
    ends is therefore halved, until the integrals add up.

    Parameters
    ----------
    at
        Function of points from 0 to 1 and their weights [point] that returns weighted sums of gradients by name, and
        the explained number at the points.
    moved
        Function of gradients that returns by how much they change the explained number.

    Returns
    -------
    tuple
        Gradients, integrated over the path, by name; the explained number at the baseline and at the promoter.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)

    def piece(start: float, end: float) -> _Piece:
        half = (end - start) / 2
        # The ends have no weight: only the number itself is wanted there.
        found, values = at(np.append(start + half * (nodes + 1), [start, end]), np.append(half * weights, [0.0, 0.0]))
        before, after = values[-2:].tolist()
        return _Piece(abs(moved(found) - (after - before)), start, end, before, after, found)

    pieces = [piece(0.0, 0.5), piece(0.5, 1.0)]
    before, after = pieces[0].before, pieces[1].after
    enough = ENOUGH * max(abs(after - before), SMALLEST_DIFFERENCE)
    while len(pieces) < MOST_PIECES and sum(one.error for one in pieces) > enough:
        worst = max(pieces, key=lambda one: one.error)
        pieces = [one for one in pieces if one is not worst]
        middle = (worst.start + worst.end) / 2
        pieces += [piece(worst.start, middle), piece(middle, worst.end)]
    names = pieces[0].gradients
    return {name: np.sum([one.gradients[name] for one in pieces], axis=0) for name in names}, before, after


class _Piece(NamedTuple):
    """A piece of the path: what the integral lacks of the difference between its ends, and the integral."""

    error: float
    start: float
    end: float
    before: float
    after: float
    gradients: dict[str, Floats]


def level_shares(dataset: "Dataset", levels: NDArray[Any] | None) -> Floats:
    """Return the share of each regulator in the level of each motif [motif, regulator].

    The level of a motif is the sum of the TPM of the regulators that bind it. Where it is 0, and for models that read
    no levels, they have equal shares.

    Parameters
    ----------
    dataset
        Dataset with the map of regulators and motifs.
    levels
        TPM of regulators [regulator]; None for models that read no levels.
    """
    binds = np.asarray(dataset.motif_map.T, np.float64)
    weights = binds if levels is None else binds * np.asarray(levels, np.float64)
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, binds)
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-30))
