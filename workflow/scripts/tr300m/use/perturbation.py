"""Perturbations: what a model predicts when the levels of regulators are set or scaled.

A perturbation is one more context: the levels of a tissue or sample with some of them changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.axes import Regulators
from ..base.errors import TR300MError
from ..base.progress import bar
from ..base.types import Bools, Floats, Ints
from ..dataset.tf_levels import own_regulators
from .contexts import Contexts, in_contexts, nearest_names
from .fold_changes import fold_change, over_runs

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from .model import SequenceModel
    from .predictor import Predictor

RANGE = (5, 95)
"""Percentiles of the observed range of a level."""
CONTEXTS_PER_BLOCK = 64
"""Contexts that a model takes at once: networks keep a dense layer for each."""
_TEXT = ("gene", "part", "context", "regulator")
_OF_REGULATORS = ("level_before", "level_after", "range_low", "range_high")


class LevelChange(NamedTuple):
    """A change of the level of one regulator, to ``scale`` times its level plus ``level``.

    Attributes
    ----------
    regulator
        Index of the regulator.
    scale
        Factor of its level; 0 where the level is set.
    level
        Level to which it is set (TPM); 0 where it is scaled.
    """

    regulator: int
    scale: float
    level: float


Perturbation = tuple[LevelChange, ...]
"""Changes that are made together."""


def level_changes_of(regulators: Regulators, set_to: Sequence[str], scale_by: Sequence[str]) -> Perturbation:
    """Read changes as a user writes them.

    Parameters
    ----------
    regulators
        Regulators of the dataset.
    set_to, scale_by
        Texts such as ``HNF4A=0``: a name or Ensembl ID, and a level (TPM) or a factor.

    Raises
    ------
    TR300MError
        If a text has another form, a number is negative, a regulator is unknown or named twice, or there is no change.
    """
    changes: dict[int, LevelChange] = {}
    for texts, sets in ((set_to, True), (scale_by, False)):
        for text in texts:
            name, number = _name_and_number(text)
            column = find_regulator(regulators, name)
            if column in changes:
                raise TR300MError(f"{name} is changed twice", "set it or scale it once")
            changes[column] = LevelChange(column, 0.0, number) if sets else LevelChange(column, number, 0.0)
    if not changes:
        raise TR300MError("no regulator is changed", "write, for example, --set HNF4A=0 or --scale TP53=2")
    return tuple(changes.values())


def _name_and_number(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not name or not 0 <= number < np.inf:
        raise TR300MError(f"{text!r} is no change of a level", "write NAME=NUMBER with a number of at least 0")
    return name.strip(), number


def find_regulator(regulators: Regulators, name: str) -> int:
    """Return the index of a regulator given by versioned ID, ID without version, or name.

    Raises
    ------
    TR300MError
        If it is none, or several; the most similar names are offered.
    """
    stems = np.array([gene.partition(".")[0] for gene in regulators.gene_id.tolist()])
    rows = np.flatnonzero((regulators.gene_id == name) | (stems == name) | (regulators.gene_name == name))
    if len(rows) > 1:
        raise TR300MError(f"{name} names {len(rows)} regulators: {', '.join(regulators.gene_id[rows])}", "give the ID")
    if not len(rows):
        known = [*regulators.gene_name.tolist(), *stems.tolist()]
        raise TR300MError(f"{name} is not a regulator of the dataset", nearest_names(name, known))
    return int(rows[0])


def knock_outs(regulators: Regulators) -> list[Perturbation]:
    """Return one perturbation for each regulator: its level becomes 0."""
    return [(LevelChange(column, 0.0, 0.0),) for column in range(len(regulators))]


def observed_ranges(dataset: "Dataset", samples: Ints, contexts: Contexts) -> tuple[Floats, Floats]:
    """Return the percentiles `RANGE` of the levels of each regulator in the tissue of each context.

    Parameters
    ----------
    dataset
        Dataset.
    samples
        Samples that count: those that the model was trained on.
    contexts
        Contexts. One without a tissue, or of a tissue that none of the samples has, gets the range over all of them.

    Returns
    -------
    low, high
        [context, regulator], TPM; NaN if there is one sample alone, as in a pack, which makes no range.
    """
    of_sample = dataset.samples.tissue[samples]
    bounds = {}
    for tissue in dict.fromkeys(contexts.tissues):
        mine = samples[of_sample == tissue]
        levels = dataset.regulator_levels[mine if len(mine) else samples]
        bounds[tissue] = (
            np.percentile(levels, RANGE, axis=0) if len(levels) > 1 else np.full((2, levels.shape[1]), np.nan)
        )
    low, high = np.stack([bounds[tissue] for tissue in contexts.tissues]).swapaxes(0, 1)
    return low, high


def perturb(
    predictor: "Predictor",
    promoters: "Dataset",
    contexts: Contexts,
    set_to: Mapping[str, float] | None = None,
    scale_by: Mapping[str, float] | None = None,
) -> Mapping[str, list[Any]]:
    """Predict promoters with some levels changed together, as in ``perturb(..., {"HNF4A": 0})``.

    Parameters
    ----------
    predictor, promoters, contexts
        See `perturbation_table`, which says what is returned.
    set_to, scale_by
        Levels (TPM) and factors of levels by the name or ID of the regulator.

    Raises
    ------
    TR300MError
        If a regulator is unknown or named twice, a number is negative, or a run reads no levels.
    """
    texts = [[f"{name}={value}" for name, value in (given or {}).items()] for given in (set_to, scale_by)]
    return perturbation_table(predictor, promoters, contexts, [level_changes_of(predictor.dataset.regulators, *texts)])


def perturbation_table(
    predictor: "Predictor",
    promoters: "Dataset",
    contexts: Contexts,
    perturbations: Sequence[Perturbation],
    top: int | None = None,
) -> Mapping[str, list[Any]]:
    """Predict promoters in contexts before and after each perturbation.

    Parameters
    ----------
    predictor
        One run, or several whose log2 fold changes are averaged.
    promoters
        Genes of the dataset or sequences of one's own (`Predictor.genes`, `Predictor.fasta`).
    contexts
        Contexts.
    perturbations
        Perturbations, each on its own.
    top
        None for a row of each perturbation in the given order; a number for so many of the strongest ones of each gene
        and context, the strongest first.

    Returns
    -------
    dict
        Columns `gene`, `part`, `context`, `regulator`; its level before and after and its observed range in the tissue
        (`level_before`, `level_after`, `range_low`, `range_high`, TPM; numbers of several regulators are joined by
        ``,``); `outside`, the regulators whose new level lies outside that range; `own`, the changed regulators whose
        gene is the predicted one; `mean_before`, `mean_after` (TPM), `log2fc`, and for several runs its `sd` between
        them and `agree`, the share of runs with the sign of the average.

    Raises
    ------
    TR300MError
        If a run reads no levels of regulators.
    """
    _check_levels_are_read(predictor.models)
    dataset = predictor.dataset
    low, high = observed_ranges(dataset, predictor.training[1], contexts)
    after = [_applied(contexts, changes) for changes in perturbations]
    own = own_regulators(
        promoters.genes.gene_id.tolist(), promoters.genes.merged.tolist(), dataset.regulators.gene_id.tolist()
    )
    names = (*_TEXT, *_OF_REGULATORS, "outside", "own", "mean_before", "mean_after", "log2fc", "sd", "agree")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    # [run, gene, perturbation + 1, context]: the first one is that without changes.
    means = _predicted_means(predictor.models, promoters, [contexts, *after])
    for gene, name in enumerate(promoters.genes.gene_name.tolist()):
        known = promoters.genes.gene_id[gene] in dataset.genes.gene_id
        part = predictor.part(str(promoters.genes.gene_id[gene])) if known else ""
        mean = means[:, gene]
        change = over_runs(list(np.round(fold_change(mean[:, :1], mean[:, 1:]), 6)))
        averaged = mean.mean(axis=0)
        for context, of_context in enumerate(contexts.names):
            for number in _order(change.mean[:, context], top):
                changed = [level_change.regulator for level_change in perturbations[number]]
                before, new = contexts.levels[context, changed], after[number].levels[context, changed]
                outside = (new < low[context, changed]) | (new > high[context, changed])
                columns["gene"].append(name)
                columns["part"].append(part)
                columns["context"].append(of_context)
                columns["regulator"].append(_named(dataset.regulators, changed))
                numbers: tuple[NDArray[Any], ...] = (before, new, low[context, changed], high[context, changed])
                for column, levels in zip(_OF_REGULATORS, numbers, strict=True):
                    columns[column].append(
                        ",".join("" if np.isnan(value) else f"{value:.4g}" for value in levels.tolist())
                    )
                columns["outside"].append(_named(dataset.regulators, changed, outside))
                columns["own"].append(_named(dataset.regulators, changed, own[gene, changed]))
                columns["mean_before"].append(float(averaged[0, context]))
                columns["mean_after"].append(float(averaged[number + 1, context]))
                columns["log2fc"].append(float(change.mean[number, context]))
                for column, values in (("sd", change.sd), ("agree", change.agree)):
                    value = float(values[number, context])
                    columns[column].append(None if np.isnan(value) else value)
    return columns


def _check_levels_are_read(models: Sequence["SequenceModel"]) -> None:
    if blind := [model.name for model in models if not model.reads_levels]:
        raise TR300MError(
            f"{', '.join(blind)} reads no levels of regulators: no change of a level changes its predictions",
            "name a run whose architecture reads TF levels, such as seq_tf, or a factorised model",
        )


def _applied(contexts: Contexts, changes: Perturbation) -> Contexts:
    levels = contexts.levels.copy()
    for change in changes:
        levels[:, change.regulator] = change.scale * levels[:, change.regulator] + change.level
    return contexts.changed(levels)


def _predicted_means(models: Sequence["SequenceModel"], promoters: "Dataset", variants: Sequence[Contexts]) -> Floats:
    """Return predicted means [run, gene, variant, context] in variants of the same contexts.

    Contexts with the very levels of the first variant have its very means, and are not computed.
    """
    first = variants[0]
    changed = np.array([(variant.levels != first.levels).any(axis=1) for variant in variants])
    changed[0] = True
    cells = np.argwhere(changed)
    means = np.empty((len(models), len(promoters.genes), *changed.shape))
    blocks = [cells[start : start + CONTEXTS_PER_BLOCK] for start in range(0, len(cells), CONTEXTS_PER_BLOCK)]
    with bar(len(models) * len(promoters.genes) * len(cells), "perturbing", "contexts") as meter:
        for block in blocks:
            query = in_contexts(promoters, _picked(variants, block))
            for run, model in enumerate(models):
                for row in range(len(promoters.genes)):
                    raw = model.at(query, row)(np.asarray(query.onehot[row])[None])[0]
                    means[run, row, block[:, 0], block[:, 1]] = model.mean(raw)
                    meter.update(len(block))
    return np.where(changed, means, means[:, :, :1])


def _picked(variants: Sequence[Contexts], cells: Ints) -> Contexts:
    """Return the contexts at (variant, context) pairs [cell, 2]."""
    first = variants[0]
    return Contexts(
        tuple(first.names[context] for _, context in cells),
        tuple(first.tissues[context] for _, context in cells),
        np.stack([variants[variant].levels[context] for variant, context in cells]),
    )


def _order(changes: Floats, top: int | None) -> Iterator[int]:
    """Yield the perturbations to show, from changes [perturbation] of a gene in a context."""
    if top is None:
        yield from range(len(changes))
    else:
        yield from np.argsort(-np.abs(changes), kind="stable")[:top].tolist()


def _named(regulators: Regulators, columns: Sequence[int], which: Bools | None = None) -> str:
    shown = columns if which is None else [column for column, on in zip(columns, which, strict=True) if on]
    return ",".join(regulators.gene_name[list(shown)].tolist()) if shown else ""
