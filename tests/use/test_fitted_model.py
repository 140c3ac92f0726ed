"""Factorised models at edited promoters: against a dataset whose windows and wide bases are the edited ones."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.edited import edited_windows
from helpers.toy_dataset import Sizes, toy_dataset
from tr300m.base.axes import Bins
from tr300m.base.base_codes import base_codes
from tr300m.config.factorised_models import FACTORISED
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.dataset.tss_index import tss_index
from tr300m.factorised.fit import fit
from tr300m.features.gene_features import gene_features
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
from tr300m.use.contexts import Contexts, in_contexts
from tr300m.use.fitted_model import FittedModel

SIZES = Sizes(genes=60, samples=30, regulators=6, motifs=5, length=90)
FLANK = 120
PROMOTER = ("histone_means", "composition", "kmers", "motif_maxima")
WIDE = ("smooth_marks", "wide_composition", "wide_kmers", "kmers", "motif_maxima")


def wide_dataset() -> Dataset:
    """A toy dataset with wide arrays, whose promoter windows are parts of the wide bases."""
    dataset, rng = toy_dataset(SIZES), np.random.default_rng(5)
    bases = rng.integers(4, size=(SIZES.genes, 2 * FLANK + 1)).astype(np.uint8)
    for row, index in enumerate(tss_index(dataset.genes)):
        bases[row, FLANK - index : FLANK - index + SIZES.length] = base_codes(dataset.onehot[row])
    marks = rng.gamma(1, size=(SIZES.genes, 4, len(dataset.tracks))).astype(np.float32)
    edges = np.array([-100, -20, 0, 20, 100])
    return replace(
        dataset,
        wide_bases=bases,
        wide_marks=marks,
        bins=Bins(edges[:-1], edges[1:]),
    )


@pytest.mark.parametrize("features", [PROMOTER, WIDE], ids=["promoter", "wide"])
# Towers take the same inputs as the closed form, by the same function.
@pytest.mark.parametrize("name", [name for name, row in FACTORISED.items() if not row.towers])
def test_edits_equal_whole_datasets(name: str, features: tuple[str, ...]) -> None:
    dataset = wide_dataset()
    split = Split("thesis", np.array([0, 2]), np.array([7]), np.array([5]), np.array([1]))
    arrays = {feature: gene_features(dataset, feature) for feature in features}
    fitted = fit(dataset, split, arrays, model=name, likelihood=ZeroLognormalMixture(), seed=3)
    # What is fitted to noise reads little of the sequence.
    given = fitted.coefficients
    random = np.random.default_rng(1).normal(0, 0.3, given.gene_map.shape)
    fitted = replace(fitted, coefficients=replace(given, gene_map=random))
    model = FittedModel("toy", fitted, features, dataset)
    row = int(np.flatnonzero(dataset.genes.strand == "-")[0])
    contexts = Contexts.of_samples(dataset, dataset.samples.sample_id[[4, 1, 3]].tolist())
    query = in_contexts(dataset.take_genes(np.array([row])), contexts)
    windows = edited_windows(np.asarray(query.onehot[0]), (0, 1, 89, 88, 15, 16), 60)
    windows[7] = query.onehot[0]
    found = model.at(query, 0)(windows)

    whole = query.take_genes(np.zeros(len(windows), np.int64))
    assert whole.wide_bases is not None
    wide = whole.wide_bases.copy()
    start = FLANK - tss_index(query.genes)[0]
    for number, window in enumerate(windows):
        changed = np.flatnonzero((window != query.onehot[0]).any(axis=1))
        wide[number, start + changed] = base_codes(window[changed])
    whole = replace(whole, onehot=windows, wide_bases=wide)
    pairs = np.stack([np.repeat(np.arange(len(windows)), 3), np.tile(np.arange(3), len(windows))], axis=1)
    expected = fitted.predict(whole, pairs, {feature: gene_features(whole, feature) for feature in features})
    np.testing.assert_allclose(np.ravel(model.median(found)), expected["median"], rtol=1e-4)
    np.testing.assert_allclose(np.ravel(model.distribution_mean(found)), expected["mean"], rtol=1e-4)
    assert np.ptp(found[:, 0]) > 1e-3
    assert (found[7] == model.at(query, 0)(windows[7:8])[0]).all()
