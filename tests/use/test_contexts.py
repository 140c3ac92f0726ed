"""Contexts: samples, tissues at their median levels, tables of levels; and promoters in them."""

from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, toy_dataset
from tr300m.base.axes import Samples
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.tf_levels import tf_levels
from tr300m.use.contexts import Contexts, in_contexts

TISSUE = np.array(["Liver", "Liver", "Lung", "Liver", "Lung"])
LEVELS = np.array([[1, 0], [3, 10], [2, 2], [7, 100], [4, 6]], np.float32)


def data() -> Dataset:
    return toy_dataset(
        Sizes(regulators=2, tissues=3),
        samples=Samples(np.array(list("abcde")), np.array(list("ABCDE")), TISSUE),
        tissues=("Liver", "Lung", "Skin"),
        tissue=np.array([[name == column for column in ("Liver", "Lung", "Skin")] for name in TISSUE], np.uint8),
        regulator_levels=LEVELS,
    )


def test_a_tissue_is_the_median_of_its_training_samples() -> None:
    """Sample d is held out. The median of two logarithms is that of sqrt(2 * 4) = 2.83 and sqrt(1 * 11) = 3.32."""
    found = Contexts.of_tissues(data(), np.array([0, 1, 2, 4]), ["Lung", "Liver"])
    assert (found.names, found.tissues) == (("Lung", "Liver"),) * 2
    np.testing.assert_allclose(found.levels, [[15**0.5 - 1, 21**0.5 - 1], [8**0.5 - 1, 11**0.5 - 1]], rtol=1e-6)
    assert Contexts.of_tissues(data(), np.arange(5), ["Liver"]).levels.tolist() == [[3, 10]]


def test_all_tissues_are_those_in_training() -> None:
    assert Contexts.of_tissues(data(), np.arange(5), ["all"]).names == ("Liver", "Lung")


def test_samples_and_both() -> None:
    samples = Contexts.of_samples(data(), ["c", "a"])
    assert (samples.names, samples.tissues, samples.levels.tolist()) == (
        ("c", "a"),
        ("Lung", "Liver"),
        [[2, 2], [1, 0]],
    )
    both = samples.joined(Contexts.of_tissues(data(), np.arange(5), ["Liver"]))
    assert both.names == ("c", "a", "Liver") and both.levels.tolist() == [[2, 2], [1, 0], [3, 10]]


def test_a_query_is_a_dataset_of_promoters_in_contexts() -> None:
    dataset = data()
    query = in_contexts(dataset.take_genes(np.array([3, 1])), Contexts.of_samples(dataset, ["c", "a", "e"]))
    assert query.genes.gene_id.tolist() == ["G3", "G1"]
    assert query.samples.sample_id.tolist() == ["c", "a", "e"]
    assert query.tissue.tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0]]
    np.testing.assert_array_equal(query.tf_levels, tf_levels(LEVELS[[2, 0, 4]], dataset.motif_map))
    assert query.expression.shape == (2, 3) and np.isnan(query.expression).all()


def test_a_context_may_have_no_tissue() -> None:
    query = in_contexts(data(), Contexts(("mine",), ("",), LEVELS[:1]))
    assert query.tissue.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("separator", ["\t", ","])
def test_a_table_of_levels(tmp_path: Path, separator: str) -> None:
    table = tmp_path / "levels.txt"
    table.write_text("gene\tx\ty\nR1.7\t5\t6\nR0\t1\t2\nother\t9\t9\n".replace("\t", separator))
    found = Contexts.of_table(data(), table, "Lung")
    assert (found.names, found.tissues, found.levels.tolist()) == (("x", "y"), ("Lung", "Lung"), [[1, 5], [2, 6]])


def test_refusals(refuses: Refuses, tmp_path: Path) -> None:
    dataset, table = data(), tmp_path / "levels.tsv"
    with refuses("lver", "Liver"):
        Contexts.of_tissues(dataset, np.arange(5), ["lver"])
    with refuses("Skin", "Liver"):
        Contexts.of_tissues(dataset, np.arange(5), ["Skin"])
    with refuses("z"):
        Contexts.of_samples(dataset, ["z"])
    with refuses("Bone"):
        in_contexts(dataset, Contexts(("mine",), ("Bone",), LEVELS[:1]))
    with refuses("context"):
        in_contexts(dataset, Contexts((), (), LEVELS[:0]))
    table.write_text("gene\tx\nR0\t5\n")
    with refuses("levels.tsv", "1", "2", "R1"):
        Contexts.of_table(dataset, table)
    table.write_text("gene\tx\nR0\t5\nR0.1\t5\nR1\t3\n")
    with refuses("levels.tsv", "R0", "R0.1"):
        Contexts.of_table(dataset, table)


def test_few_missing_regulators_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset, table = toy_dataset(Sizes(regulators=60)), tmp_path / "levels.tsv"
    table.write_text("gene\tx\n" + "".join(f"R{number}\t2\n" for number in range(60) if number != 7))
    found = Contexts.of_table(dataset, table)
    assert found.levels[0].tolist() == [2.0] * 7 + [0.0] + [2.0] * 52
    assert "R7" in capsys.readouterr().err
