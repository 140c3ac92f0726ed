"""What a trained kernel has learnt: base probabilities, information, consensus, and the position of a motif."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax, xlogy

from ..arrays.sequence import BASES
from ..base.errors import TR300MError
from ..base.types import Floats
from ..metrics.point import pearson


class Match(NamedTuple):
    """Position at which a motif agrees best with a consensus.

    Attributes
    ----------
    offset
        Position of the consensus at which the motif begins; negative where it begins before the kernel.
    letters
        Number of letters of the motif that agree; letters outside the kernel do not.
    """

    offset: int
    letters: int


def probabilities(kernel: ArrayLike) -> Floats:
    """Return the base probabilities of a kernel under exponential activation.

    The activation at a site is the product of exp(weight) over the kernel's positions. For uniformly random bases, the
    share of each base in it is therefore the softmax of the position's weights, independent of the other positions.

    Parameters
    ----------
    kernel
        Weights [position, base ACGT].

    Returns
    -------
    array [position, base], float64
        Rows sum to 1.

    Raises
    ------
    TR300MError
        If the kernel has another shape or a weight that is not finite.
    """
    weights = np.asarray(kernel, dtype=np.float64)
    if weights.ndim != 2 or weights.shape[1] != len(BASES):
        raise TR300MError(f"the kernel has shape {weights.shape}", "give a kernel [position, base] with four bases")
    if not np.isfinite(weights).all():
        raise TR300MError("the kernel has weights that are not finite", "lower learning_rate")
    return np.asarray(softmax(weights, axis=1), dtype=np.float64)


def information(probability: ArrayLike) -> Floats:
    """Return the information of each position of base probabilities [position, base]: 2 minus the entropy, in bits."""
    p = np.asarray(probability, dtype=np.float64)
    return np.asarray(np.log2(len(BASES)) + xlogy(p, p).sum(axis=1) / np.log(2), dtype=np.float64)


def consensus(probability: ArrayLike) -> str:
    """Return the likeliest base of each position of base probabilities [position, base]; of equal ones the first."""
    return "".join(BASES[index] for index in np.argmax(np.asarray(probability), axis=1))


def best_match(text: str, motif: str) -> Match:
    """Align a motif with a consensus, on the same strand, so that as many letters as possible agree.

    Parameters
    ----------
    text
        Consensus of a kernel.
    motif
        Motif, which may extend beyond either end. The leftmost of several best positions is returned.

    Raises
    ------
    TR300MError
        If either is empty.
    """
    if not text or not motif:
        raise TR300MError("the consensus or the motif is empty")
    places = range(1 - len(motif), len(text))
    return max((Match(place, _agreeing(text, motif, place)) for place in places), key=lambda match: match.letters)


def _agreeing(text: str, motif: str, place: int) -> int:
    return sum(0 <= place + index < len(text) and text[place + index] == letter for index, letter in enumerate(motif))


def most_informative_kernel(activations: NDArray[Any], target: ArrayLike) -> int:
    """Return the kernel whose pooled activation correlates most with the target; the motif is not used.

    Parameters
    ----------
    activations
        Pooled activations [sequence, kernel], above 0.
    target
        Target counts [sequence], at least 0.

    Raises
    ------
    TR300MError
        If no activation varies, or the target does not.
    """
    logs = np.log1p(np.asarray(activations, dtype=np.float64))
    scores = np.array([abs(pearson(target, column)) for column in logs.T])
    if np.isnan(scores).all():
        raise TR300MError(
            "no kernel's activation correlates with the target", "draw more sequences, so that some carry the motif"
        )
    return int(np.nanargmax(scores))
