"""What a trained kernel has learnt: base probabilities, information, consensus, and where a motif lies in it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax, xlogy

from ..arrays.sequence import BASES
from ..base.errors import TR300MError
from ..base.types import Floats
from ..metrics.point import pearson


class Match(NamedTuple):
    """Where a motif agrees best with a consensus.

    Attributes
    ----------
    offset
        Position of the consensus at which the motif begins; negative where it begins before the kernel.
    letters
        Letters of the motif that agree; those outside the kernel count as wrong.
    """

    offset: int
    letters: int


def probabilities(kernel: ArrayLike) -> Floats:
    """Return the base probabilities of a kernel under exponential activation.

    The activation at a place is a product over positions of exp(weight). Over uniformly random bases each base's share
    of it is therefore the softmax of the position's weights, whatever the other positions hold.

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
        raise TR300MError(f"the kernel has shape {weights.shape}", "a kernel is [position, base], with four bases")
    if not np.isfinite(weights).all():
        raise TR300MError("the kernel holds weights that are not finite", "did training diverge? lower learning_rate")
    return np.asarray(softmax(weights, axis=1), dtype=np.float64)


def information(probability: ArrayLike) -> Floats:
    """Return the information of each position of base probabilities [position, base]: 2 minus the entropy, in bits."""
    p = np.asarray(probability, dtype=np.float64)
    return np.asarray(np.log2(len(BASES)) + xlogy(p, p).sum(axis=1) / np.log(2), dtype=np.float64)


def consensus(probability: ArrayLike) -> str:
    """Return the likeliest base of each position of base probabilities [position, base]; of equal ones the first."""
    return "".join(BASES[index] for index in np.argmax(np.asarray(probability), axis=1))


def best_match(text: str, motif: str) -> Match:
    """Lay a motif along a consensus, on the same strand, so that most letters agree.

    Parameters
    ----------
    text
        Consensus of a kernel.
    motif
        May stick out at either end. Of equally good places the leftmost is taken.

    Raises
    ------
    TR300MError
        If either is empty.
    """
    if not text or not motif:
        raise TR300MError("a consensus and a motif of at least one letter are needed")
    places = range(1 - len(motif), len(text))
    return max((Match(place, _agreeing(text, motif, place)) for place in places), key=lambda match: match.letters)


def _agreeing(text: str, motif: str, place: int) -> int:
    return sum(0 <= place + index < len(text) and text[place + index] == letter for index, letter in enumerate(motif))


def most_informative_kernel(activations: NDArray[Any], target: ArrayLike) -> int:
    """Return the kernel whose pooled activation says most about the target: the motif itself is not asked.

    Parameters
    ----------
    activations
        Pooled activations [sequence, kernel], above 0.
    target
        Target [sequence], at least 0.

    Raises
    ------
    TR300MError
        If no kernel's activation or not the target varies.
    """
    logs = np.log1p(np.asarray(activations, dtype=np.float64))
    scores = np.array([abs(pearson(target, column)) for column in logs.T])
    if np.isnan(scores).all():
        raise TR300MError(
            "no kernel's activation goes with the target", "draw more sequences, so that some carry the motif"
        )
    return int(np.nanargmax(scores))
