"""Recovery of the planted truth: scores of a run beside the scores of chance and of a perfect model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from scipy.stats import binom, hypergeom, rankdata

from ..base.types import Floats, Ints
from ..metrics.intervals import Draws, percentile_interval, share_beyond_zero
from ..metrics.point import UNDEFINED
from .planted_truth import Planted

# Smaller differences of log1p TPM are rounding errors, because a float32 prediction has seven digits.
_ROUNDING = 1e-6
RECOVERY_NOTES = (
    "Validation pairs of the thesis's split.",
    "Chance: mean score of a model that recovered nothing.",
    "Perfect: score of a model that knows the planted parameters behind the run's inputs.",
    "A run without histones can exceed it, because GC content is related to openness.",
    "Motif effects: the log TPM of each regulator is set one standard deviation below and above its mean.",
)
_COMPONENTS = ("genes", "tissues", "people")


class RecoveryScore(NamedTuple):
    """One score: a row of the table. Undefined values are NaN.

    Attributes
    ----------
    question, model
        Description of the score, and name of the run.
    found, chance, perfect
        Score of the run, mean score of a model that recovered nothing, and score of a model that knows the planted
        parameters behind the run's inputs.
    low, high
        95 % interval.
    p
        Probability that chance scores at least as well.
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
    """Predictions of a run for validation pairs, and the inputs that it reads.

    Attributes
    ----------
    label
        Name of the run.
    levels, histones
        Whether the run reads the levels of regulators, and the histone tracks.
    gene, sample, observed, median
        Indices into the dataset's axes, observed TPM, and predicted median, each [pair].
    """

    label: str
    levels: bool
    histones: bool
    gene: Ints
    sample: Ints
    observed: Floats
    median: Floats

    @classmethod
    def read(cls, path: Path | str, label: str, levels: bool, histones: bool) -> Self:
        """Read the predictions of a run."""
        with np.load(path) as saved:
            arrays = (saved[name] for name in ("gene", "sample", "observed", "median"))
            return cls(label, levels, histones, *arrays)


def correlation(x: Floats, y: Floats) -> float:
    """Return Pearson's correlation; NaN if either is constant up to rounding, or there are fewer than two values."""
    if x.size < 2 or np.ptp(x) < _ROUNDING or np.ptp(y) < _ROUNDING:
        return UNDEFINED
    return float(np.corrcoef(x, y)[0, 1])


def components(values: Floats, gene: Ints, tissue: Ints) -> dict[str, Floats]:
    """Decompose log expression of pairs into three arrays [pair] that add up to `values`.

    Parameters
    ----------
    values
        log1p TPM [pair].
    gene, tissue
        Gene and tissue of each pair [pair].

    Returns
    -------
    dict
        ``genes``, the mean of the gene's pairs; ``tissues``, the mean of the gene's pairs in the tissue minus the mean
        of the gene; ``people``, the rest.
    """
    by_gene = _group_means(values, gene)
    by_tissue = _group_means(values, gene * (int(tissue.max()) + 1) + tissue)
    return {"genes": by_gene, "tissues": by_tissue - by_gene, "people": values - by_tissue}


def _group_means(values: Floats, group: Ints) -> Floats:
    _, code, size = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray((np.bincount(code, values) / size)[code])


