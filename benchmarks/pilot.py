"""The pilot's models on tissues that they have not seen, and beside boosted trees that were tuned on the same features.

    make pilot DATA=FOLDER                       # the dataset and the features that this script reads
    python benchmarks/pilot.py tissues           # each chromosome with each fold of tissues held out
    python benchmarks/pilot.py tissues --alone   # the same, but relatives of the held-out tissues may train
    python benchmarks/pilot.py tuned_trees       # all tissues seen, one fit of trees a tissue

Every gene is predicted by models that were fitted to the other two chromosomes, and all chromosomes are scored
together. With `tissues` the models have not seen the tissue either. Each fold of tissues is then scored by itself, and
the scores are averaged: five models that each shrink a gene's mean in their own way would seem to differ by tissue.
Tables are printed in Markdown, in percent, with 95 % intervals from the bootstrap of genes and tissues and, of
differences, of paired draws.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from tr300m.base.array_files import read_named  # noqa: E402
from tr300m.baselines.data import Data, tissue_means  # noqa: E402
from tr300m.baselines.linear import within_range  # noqa: E402
from tr300m.baselines.table import PREDICTIONS  # noqa: E402
from tr300m.baselines.trees import early_stopped  # noqa: E402
from tr300m.config.baseline_table import BASELINES  # noqa: E402
from tr300m.config.factorised_models import FACTORISED, gene_blocks  # noqa: E402
from tr300m.config.tissue_groups import read_tissue_groups  # noqa: E402
from tr300m.dataset.dataset import Dataset  # noqa: E402
from tr300m.dataset.splits import Split  # noqa: E402
from tr300m.dataset.tissue_split import groups_of_tissues  # noqa: E402
from tr300m.dataset.whole_groups import balanced_folds  # noqa: E402
from tr300m.factorised.boosted import TREE_BLOCKS, tree_features  # noqa: E402
from tr300m.factorised.feature_map import FeatureMap  # noqa: E402
from tr300m.factorised.fit import GENE_WEIGHTS, fit  # noqa: E402
from tr300m.metrics.cluster_bootstrap import PairIndex, correlations, draw_weights  # noqa: E402
from tr300m.metrics.contrasts import ContrastTable  # noqa: E402
from tr300m.metrics.intervals import percentile_interval  # noqa: E402
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture  # noqa: E402

CHROMOSOMES = ("chr20", "chr22", "chrX")
WIDE_BASELINES = ("wide_ridge", "wide_trees")
TISSUE_FOLDS = 5
METRICS = ("log_pearson", "across_genes", "within_gene", "doubly_centred")
DRAWS, SEED, MODEL_SEED = 500, 0, 3
BLOCKS = gene_blocks(wide_marks=True, wide_bases=True, body_marks=True)
TUNED = "boosted trees, tuned, one fit a tissue"
LEARNING_RATE, MOST_ITERATIONS, PATIENCE = 0.05, 400, 20
SETTINGS: tuple[dict[str, Any], ...] = tuple(
    {
        "learning_rate": LEARNING_RATE,
        "max_features": 0.3,
        "max_bins": 63,
        "max_leaf_nodes": leaves,
        "min_samples_leaf": rows,
        "l2_regularization": 1.0,
    }
    for leaves, rows in product((4, 8, 16), (10, 25))
)
"""Settings of the tuned trees to choose from, each with both sets of features."""
TUNING_STEP = 4
"""Every fourth tissue chooses the settings."""

Predictions = dict[str, NDArray[Any]]
Scores = dict[str, tuple[float, NDArray[np.float64]]]
"""Value and draws [draw] of each metric."""


@dataclass(frozen=True)
class Pilot:
    """The dataset of the pilot, its features by name, and its splits by chromosome."""

    dataset: Dataset
    features: Mapping[str, NDArray[np.float32]]
    splits: Mapping[str, Split]

    @classmethod
    def open(cls, results: Path) -> "Pilot":
        """Read what `make pilot` made."""
        dataset = Dataset.open(results / "dataset")
        names = {*BLOCKS, *TREE_BLOCKS}
        names |= {name for baseline in WIDE_BASELINES for name in BASELINES[baseline].features}
        features = read_named(results / "baselines" / "features" / f"{name}.npy" for name in sorted(names))
        paths = {name: results / "splits" / f"leave_out_{name}.tsv" for name in CHROMOSOMES}
        splits = {name: Split.read(path, dataset.genes, dataset.samples) for name, path in paths.items()}
        return cls(dataset, features, splits)

    def of_model(self) -> dict[str, NDArray[np.float32]]:
        """Return the features that factorised models read."""
        return {name: self.features[name] for name in BLOCKS}


def predict(pilot: Pilot, split: Split, model: str) -> Predictions:
    """Fit a baseline or a factorised model, and predict the test pairs."""
    pairs = split.pairs("test")
    observed = np.asarray(pilot.dataset.expression[pairs[:, 0], pairs[:, 1]])
    if model in FACTORISED:
        features, likelihood = pilot.of_model(), ZeroLognormalMixture()
        fitted = fit(pilot.dataset, split, features, model=model, likelihood=likelihood, seed=MODEL_SEED)
        median = fitted.predict(pilot.dataset, pairs, features)["median"]
    else:
        function = tuned_trees if model == TUNED else PREDICTIONS[model]
        median = function(Data.of(pilot.dataset, split, pilot.features), pairs)
    return {"gene": pairs[:, 0], "sample": pairs[:, 1], "observed": observed, "median": median}


def tuned_trees(data: Data, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Predict with boosted trees whose settings and features are chosen on all inner folds, with one fit a tissue.

    The settings are shared by all tissues; each tissue has its own number of iterations, the mean of those that are
    best on each inner fold.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    genes, means, folds = data.train_genes, tissue_means(data)[data.train_genes], data.inner_fold()
    blocks = {name: data.features[name] for name in BLOCKS}
    everything = np.arange(len(data.expression))
    # The inputs of the factorised models, and those of their trees.
    inputs = (FeatureMap.fit(blocks, genes, GENE_WEIGHTS)(blocks, everything), tree_features(data.features, everything))

    def stopped(x: NDArray[np.float64], settings: Mapping[str, Any], tissue: int) -> tuple[float, int]:
        error, best = 0.0, []
        for fold in range(int(folds.max()) + 1):
            model, count = early_stopped(
                x[genes], means[:, tissue], folds == fold, {**settings, "random_state": data.seed},
                most=MOST_ITERATIONS, patience=PATIENCE,
            )  # fmt: skip
            error -= float(model.validation_score_[count]) * int((folds == fold).sum())
            best.append(count)
        return error, max(round(float(np.mean(best))), 1)

    some, tissues = range(0, means.shape[1], TUNING_STEP), range(means.shape[1])
    choices = list(product(inputs, SETTINGS))
    errors = [sum(stopped(x, settings, tissue)[0] for tissue in some) for x, settings in choices]
    x, settings = choices[int(np.argmin(errors))]
    print(f"  chosen of {len(choices)}: {x.shape[1]:,} features, {settings}", file=sys.stderr)
    predicted = np.empty((len(x), means.shape[1]))
    for tissue in tissues:
        model = HistGradientBoostingRegressor(
            **settings, max_iter=stopped(x, settings, tissue)[1], early_stopping=False, random_state=data.seed
        )
        predicted[:, tissue] = model.fit(x[genes], means[:, tissue]).predict(x)
    return np.expm1(within_range(predicted, means)[pairs[:, 0], data.tissue[pairs[:, 1]]])


def held_out_tissues(pilot: Pilot, alone: bool) -> tuple[Pilot, list[Split]]:
    """Return the pilot and a split for each chromosome and each fold of tissues.

    The inner folds of the factorised models are of the same groups: tissues with their relatives, or `alone`.
    """
    dataset = pilot.dataset
    tissue = dataset.samples.tissue
    groups = read_tissue_groups(ROOT / "config" / "pilot_tissue_groups.tsv")
    group = tissue if alone else groups_of_tissues(tissue, groups)
    fold = balanced_folds(group, TISSUE_FOLDS)
    # The inner folds go by this column alone; what models read of the tissue is the array `tissue`.
    inner = replace(pilot, dataset=replace(dataset, samples=replace(dataset.samples, tissue=group)))
    splits = [
        replace(split, validation_samples=held[:0], test_samples=held, shares_samples=False, apart="tissue")
        for split, held in product(pilot.splits.values(), [np.flatnonzero(fold == one) for one in range(TISSUE_FOLDS)])
    ]
    return inner, splits


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Return the predictions of several folds as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def scored(pilot: Pilot, predictions: Predictions) -> Scores:
    """Score predictions with draws of genes and tissues."""
    dataset, order = pilot.dataset, np.lexsort((predictions["sample"], predictions["gene"]))
    gene, sample, observed, median = (predictions[name][order] for name in ("gene", "sample", "observed", "median"))
    index = PairIndex.of(gene, sample, dataset.genes.cluster, dataset.samples.donor_id)
    weights = draw_weights(index, "both", DRAWS, SEED)
    x, y = np.log1p(observed.astype(np.float64)), np.log1p(median)
    contrasts = ContrastTable.of(observed, median, dataset.samples.tissue[sample], index)
    draws = contrasts.draws(weights)
    found = {name: (value, draws[name]) for name, value in contrasts.metrics().items()}
    return {"log_pearson": (float(np.corrcoef(x, y)[0, 1]), correlations(x, y, index, weights)), **found}


def averaged(scores: Sequence[Scores]) -> Scores:
    """Return the mean of scores of folds of tissues. Their draws are of the same genes, one by one."""
    return {
        name: (
            float(np.mean([one[name][0] for one in scores])),
            np.asarray(np.mean([one[name][1] for one in scores], axis=0)),
        )
        for name in METRICS
    }


def table(scores: Mapping[str, Scores], reference: str) -> list[str]:
    """Return a Markdown table of the metrics, and of the differences to a reference."""
    lines = [f"| model | {' | '.join(METRICS)} |", f"|---|{'---:|' * len(METRICS)}"]
    for name, one in scores.items():
        lines.append(f"| {name} | {' | '.join(_cell(*one[metric]) for metric in METRICS)} |")
    other = scores[reference]
    for name, one in scores.items():
        if name != reference:
            cells = [_cell(one[key][0] - other[key][0], one[key][1] - other[key][1]) for key in METRICS]
            lines.append(f"| {name}, minus {reference} | {' | '.join(cells)} |")
    return lines


def _cell(value: float, draws: NDArray[np.float64]) -> str:
    low, high = percentile_interval(draws)
    return f"{100 * value:.1f} [{100 * low:.1f} to {100 * high:.1f}]"


def measure(
    pilot: Pilot, fitted: Pilot, splits: Sequence[Split], models: Sequence[str]
) -> dict[str, list[Predictions]]:
    """Return the predictions of each model on each split, one after the other."""
    found: dict[str, list[Predictions]] = {}
    for model in models:
        started = time.process_time()
        found[model] = [predict(fitted, split, model) for split in splits]
        print(f"{model}: {time.process_time() - started:.0f} s of processor time", file=sys.stderr, flush=True)
    return found


def tissues(pilot: Pilot, options: argparse.Namespace) -> None:
    """Print the scores on held-out chromosomes and tissues."""
    fitted, splits = held_out_tissues(pilot, options.alone)
    models = options.models or [*WIDE_BASELINES, *FACTORISED]
    scores = {}
    for name, parts in measure(pilot, fitted, splits, models).items():
        folds = [joined(parts[fold::TISSUE_FOLDS]) for fold in range(TISSUE_FOLDS)]
        scores[name] = averaged([scored(pilot, fold) for fold in folds])
    print("\n".join(table(scores, models[0])))


def trees(pilot: Pilot, options: argparse.Namespace) -> None:
    """Print the scores beside tuned trees, of all folds together and of each."""
    models = [*(options.models or FACTORISED), TUNED]
    found = measure(pilot, pilot, list(pilot.splits.values()), models)
    print("\n".join(table({name: scored(pilot, joined(parts)) for name, parts in found.items()}, TUNED)))
    for number, chromosome in enumerate(pilot.splits):
        print(f"\n{chromosome}\n")
        print("\n".join(table({name: scored(pilot, parts[number]) for name, parts in found.items()}, TUNED)))


COMMANDS: Mapping[str, Callable[[Pilot, argparse.Namespace], None]] = {"tissues": tissues, "tuned_trees": trees}


def main() -> None:
    """Measure one of `COMMANDS`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=list(COMMANDS))
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "pilot", help="what make pilot made")
    parser.add_argument("--models", nargs="*", help="factorised models and baselines; default: the wide ones")
    parser.add_argument("--alone", action="store_true", help="tissues without their relatives")
    options = parser.parse_args()
    COMMANDS[options.what](Pilot.open(options.results), options)


if __name__ == "__main__":
    main()
