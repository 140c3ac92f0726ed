"""How much of what the simulator planted was found: figures beside what chance and a perfect model give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import binom, hypergeom, rankdata

from ..base.types import Floats, Ints
from ..metrics.intervals import Draws, percentile_interval, share_beyond_zero
from ..metrics.point import UNDEFINED
from .planted_truth import Planted

# Differences of log1p TPM below this are rounding: a float32 prediction has seven digits.
_ROUNDING = 1e-6
_COMPONENTS = ("genes", "tissues", "people")


class RecoveryScore(NamedTuple):
    """One figure: a row of the table. Undefined figures are NaN.

    `chance` is what a model that found nothing would get on average, `perfect` what one that knows the planted truth
    gets from the inputs it has; `p` the probability that chance does as well, where that can be told; `low` and `high`
    a 95 % interval.
    """

    question: str
    model: str
    found: float
    chance: float
    perfect: float
    low: float = UNDEFINED
    high: float = UNDEFINED
    p: float = UNDEFINED


@dataclass(frozen=True)
class SimulatedRun:
    """A run's saved predictions of validation pairs, arrays [pair], and which inputs it reads.

    `observed` and `median` are TPM; `levels` says whether it reads the regulators' levels, `histones` the histone tracks.
    """

    label: str
    levels: bool
    histones: bool
    gene: Ints
    sample: Ints
    observed: Floats
    median: Floats


def correlation(x: Floats, y: Floats) -> float:
    """Return Pearson's correlation; NaN if either is constant up to rounding, or there are fewer than two."""
    if x.size < 2 or np.ptp(x) < _ROUNDING or np.ptp(y) < _ROUNDING:
        return UNDEFINED
    return float(np.corrcoef(x, y)[0, 1])


def components(values: Floats, gene: Ints, tissue: Ints) -> dict[str, Floats]:
    """Take log expression of pairs apart: three arrays [pair] that add up to `values`.

    Parameters
    ----------
    values
        log1p TPM [pair].
    gene, tissue
        Of each pair [pair].

    Returns
    -------
    dict
        ``genes``, the mean of the gene's pairs; ``tissues``, the mean of the gene's pairs in the tissue minus that;
        ``people``, what remains.
    """
    by_gene = _group_means(values, gene)
    by_tissue = _group_means(values, gene * (int(tissue.max()) + 1) + tissue)
    return {"genes": by_gene, "tissues": by_tissue - by_gene, "people": values - by_tissue}


def _group_means(values: Floats, group: Ints) -> Floats:
    _, code, size = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray((np.bincount(code, values) / size)[code])


def expression_recovery(model: SimulatedRun, planted: Planted) -> list[RecoveryScore]:
    """Return how well predictions agree with the sampled expression, and part by part with the planted one.

    The perfect model knows the planted truth of what the run reads: openness where it reads histones, regulation where
    it reads levels. What the GC content of a promoter tells of its openness is not counted. A run that reads neither
    has no such figure.
    """
    tissue, predicted = planted.tissue[model.sample], np.log1p(model.median)
    whole = planted.log_expression(model.gene, model.sample)
    known = planted.log_expression(model.gene, model.sample, openness=model.histones, regulation=model.levels)
    sampled = np.log1p(model.observed)
    found = [
        RecoveryScore(
            "log Pearson with the simulated expression",
            model.label,
            correlation(predicted, sampled),
            0.0,
            correlation(known, sampled),
        )
    ]
    parts = [components(values, model.gene, tissue) for values in (predicted, whole, known)]
    for level, words in zip(_COMPONENTS, ("between genes", "between tissues of a gene", "between people"), strict=True):
        mine, all_planted, knowable = (part[level] for part in parts)
        found.append(
            RecoveryScore(
                f"correlation with the planted expression {words}",
                model.label,
                correlation(mine, all_planted),
                0.0,
                correlation(knowable, all_planted),
            )
        )
    return found


def variance_explained(model: SimulatedRun, planted: Planted) -> list[RecoveryScore]:
    """Return which share of the variance of simulated log1p TPM each planted part explains, on a model's pairs."""
    sampled = np.log1p(model.observed)
    chosen = {
        "openness, which histones show": (True, False),
        "regulation, motif by level": (False, True),
        "both": (True, True),
    }
    return [
        RecoveryScore(
            f"share of variance explained by {words}",
            "planted truth",
            correlation(planted.log_expression(model.gene, model.sample, openness=o, regulation=r), sampled) ** 2,
            0.0,
            1.0,
        )
        for words, (o, r) in chosen.items()
    ]


