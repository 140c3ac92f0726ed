"""Fits to planted data: what they find, what they must not read, files, splits, and messages."""

import dataclasses
import sys
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.child import run_child
from helpers.fixtures import Refuses
from helpers.planted import TISSUES, Planted, planted
from helpers.toy_dataset import Sizes, toy_dataset
from threadpoolctl import threadpool_limits
from tr300m.arrays.wide import mark_bins
from tr300m.base.axes import Samples
from tr300m.base.types import Floats, Ints
from tr300m.config.factorised_models import FACTORISED, gene_blocks
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.split_schemes import SCHEMES, draw_split
from tr300m.dataset.splits import Split
from tr300m.factorised.boosted import TREE_BLOCKS
from tr300m.factorised.fit import fit, inner_samples
from tr300m.factorised.model import FactorisedModel
from tr300m.factorised.sample_features import readable_regulators, sample_blocks
from tr300m.features.gene_features import gene_features
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture

MIXTURE = ZeroLognormalMixture()
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
SETTINGS: dict[str, Any] = {
    "held_out_genes": 40,
    "held_out_samples": 16,
    "gene_pool": None,
    "seed": 0,
    "folds": 3,
    "held_out_donors": 6,
    "held_out_tissues": 2,
    "tissue_groups": {f"T{number}": f"T{number}" for number in range(TISSUES)},
    "validation_share": 0.1,
}
SPLITS = ("thesis", "donor", "tissue", "overlap_free", "chromosome_1", "leave_out_chr1")


@cache
def data() -> Planted:
    return planted()


def split_of(dataset: Dataset, name: str = "thesis", **changed: Any) -> Split:
    keys = SCHEMES[name.rpartition("_")[0] if name[-1].isdigit() else name].settings
    given = {key: value for key, value in (SETTINGS | changed).items() if key in keys}
    return draw_split(name, dataset.genes, dataset.samples, given)


def fitted(dataset: Dataset, split: Split, features: Any, model: str = "bilinear", seed: int = 0) -> FactorisedModel:
    train = tower_training() if model in FACTORISED and FACTORISED[model].towers else None
    return fit(dataset, split, features, model=model, likelihood=MIXTURE, seed=seed, train_towers=train)


def tower_training() -> Any:
    """Return a short training of small towers; imported here, because other models do without Keras."""
    from tr300m.model.two_tower import TowerConfig
    from tr300m.training.tower_training import train_towers

    config = TowerConfig(gene_units=(16,), sample_units=(), rank=4, learning_rate=3e-3, most_passes=0, fewest_steps=30)
    return partial(train_towers, config=config)


@cache
def thesis(model: str) -> FactorisedModel:
    dataset, features, _ = data()
    return fitted(dataset, split_of(dataset), features, model)


def correlation(model: FactorisedModel, given: Planted, pairs: Ints) -> float:
    found = model.log_mean(given.dataset, given.features, pairs)
    return float(np.corrcoef(found, given.mean[pairs[:, 0], pairs[:, 1]])[0, 1])


@pytest.mark.parametrize("model", FACTORISED)
def test_the_planted_mean_is_found_on_held_out_genes_and_samples(model: str) -> None:
    given = data()
    assert correlation(thesis(model), given, split_of(given.dataset).pairs("test")) > 0.95
    # The levels differ between samples of a tissue: within a gene and a tissue the order of samples is found too.
    pairs = split_of(given.dataset).pairs("test")
    found = thesis(model).log_mean(given.dataset, given.features, pairs)
    truth, group = given.mean[pairs[:, 0], pairs[:, 1]], pairs[:, 0] * TISSUES + pairs[:, 1] % TISSUES
    sizes = np.maximum(np.bincount(group), 1)
    rest = [values - (np.bincount(group, values) / sizes)[group] for values in (found, truth)]
    assert np.corrcoef(*rest)[0, 1] > 0.85


@pytest.mark.parametrize("name", SPLITS)
def test_every_split(name: str) -> None:
    given = data()
    split = split_of(given.dataset, name)
    model = fitted(given.dataset, split, given.features)
    for part in ("validation", "test"):
        assert correlation(model, given, split.pairs(part)) > 0.9  # type: ignore[arg-type]


