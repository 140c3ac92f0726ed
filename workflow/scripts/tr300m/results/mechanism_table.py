"""The table of the test whether the mechanism helps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..base.types import Floats, Ints
from ..evaluation.mechanism import MechanismResult, PairingResult, drawn_correlations
from ..evaluation.pairing_test import PairingScores
from ..metrics.cluster_bootstrap import PairIndex, draw_weights
from ..metrics.intervals import Interval, percentile_interval
from ..metrics.point import UNDEFINED
from .random_pairings import PANELS, among_draws

OWN_PAIRING, BY_TISSUE, BESIDE_TISSUE = "own pairing", "tissue identity", "tissue identity and own pairing"
PERMUTED_LEVELS = ", levels of other samples"
SHUFFLED_PAIRINGS, RANDOM_GENES = "shuffled pairings", "levels of random genes"
SEEN_TISSUES, HELD_OUT_TISSUES = "seen", "held out"
MECHANISM_NOTES = (
    "Correlation of predicted and observed log(1 + TPM), both without the means of genes and of samples, on genes of "
    "chromosomes that were not fitted.",
    "Own pairing: each regulator's motif in the promoter times that regulator's level in the sample.",
    "Tissue identity: every motif times every tissue.",
    "z and p say how far the row lies above random pairings; p is the share of them that are at least as good, the "
    "row counted among them.",
)


class MechanismRow(NamedTuple):
    """One comparison: a row of the table. Undefined values are NaN.

    Attributes
    ----------
    model, tissues
        What predicts, and whether the tissues were seen in the fit.
    r
        Correlation.
    interval
        95 % interval of `r`.
    against
        What it is compared with.
    other, spread
        Correlation of that, or mean and standard deviation over random draws.
    difference
        95 % interval of the difference.
    z, p
        Distance from the mean in standard deviations, and share of draws that are at least as good.
    """

    model: str
    tissues: str
    r: float
    interval: Interval
    against: str = ""
    other: float = UNDEFINED
    spread: float = UNDEFINED
    difference: Interval = Interval(UNDEFINED, UNDEFINED)
    z: float = UNDEFINED
    p: float = UNDEFINED


@dataclass(frozen=True)
class _Intervals:
    """Bootstrap draws [draw] of own pairing, tissue identity and both."""

    own: Floats
    identity: Floats
    both: Floats


def _intervals(result: PairingResult, weights: Floats) -> _Intervals:
    return _Intervals(*(drawn_correlations(sums, result.observed, weights) for sums in result.genes))


def _values(scores: Sequence[PairingScores], field: str) -> Floats:
    return np.array([getattr(score, field).r for score in scores], dtype=np.float64)


def mechanism_rows(result: MechanismResult | str, cluster: Ints, draws: int, seed: int) -> list[MechanismRow]:
    """Return the rows of the table; none if there is no result.

    Parameters
    ----------
    result
        The result of `mechanism.mechanism`, or why there is none.
    cluster
        Cluster of genes that share promoters [gene]: genes are drawn in clusters.
    draws, seed
        Number and seed of the bootstrap draws.
    """
    if isinstance(result, str):
        return []
    one_sample = np.zeros(len(cluster), np.int64)
    index = PairIndex.of(np.arange(len(cluster)), one_sample, cluster, one_sample[:1])
    weights = draw_weights(index, "genes", draws, seed).genes
    return _rows(result.real, "", weights) + _rows(result.permuted, PERMUTED_LEVELS, weights)


def _rows(result: PairingResult, suffix: str, weights: Floats) -> list[MechanismRow]:
    drawn, nothing = _intervals(result, weights), Interval(UNDEFINED, UNDEFINED)
    rows = []
    for tissues, field, interval in (
        (SEEN_TISSUES, "seen", percentile_interval(drawn.own)),
        (HELD_OUT_TISSUES, "held_out", nothing),
    ):
        for against, scores in ((SHUFFLED_PAIRINGS, result.shuffled), (RANDOM_GENES, result.others)):
            if scores:
                r = getattr(result.own, field).r
                other, spread, z, p = among_draws(r, _values(scores, field))
                rows.append(MechanismRow(OWN_PAIRING + suffix, tissues, r, interval, against, other, spread, z=z, p=p))
    identity, both = result.identity.seen.r, result.own.beyond_identity.r
    interval = percentile_interval(drawn.both)
    if not suffix:
        rows.append(MechanismRow(BY_TISSUE, SEEN_TISSUES, identity, percentile_interval(drawn.identity)))
    difference = percentile_interval(drawn.both - drawn.identity)
    rows.append(
        MechanismRow(BESIDE_TISSUE + suffix, SEEN_TISSUES, both, interval, BY_TISSUE, identity, difference=difference)
    )
    other, spread, z, p = among_draws(both, _values(result.shuffled, "beyond_identity"))
    against = f"{BY_TISSUE} and {SHUFFLED_PAIRINGS}"
    return [*rows, MechanismRow(BESIDE_TISSUE + suffix, SEEN_TISSUES, both, interval, against, other, spread, z=z, p=p)]


def mechanism_columns(rows: Sequence[MechanismRow]) -> Mapping[str, list[str]]:
    """Return the rows as columns of text; what does not apply is empty."""
    return {
        "prediction": [row.model for row in rows],
        "tissues": [row.tissues for row in rows],
        "correlation": [_text(row.r, ".3f") or "undefined" for row in rows],
        "95 % interval": [_range(row.interval) for row in rows],
        "compared with": [row.against for row in rows],
        "its correlation": [_text(row.other, ".3f") for row in rows],
        "standard deviation": [_text(row.spread, ".4f") for row in rows],
        "95 % interval of the difference": [_range(row.difference) for row in rows],
        "z": [_text(row.z, ".1f") for row in rows],
        "p": [_text(row.p, ".2g") for row in rows],
    }


def _text(value: float, form: str) -> str:
    return "" if np.isnan(value) else format(value, f"z{form}")


def _range(interval: Interval) -> str:
    return "" if np.isnan(interval.low) else f"{interval.low:z.3f} to {interval.high:z.3f}"


def correlations_by_panel(result: MechanismResult | str) -> dict[str, Floats]:
    """Return the correlations of own and shuffled pairings for each of `PANELS`, own first [1 + draw]."""
    if isinstance(result, str):
        return {field: np.empty(0) for field in PANELS}
    return {field: _values([result.real.own, *result.real.shuffled], field) for field in PANELS}


def sizes_note(result: MechanismResult | str) -> str:
    """Return a sentence with the sizes of the test, or why there is none."""
    if isinstance(result, str):
        return f"{result[0].upper()}{result[1:]}."
    return (
        f"{result.regulators} regulators, {result.folds} folds of genes, {result.groups} lots of tissues held out in "
        f"turn, {len(result.real.shuffled)} random pairings."
    )
