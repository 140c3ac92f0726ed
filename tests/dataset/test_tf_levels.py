"""Levels of motif columns, which regulators a gene is itself, and inputs without its own TPM: against literal loops."""

import dataclasses

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, draw, toy_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tr300m.config.architectures import Architecture
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.tf_levels import own_regulators, regulator_genes, tf_levels
from tr300m.model.inputs import Units, model_inputs


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_levels_sum_the_regulators_of_a_column(data: st.DataObject) -> None:
    samples, rows, columns = (data.draw(st.integers(1, 6)) for _ in range(3))
    levels = data.draw(arrays(np.float32, (samples, rows), elements=st.integers(0, 4096).map(lambda n: n / 8)))
    mapping = data.draw(arrays(np.uint8, (rows, columns), elements=st.integers(0, 1)))
    found = tf_levels(levels, mapping)
    assert found.dtype == np.float32
    for sample in range(samples):
        for column in range(columns):
            total = sum(float(levels[sample, row]) for row in range(rows) if mapping[row, column])
            assert found[sample, column] == total


GENE_ID = ["a.1", "b.2", "c.3", "d.1"]
MERGED = ["", "e.1;f.1", "", ""]
REGULATOR_ID = ["c.3", "f.1", "d.2", "a.1", "e.1"]
UNITS = Units(histone_mean=1.0, tss_mean=1.0)


def test_a_gene_is_the_regulators_of_its_start() -> None:
    # d.1 is another version.
    assert own_regulators(GENE_ID, MERGED, REGULATOR_ID).astype(int).tolist() == [
        [0, 0, 0, 1, 0],
        [0, 1, 0, 0, 1],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_regulator_genes_have_a_motif() -> None:
    motifs = np.array([[1, 0], [1, 1], [1, 0], [0, 0], [0, 0]])
    # a.1 has no motif.
    assert regulator_genes(GENE_ID, MERGED, REGULATOR_ID, motifs).tolist() == [False, True, True, False]


def toy(seed: int = 0) -> Dataset:
    """Return six samples of levels whose sums float32 rounds; columns of no, one, two and four regulators."""
    chance = np.random.default_rng(seed)
    levels = chance.lognormal(0, 3, (6, 5)).astype(np.float32)
    mapping = np.array([[1, 0, 0, 1], [1, 1, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=np.uint8)
    sizes = Sizes(genes=4, samples=6, length=20, motifs=4, regulators=5)
    drawn = draw(sizes, seed)
    return toy_dataset(
        sizes,
        seed,
        genes=dataclasses.replace(drawn["genes"], gene_id=np.array(GENE_ID), merged=np.array(MERGED)),
        regulators=dataclasses.replace(drawn["regulators"], gene_id=np.array(REGULATOR_ID)),
        regulator_levels=levels,
        motif_map=mapping,
    )


@pytest.mark.parametrize("key", ["seq_tf", "seq_tf_df"])
def test_own_level_is_zeroed_as_if_the_columns_were_built_without_it(key: str) -> None:
    """Each pair against a dataset whose column of the gene's own TPM is 0."""
    dataset, architecture = toy(), Architecture.from_key(key)
    genes, samples = (axis.ravel() for axis in np.meshgrid(np.arange(4), np.arange(6)))
    found = model_inputs(dataset, architecture, genes, samples, UNITS, zero_own_level=True)
    plain = model_inputs(dataset, architecture, genes, samples, UNITS)
    own_of_gene: dict[int, list[int]] = {0: [3], 1: [1, 4], 2: [0], 3: []}
    name = "regulator_levels" if architecture.distance else "levels"
    assert found.keys() == plain.keys()
    for pair, (gene, sample) in enumerate(zip(genes.tolist(), samples.tolist(), strict=True)):
        zeroed = dataset.regulator_levels[sample].copy()
        zeroed[own_of_gene[gene]] = 0
        columns = [np.float32(sum(zeroed[dataset.motif_map[:, motif] == 1].astype(np.float64))) for motif in range(4)]
        if architecture.distance:
            assert found[name][pair].tolist() == zeroed.tolist()
        else:
            np.testing.assert_allclose(found[name][pair], columns, rtol=3e-7)
            # A column of one or two regulators is exact, whatever the order of the sum.
            assert found[name][pair][:3].tolist() == columns[:3]
    for other in found.keys() - {name}:
        assert np.array_equal(found[other], plain[other])
    assert np.array_equal(found[name][genes == 3], plain[name][genes == 3])
    assert not np.array_equal(found[name][genes == 2], plain[name][genes == 2])


def test_a_dominating_own_level_leaves_no_rounding_behind() -> None:
    levels = np.full((6, 5), 0.1, np.float32)
    levels[:, 0] = 1e8
    dataset = dataclasses.replace(toy(), regulator_levels=levels)
    found = model_inputs(
        dataset, Architecture.from_key("seq_tf"), np.array([2]), np.array([0]), UNITS, zero_own_level=True
    )
    assert found["levels"][0, 0] == np.float32(0.1)


def test_without_levels_there_is_nothing_to_zero(refuses: Refuses) -> None:
    with refuses("seq_core_hm", "`tf`"):
        model_inputs(
            toy(), Architecture.from_key("seq_core_hm"), np.array([0]), np.array([0]), UNITS, zero_own_level=True
        )