@pytest.mark.parametrize("model", FACTORISED)
@pytest.mark.parametrize("name", ["thesis", "leave_out_chr1"])
def test_without_held_out_samples(name: str, model: str) -> None:
    given = data()
    split = split_of(given.dataset, name, held_out_samples=0)
    assert split.shares_samples
    assert not inner_samples(given.dataset, split, np.arange(60)).any()
    assert correlation(fitted(given.dataset, split, given.features, model), given, split.pairs("test")) > 0.95


@pytest.mark.parametrize(("name", "column"), [("donor", "donor_id"), ("thesis", "donor_id"), ("tissue", "tissue")])
def test_inner_folds_of_samples_are_whole_groups(name: str, column: str) -> None:
    dataset = data().dataset
    split = split_of(dataset, name)
    _, samples = split.training_axes(len(dataset.genes), len(dataset.samples))
    folds, groups = inner_samples(dataset, split, samples), getattr(dataset.samples, column)[samples]
    assert len(folds) == len(samples)
    assert np.unique(folds).tolist() == list(range(min(5, len(np.unique(groups)))))
    for group in np.unique(groups):
        assert len(np.unique(folds[groups == group])) == 1


def test_one_donor_and_one_tissue() -> None:
    given = data()
    one = np.full(60, "X")
    samples = Samples(given.dataset.samples.sample_id, one, one)
    tissue = np.ones((60, 1), np.uint8)
    same = dataclasses.replace(given.dataset, samples=samples, tissue=tissue, tissues=("X",))
    split = split_of(same)
    assert not inner_samples(same, split, split.training_axes(150, 60)[1]).any()
    for model in FACTORISED:
        found = fitted(same, split, given.features, model)
        assert correlation(found, given._replace(dataset=same), split.pairs("test")) > 0.9


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("model", FACTORISED)
def test_features_of_the_dataset(model: str, wide: bool) -> None:
    """Noise in, numbers out: with and without the wide arrays, the features of the workflow fit the model."""
    rng = np.random.default_rng(0)
    dataset = toy_dataset(Sizes(genes=40, samples=12, length=60))
    if wide:
        bases, marks = rng.integers(0, 6, (40, 2001)).astype(np.uint8), rng.gamma(0.5, 2, (40, 6, 21))
        dataset = dataclasses.replace(
            dataset,
            wide_bases=bases,
            wide_marks=marks.astype(np.float32),
            body_marks=marks[:, :2].astype(np.float32),
            bins=mark_bins([250, 1000, 4000]),
        )
    features = {name: gene_features(dataset, name) for name in gene_blocks(wide, wide, wide)}
    split = split_of(dataset, held_out_genes=8, held_out_samples=4)
    pairs = split.pairs("test")
    found = fitted(dataset, split, features, model).predict(dataset, pairs, features)
    assert all(len(values) == len(pairs) and np.isfinite(values).all() for values in found.values())


# What must not be read


def changed_outside(given: Planted, split: Split) -> tuple[Dataset, dict[str, Any]]:
    """Return dataset and features with other numbers wherever something is held out."""
    rng = np.random.default_rng(9)
    dataset, genes, samples = given.dataset, split.held_out_genes, split.held_out_samples
    expression, levels, tissue = (
        np.array(array) for array in (dataset.expression, dataset.regulator_levels, dataset.tissue)
    )
    expression[genes] = rng.lognormal(3, 3, (len(genes), expression.shape[1]))
    expression[:, samples] = rng.lognormal(3, 3, (len(expression), len(samples)))
    levels[samples] = rng.lognormal(3, 3, (len(samples), levels.shape[1]))
    tissue[samples] = np.roll(tissue[samples], 1, axis=1)
    features = {name: np.array(array) for name, array in given.features.items()}
    for array in features.values():
        array[genes] = rng.normal(0, 100, (len(genes), array.shape[1]))
    changed = dataclasses.replace(dataset, expression=expression, regulator_levels=levels, tissue=tissue)
    return changed, features