def expression_recovery(model: SimulatedRun, planted: Planted) -> list[RecoveryScore]:
    """Return how well predictions agree with the simulated expression, and with the components of the planted one.

    The perfect model knows the planted parameters behind the run's inputs: openness if it reads histones, regulation if
    it reads levels. That GC content is related to openness is not considered. For a run that reads neither, the score
    of the perfect model is undefined.
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
    split = [components(values, model.gene, tissue) for values in (predicted, whole, known)]
    for component, words in zip(
        _COMPONENTS, ("between genes", "between tissues of a gene", "between people"), strict=True
    ):
        mine, all_planted, knowable = (values[component] for values in split)
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
    """Return the share of variance of simulated log1p TPM that each planted effect explains, on a run's pairs."""
    sampled = np.log1p(model.observed)
    chosen = {
        "openness, which histones measure": (True, False),
        "regulation, motif times level": (False, True),
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
    """Return the least-squares slope of each driver's changes on its hits: the effect of a full motif hit [driver].

    Parameters
    ----------
    changes
        Change of log1p TPM per standard deviation of the driver's level [driver, pair].
    hits
        Completeness of its motif in the promoter [pair, driver].

    Returns
    -------
    ndarray
        Slopes [driver]; NaN if all hits are equal.
    """
    centred = hits - hits.mean(axis=0)
    squares = np.sum(centred**2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(squares > _ROUNDING**2, np.einsum("kp,pk->k", changes, centred) / squares, UNDEFINED)


def motif_recovery(
    label: str, gene: Ints, sample: Ints, regulators: Sequence[str], changes: Floats, planted: Planted
) -> list[RecoveryScore]:
    """Return how much of the planted regulation a model recovered.

    Parameters
    ----------
    label
        Name of the run.
    gene, sample
        Indices of the perturbed pairs [pair].
    regulators
        Names of the regulators with a motif [regulator].
    changes
        Change of log1p of the predicted TPM per standard deviation of a regulator's log level [regulator, pair]
        (`regulator_perturbation.level_changes`).
    planted
        The planted effects.

    Returns
    -------
    list
        Over the drivers: the correlation between planted and predicted changes over promoters and drivers; the rank
        correlation of the effects of a full hit (`slopes`); and the number of effects with the correct sign. Over all
        regulators: the number of drivers among the K regulators with the largest changes (root mean square over pairs),
        where K is the number of drivers. Chance is a random order of regulators (hypergeometric), and a random sign for
        each effect (binomial). Drivers without a motif in the dataset are left out.
    """
    kept = [column for column, name in enumerate(planted.drivers) if name in regulators]
    rows = [list(regulators).index(planted.drivers[column]) for column in kept]
    hits, changed, mine = planted.hits[gene][:, kept], planted.changes(gene, sample)[kept], changes[rows]
    wanted, effects = slopes(changed, hits), slopes(mine, hits)
    top = np.argsort(-np.sqrt(np.mean(changes**2, axis=1)), kind="stable")[: len(kept)]
    right = int(np.count_nonzero(np.sign(effects) == np.sign(wanted)))
    among = len(set(top.tolist()) & set(rows))
    n, total = len(kept), len(regulators)
    return [
        RecoveryScore(
            "motif effects: correlation over promoters and drivers",
            label,
            correlation(mine.ravel(), changed.ravel()),
            0.0,
            1.0,
        ),
        RecoveryScore(
            "motif effects: rank correlation over drivers",
            label,
            correlation(rankdata(effects), rankdata(wanted)) if np.isfinite(effects).all() else UNDEFINED,
            0.0,
            1.0,
        ),
        RecoveryScore(
            f"motif effects: correct signs, of {n} drivers",
            label,
            right,
            n / 2,
            n,
            p=float(binom.sf(right - 1, n, 0.5)),
        ),
        RecoveryScore(
            f"drivers among the {n} regulators with the largest effects, of {total}",
            label,
            among,
            n * n / total,
            n,
            p=float(hypergeom.sf(among - 1, total, n, n)),
        ),
    ]


def histone_gain(
    without: SimulatedRun, with_histones: SimulatedRun, draws: tuple[Draws, Draws], planted: Planted
) -> RecoveryScore:
    """Return the gain from histones: the log Pearson correlation with them minus without, with paired draws.

    Parameters
    ----------
    without, with_histones
        Predictions of the same pairs by two runs that differ only in the histone branch.
    draws
        Bootstrap draws of both, in this order.
    planted
        The planted effects: a perfect model gains what openness adds to regulation.

    Raises
    ------
    TR300MError
        If the draws have different pairs or random numbers.
    """
    (_, _, first, _, bound), (_, _, second, _, higher) = (
        expression_recovery(model, planted)[0][:5] for model in (without, with_histones)
    )
    differences = draws[1].minus(draws[0])["log_pearson"]
    return RecoveryScore(
        "gain from histones: difference of log Pearson",
        f"{with_histones.label} against {without.label}",
        second - first,
        0.0,
        higher - bound,
        *percentile_interval(differences),
        share_beyond_zero(differences),
    )


def recovery_scores(
    runs: Mapping[str, SimulatedRun],
    changes: Mapping[str, Path | str],
    pairs: Sequence[tuple[str, str]],
    draws: Mapping[str, Draws],
    planted: Planted,
) -> list[RecoveryScore]:
    """Return all scores of the runs of a results folder.

    Parameters
    ----------
    runs
        Runs by name; the explained variance is computed on the pairs of the first.
    changes
        Files with the arrays of `regulator_perturbation.level_changes`, by name of the run.
    pairs
        Names of runs that differ only in the histone branch: without and with it.
    draws
        Bootstrap draws by name of the run, for the runs of `pairs`.
    planted
        The planted effects.
    """
    found = variance_explained(next(iter(runs.values())), planted)
    for run, path in changes.items():
        with np.load(path) as saved:
            names = saved["regulator"].tolist()
            found += motif_recovery(run, saved["gene"], saved["sample"], names, saved["change"], planted)
    found += [histone_gain(runs[a], runs[b], (draws[a], draws[b]), planted) for a, b in pairs]
    return found + [score for run in runs.values() for score in expression_recovery(run, planted)]


def recovery_table(found: Sequence[RecoveryScore]) -> Mapping[str, list[str]]:
    """Return the rows as columns of text; undefined scores read "undefined", absent intervals and p are empty."""
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
    """Return a score with three decimals, or a count without decimals."""
    if np.isnan(value):
        return "undefined"
    return str(value) if isinstance(value, int) else f"{value:z.3f}"