def slopes(changes: Floats, hits: Floats) -> Floats:
    """Return the least-squares slope of each driver's changes on its hits: the effect of a full hit [driver].

    Parameters
    ----------
    changes
        Change of log1p TPM per standard deviation of the driver's level [driver, pair].
    hits
        How far its motif is in the promoter [pair, driver].

    Returns
    -------
    ndarray
        NaN where all hits are equal.
    """
    centred = hits - hits.mean(axis=0)
    squares = np.sum(centred**2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(squares > _ROUNDING**2, np.einsum("kp,pk->k", changes, centred) / squares, UNDEFINED)


def motif_recovery(
    label: str, gene: Ints, sample: Ints, regulators: Sequence[str], changes: Floats, planted: Planted
) -> list[RecoveryScore]:
    """Return how much of the planted regulation is in a model.

    Parameters
    ----------
    label
        The model's name.
    gene, sample
        Of the pairs whose prediction was changed [pair].
    regulators
        Names of the regulators with a motif [regulator].
    changes
        What one standard deviation of a regulator's log level does to log1p of the predicted mean
        [regulator, pair] (`perturbation.level_changes`).
    planted
        The truth, of which the same is asked.

    Returns
    -------
    list
        Over the drivers: correlation over promoters and drivers of the changes, planted and found; rank correlation of
        the effects of a full hit (`slopes`) and how many have the right sign. Over all regulators: how many drivers are
        among the K, as many as there are drivers, whose level changes predictions the most (root mean square over
        pairs). Chance is a random order of regulators (hypergeometric) and a coin for each sign (binomial). Drivers
        without a motif among the dataset's are left out.
    """
    kept = [column for column, name in enumerate(planted.drivers) if name in regulators]
    rows = [list(regulators).index(planted.drivers[column]) for column in kept]
    hits, truth, mine = planted.hits[gene][:, kept], planted.changes(gene, sample)[kept], changes[rows]
    wanted, effects = slopes(truth, hits), slopes(mine, hits)
    top = np.argsort(-np.sqrt(np.mean(changes**2, axis=1)), kind="stable")[: len(kept)]
    right = int(np.count_nonzero(np.sign(effects) == np.sign(wanted)))
    among = len(set(top.tolist()) & set(rows))
    n, total = len(kept), len(regulators)
    return [
        RecoveryScore("motif effects: correlation over promoters and drivers", label, _flat(mine, truth), 0.0, 1.0),
        RecoveryScore(
            "motif effects: rank correlation over drivers",
            label,
            correlation(rankdata(effects), rankdata(wanted)) if np.isfinite(effects).all() else UNDEFINED,
            0.0,
            1.0,
        ),
        RecoveryScore(
            f"motif effects: right signs, of {n} drivers", label, right, n / 2, n, p=float(binom.sf(right - 1, n, 0.5))
        ),
        RecoveryScore(
            f"drivers among the {n} regulators that act most, of {total}",
            label,
            among,
            n * n / total,
            n,
            p=float(hypergeom.sf(among - 1, total, n, n)),
        ),
    ]


def _flat(x: Floats, y: Floats) -> float:
    return correlation(x.ravel(), y.ravel())


def histone_gain(
    without: SimulatedRun, with_histones: SimulatedRun, draws: tuple[Draws, Draws], planted: Planted
) -> RecoveryScore:
    """Return by how much histones are ahead: log Pearson with them minus without, paired draw by draw.

    Parameters
    ----------
    without, with_histones
        Predictions of the same pairs, by models that differ in the histone branch alone.
    draws
        Bootstrap draws of both, in this order.
    planted
        The truth: a perfect model gains what openness adds to regulation.

    Raises
    ------
    TR300MError
        If the two were not drawn alike.
    """
    (_, _, first, _, bound), (_, _, second, _, higher) = (
        expression_recovery(model, planted)[0][:5] for model in (without, with_histones)
    )
    differences = draws[1].minus(draws[0])["log_pearson"]
    return RecoveryScore(
        "histones ahead: difference of log Pearson",
        f"{with_histones.label} against {without.label}",
        second - first,
        0.0,
        higher - bound,
        *percentile_interval(differences),
        share_beyond_zero(differences),
    )


def recovery_table(found: Sequence[RecoveryScore]) -> Mapping[str, list[str]]:
    """Return the rows as columns of text; "undefined" where there is no figure, empty where none is meant."""
    return {
        "question": [row.question for row in found],
        "run": [row.model for row in found],
        "found": [_figure(row.found) for row in found],
        "chance": [_figure(row.chance) for row in found],
        "perfect": [_figure(row.perfect) for row in found],
        "95 % interval": ["" if np.isnan(row.low) else f"{row.low:z.3f} to {row.high:z.3f}" for row in found],
        "p of chance": ["" if np.isnan(row.p) else f"{row.p:.3g}" for row in found],
    }


def _figure(value: float) -> str:
    """Return a figure with three decimals, a count without."""
    if np.isnan(value):
        return "undefined"
    return str(value) if isinstance(value, int) else f"{value:z.3f}"