@pytest.mark.parametrize("model", FACTORISED)
@pytest.mark.parametrize("name", ["thesis", "donor", "tissue", "leave_out_chr1"])
def test_nothing_held_out_reaches_the_saved_model(name: str, model: str, tmp_path: Path) -> None:
    given = data()
    split = split_of(given.dataset, name)
    other, features = changed_outside(given, split)
    fitted(given.dataset, split, given.features, model).save(tmp_path / "first.npz")
    fitted(other, split, features, model).save(tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def with_own_regulators(dataset: Dataset, genes: Ints) -> Dataset:
    """Return the dataset in which the first regulators are some target genes, the first of them by a merged ID."""
    ids = dataset.regulators.gene_id.astype("<U9")
    merged = dataset.genes.merged.astype("<U9")
    merged[genes[0]] = f"other;{ids[0]}"
    ids[1 : len(genes)] = dataset.genes.gene_id[genes[1:]]
    return dataclasses.replace(
        dataset,
        genes=dataclasses.replace(dataset.genes, merged=merged),
        regulators=dataclasses.replace(dataset.regulators, gene_id=ids),
    )


def test_levels_of_held_out_genes_are_read_neither_in_the_fit_nor_later(tmp_path: Path) -> None:
    given = data()
    split = split_of(given.dataset)
    own = with_own_regulators(given.dataset, np.array([split.test_genes[0], split.validation_genes[0]]))
    readable = readable_regulators(own, split)
    assert readable.tolist() == [False, False, True, True, True, True]
    levels = np.array(own.regulator_levels)
    levels[:, :2] = 1e4 * np.random.default_rng(0).random((60, 2))
    other = dataclasses.replace(own, regulator_levels=levels)
    models = [fitted(dataset, split, given.features) for dataset in (own, other)]
    for number, model in enumerate(models):
        model.save(tmp_path / f"{number}.npz")
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()
    pairs = split.pairs("test")
    np.testing.assert_array_equal(*(models[0].log_mean(dataset, given.features, pairs) for dataset in (own, other)))
    # The level of a training gene in a held-out sample is an input.
    levels[split.test_samples, 2] += 50
    third = dataclasses.replace(own, regulator_levels=levels)
    assert not np.array_equal(*(models[0].log_mean(dataset, given.features, pairs) for dataset in (own, third)))


def test_no_regulator_may_be_read() -> None:
    """Tissues alone tell samples apart then."""
    given = data()
    split = split_of(given.dataset)
    own = with_own_regulators(given.dataset, split.test_genes[:6])
    assert not readable_regulators(own, split).any()
    model = fitted(own, split, given.features)
    assert correlation(model, given._replace(dataset=own), split.pairs("test")) > 0.6


def test_sample_features_by_hand() -> None:
    dataset = dataclasses.replace(
        data().dataset,
        regulator_levels=np.array([[1.0, 3, 8], [0, 0, 2]], np.float32),
        motif_map=np.array([[1, 0], [1, 1], [0, 1]], np.uint8),
        tissue=np.array([[0, 1], [1, 0]], np.uint8),
    )
    found = sample_blocks(dataset, np.array([True, False, True]))
    assert np.expm1(found["levels"]).round(9).tolist() == [[1, 8], [0, 2]]
    # Motif 0 is bound by regulators 0 and 1, of which 1 is not read; motif 1 by 1 and 2.
    assert np.expm1(found["motif_levels"]).round(9).tolist() == [[1, 8], [0, 2]]
    assert found["tissue"].tolist() == [[0, 1], [1, 0]]


# Files and predictions


@pytest.mark.parametrize("model", FACTORISED)
def test_a_saved_model_predicts_the_same(model: str, tmp_path: Path) -> None:
    given = data()
    pairs = split_of(given.dataset).pairs("test")
    before = thesis(model).predict(given.dataset, pairs, given.features)
    thesis(model).save(tmp_path / "model.npz")
    after = FactorisedModel.load(tmp_path / "model.npz").predict(given.dataset, pairs, given.features)
    assert list(before) == list(after) == ["gene", "sample", "observed", "raw", "median", "mean", "nll"]
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name])
    with np.load(tmp_path / "model.npz", allow_pickle=False) as file:
        assert all(array.dtype != object for array in file.values())


@pytest.mark.parametrize("model", FACTORISED)
def test_predictions_of_pairs(model: str) -> None:
    given = data()
    pairs = np.random.default_rng(0).permutation(split_of(given.dataset).pairs("test"))[:50]
    found = thesis(model).predict(given.dataset, pairs, given.features)
    assert found["gene"].tolist() == pairs[:, 0].tolist() and found["sample"].tolist() == pairs[:, 1].tolist()
    np.testing.assert_array_equal(found["observed"], given.dataset.expression[pairs[:, 0], pairs[:, 1]])
    dtypes = {name: values.dtype.name for name, values in found.items()}
    assert dtypes == {
        "gene": "int64", "sample": "int64", "observed": "float32", "raw": "float32",
        "median": "float64", "mean": "float64", "nll": "float64",
    }  # fmt: skip
    assert found["raw"].shape == (50, MIXTURE.n_outputs)
    np.testing.assert_allclose(found["nll"], -np.log(MIXTURE.density(found["observed"], found["raw"])), rtol=1e-6)
    np.testing.assert_allclose(found["mean"], MIXTURE.mean(found["raw"]))
    assert (found["median"] >= 0).all() and (np.log1p(found["median"]) <= thesis(model).largest + 1e-9).all()
    # One pair alone, and a pair twice, have the same prediction as among others.
    alone = thesis(model).predict(given.dataset, pairs[[7, 7]], given.features)
    np.testing.assert_allclose(alone["median"], found["median"][[7, 7]], rtol=1e-9)
    none = thesis(model).predict(given.dataset, pairs[:0], given.features)
    assert [len(values) for values in none.values()] == [0] * 7


def test_the_interval_of_90_per_cent_holds_90_per_cent() -> None:
    given = data()
    found = thesis("bilinear").predict(given.dataset, split_of(given.dataset).pairs("test"), given.features)
    low, high = (MIXTURE.quantile(probability, found["raw"]) for probability in (0.05, 0.95))
    assert np.mean((low <= found["observed"]) & (found["observed"] <= high)) == pytest.approx(0.9, abs=0.07)


def fit_and_save(model: str, path: str) -> None:
    """Fit in a process of its own."""
    thesis(model).save(path)


@pytest.mark.parametrize("model", FACTORISED)
def test_the_same_seed_gives_the_same_bytes_in_another_process(model: str, tmp_path: Path) -> None:
    for name in ("first", "second"):
        run_child(fit_and_save, model, tmp_path / f"{name}.npz", **ONE_THREAD)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_threads_change_the_last_digits_at_most() -> None:
    given = data()
    pairs = split_of(given.dataset).pairs("test")
    with threadpool_limits(2):
        many = fitted(given.dataset, split_of(given.dataset), given.features)
    found = [model.log_mean(given.dataset, given.features, pairs) for model in (many, thesis("bilinear"))]
    np.testing.assert_allclose(*found, atol=1e-6)


def test_files_that_are_no_models(tmp_path: Path, refuses: Refuses) -> None:
    (tmp_path / "text.npz").write_text("no model")
    np.savez(tmp_path / "pickled.npz", a=np.array([{}], dtype=object))
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    np.save(tmp_path / "array.npy", np.ones(3))
    thesis("bilinear").save(tmp_path / "cut.npz")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "cut.npz").read_bytes()[:-100])
    for name in ("text.npz", "pickled.npz", "other.npz", "array.npy", "cut.npz", "missing.npz"):
        with refuses(name):
            FactorisedModel.load(tmp_path / name)


# Messages


def test_an_unknown_model(refuses: Refuses) -> None:
    dataset, features, _ = data()
    with refuses("trees_alone", *FACTORISED):
        fitted(dataset, split_of(dataset), features, "trees_alone")


def test_towers_without_their_training(refuses: Refuses) -> None:
    dataset, features, _ = data()
    with refuses("two_tower", "train_towers"):
        fit(dataset, split_of(dataset), features, model="two_tower", likelihood=MIXTURE, seed=0)


def test_gene_features_that_are_not_read(refuses: Refuses) -> None:
    dataset, features, _ = data()
    with refuses("wide_marks"):
        fitted(dataset, split_of(dataset), {"wide_marks": features["kmers"]} | features)
    with refuses("bilinear"):
        fitted(dataset, split_of(dataset), {})
    with refuses("bilinear_trees", *TREE_BLOCKS):
        fitted(dataset, split_of(dataset), {"kmers": features["kmers"]}, "bilinear_trees")


def everything_but(dataset: Dataset, genes: int, samples: int) -> Split:
    """Return a split that leaves so many training genes and samples."""
    out_genes, out_samples = np.arange(genes, len(dataset.genes)), np.arange(samples, len(dataset.samples))
    return Split("few", out_genes[:1], out_genes[1:], out_samples[:1], out_samples[1:])


@pytest.mark.parametrize(("genes", "samples"), [(0, 60), (1, 60), (20, 0)])
def test_too_few_training_genes_or_samples(genes: int, samples: int, refuses: Refuses) -> None:
    dataset, features, _ = data()
    with refuses("few", str(genes), str(samples)):
        fitted(dataset, everything_but(dataset, genes, samples), features)


@pytest.mark.parametrize("model", FACTORISED)
@pytest.mark.parametrize(("genes", "samples"), [(3, 2), (6, 1), (20, 1), (4, 60)])
def test_few_training_genes_and_samples_are_enough(genes: int, samples: int, model: str) -> None:
    given = data()
    found = fitted(given.dataset, everything_but(given.dataset, genes, samples), given.features, model)
    pairs = np.stack([np.arange(150), np.arange(150) % 60], axis=1)
    predicted = found.predict(given.dataset, pairs, given.features)
    assert all(np.isfinite(values).all() for values in predicted.values())


def test_features_of_another_dataset(refuses: Refuses) -> None:
    given = data()
    pairs = split_of(given.dataset).pairs("test")
    with refuses("kmers"):
        thesis("bilinear").predict(given.dataset, pairs, {"histone_means": given.features["histone_means"]})
    with refuses("kmers", "29", "30"):
        thesis("bilinear").predict(given.dataset, pairs, given.features | {"kmers": given.features["kmers"][:, 1:]})
    fewer = dataclasses.replace(given.dataset, regulator_levels=given.dataset.regulator_levels[:, 1:])
    with refuses("5", "6"):
        thesis("bilinear").predict(fewer, pairs, given.features)


# Keras


def check_no_keras() -> None:
    import tr300m.factorised.fit
    import tr300m.factorised.model

    assert "keras" not in sys.modules, "imported"
    given = planted(genes=60, samples=20)
    split = split_of(given.dataset, held_out_genes=10, held_out_samples=4)
    model = tr300m.factorised.fit.fit(
        given.dataset, split, given.features, model="bilinear_trees", likelihood=MIXTURE, seed=0
    )
    model.predict(given.dataset, split.pairs("test"), given.features)
    assert not {"keras", "tensorflow", "jax"} & sys.modules.keys(), "used"


def test_keras_is_not_loaded() -> None:
    run_child(check_no_keras, **ONE_THREAD)


def mean_square(values: Floats) -> float:
    return float(np.square(values).mean())


def test_trees_help_where_the_gene_part_is_no_linear_function() -> None:
    given = data()
    marks = given.features["histone_means"]
    jump = np.where(np.abs(marks[:, 4:]) < 0.7, 1.0, -1.0)
    truth = np.maximum(given.mean + 1.5 * jump, 0)
    noise = np.random.default_rng(5).normal(0, 0.2, truth.shape)
    dataset = dataclasses.replace(given.dataset, expression=np.expm1(np.maximum(truth + noise, 0)).astype(np.float32))
    split = split_of(dataset)
    pairs = np.concatenate([split.pairs("test"), split.pairs("validation")])
    # The Gaussian features find a part of it too; trees must not make it worse.
    errors = {
        model: mean_square(
            fitted(dataset, split, given.features, model).log_mean(dataset, given.features, pairs)
            - truth[pairs[:, 0], pairs[:, 1]]
        )
        for model in FACTORISED
    }
    assert errors["bilinear_trees"] < errors["bilinear"]
