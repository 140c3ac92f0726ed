"""One chromosome against all others, sizes as shares, and samples that are not held out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from tr300m.base.axes import Genes, Samples
from tr300m.base.types import Ints, Strings
from tr300m.dataset.leave_out_split import leave_out_split
from tr300m.dataset.pair_order import PairOrder
from tr300m.dataset.split_schemes import draw_split, scheme_settings
from tr300m.dataset.splits import PARTS, Split, check_apart, kind_and_argument, thesis_split
from tr300m.dataset.whole_groups import groups_that_fit, held_out_count

SETTINGS = {
    "held_out_genes": 0.25, "held_out_samples": 0.5, "gene_pool": None, "seed": 0, "folds": 3, "held_out_donors": 0.4,
    "validation_share": 0.3,
}  # fmt: skip


def genes_on(counts: dict[str, int], cluster_size: int = 1) -> Genes:
    """Return genes on these chromosomes; on each, neighbours share a promoter in clusters of a size."""
    chromosome = np.repeat(list(counts), list(counts.values()))
    within = np.concatenate([np.arange(count) // cluster_size for count in counts.values()])
    _, cluster = np.unique(np.char.add(np.char.add(chromosome, "/"), within.astype(np.str_)), return_inverse=True)
    names, zero = np.array([f"ENSG{row}.1" for row in range(len(chromosome))]), np.zeros(len(chromosome), np.int64)
    return Genes(names, names, chromosome, names, zero, zero, zero, names, cluster.astype(np.int64))


def some_samples(count: int, samples_a_donor: int = 2) -> Samples:
    """Return samples of donors that have so many each."""
    names = np.array([f"S{row}" for row in range(count)])
    return Samples(names, np.array([f"D{row // samples_a_donor}" for row in range(count)]), names)


def draw(name: str, genes: Genes, samples: Samples, **changes: Any) -> Split:
    """Draw a split with the settings above."""
    return draw_split(name, genes, samples, scheme_settings(name, SETTINGS | changes))


def sides(split: Split, groups: Strings | Ints) -> list[set[Any]]:
    """Return the groups of genes on each side: training, validation, test."""
    train, _ = split.training_axes(len(groups), 0)
    return [set(groups[part].tolist()) for part in (train, split.validation_genes, split.test_genes)]


# --- leave_out_CHROM --------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    counts=st.lists(st.integers(1, 30), min_size=4, max_size=12),
    share=st.floats(0.01, 0.9),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_gene_is_tested_once_and_no_chromosome_is_on_two_sides(
    counts: list[int], share: float, seed: int
) -> None:
    genes, samples = genes_on({f"chr{number}": count for number, count in enumerate(counts)}), some_samples(20)
    tested = []
    for chromosome in np.unique(genes.chromosome).tolist():
        split = draw(f"leave_out_{chromosome}", genes, samples, validation_share=share, seed=seed)
        train, validated, left_out = sides(split, genes.chromosome)
        assert left_out == {chromosome}
        assert train and validated
        assert not train & validated and chromosome not in train | validated
        # Within the share, or the smallest of the others.
        others = [count for name, count in enumerate(counts) if f"chr{name}" != chromosome]
        assert len(split.validation_genes) <= max(share * sum(others), min(others))
        assert split.apart == "chromosome"
        tested.append(split.test_genes)
    assert sorted(np.concatenate(tested).tolist()) == list(range(sum(counts)))


@settings(deadline=None, max_examples=60)
@given(
    counts=st.lists(st.integers(8, 30), min_size=2, max_size=3),
    cluster_size=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_of_one_or_two_others_whole_clusters_validate(counts: list[int], cluster_size: int, seed: int) -> None:
    genes = genes_on({f"chr{number}": count for number, count in enumerate(counts)}, cluster_size)
    split = draw("leave_out_chr0", genes, some_samples(20), validation_share=0.4, seed=seed)
    train, validated, left_out = sides(split, genes.cluster)
    assert train and validated and left_out
    assert not train & validated and not left_out & (train | validated)
    assert 0 < len(split.validation_genes) <= 0.4 * sum(counts[1:])
    assert sides(split, genes.chromosome)[2] == {"chr0"}
    assert split.apart == "test_chromosome"


def test_samples_are_the_same_for_all_chromosomes() -> None:
    genes = genes_on({"chr1": 9, "chr2": 8, "chr3": 7, "chrX": 6})
    splits = [draw(f"leave_out_{name}", genes, some_samples(20)) for name in ("chr1", "chrX")]
    assert splits[0].held_out_samples.tolist() == splits[1].held_out_samples.tolist()
    assert (len(splits[0].validation_samples), len(splits[0].test_samples)) == (5, 5)
    # As the thesis draws samples, but without the genes before.
    expected = np.random.RandomState(0).choice(20, 10, replace=False)
    assert splits[0].held_out_samples.tolist() == expected.tolist()


def test_the_seed_draws_the_validation_part() -> None:
    genes = genes_on({f"chr{number}": 10 for number in range(9)})
    drawn = [draw("leave_out_chr0", genes, some_samples(20), seed=seed, validation_share=0.25) for seed in range(6)]
    assert {len(split.validation_genes) for split in drawn} == {20}
    assert len({tuple(split.validation_genes.tolist()) for split in drawn}) > 1
    again = draw("leave_out_chr0", genes, some_samples(20), seed=0, validation_share=0.25)
    assert again.validation_genes.tolist() == drawn[0].validation_genes.tolist()


@pytest.mark.parametrize("name", ["chr22", "22", "X", "chrUn_KI270742v1", "GL000009.2", "2L"])
def test_any_name_of_a_chromosome(name: str, tmp_path: Path) -> None:
    genes, samples = genes_on({name: 5, "one": 9, "two": 8, "three": 4}), some_samples(20)
    assert kind_and_argument(f"leave_out_{name}") == ("leave_out", name)
    split = draw(f"leave_out_{name}", genes, samples)
    assert split.test_genes.tolist() == [0, 1, 2, 3, 4]
    path = tmp_path / f"leave_out_{name}.tsv"
    split.write(path, genes, samples)
    assert Split.read(path, genes, samples).name == f"leave_out_{name}"


@pytest.mark.parametrize(
    ("counts", "name", "changes", "parts"),
    [
        ({"chr1": 12, "chr2": 30}, "leave_out_chr5", {}, ["leave_out_chr5", "chr1 12", "chr2 30"]),
        ({"chr1": 12}, "leave_out_chr1", {}, ["leave_out_chr1", "chr1 12"]),
        ({"chr1": 12, "chr2": 6}, "leave_out_chr1", {"validation_share": 0.4}, ["0.4", "6", "2", "3"]),
        ({"chr1": 12, "chr2": 6}, "leave_out_chr2", {"held_out_samples": 20}, ["20 of 20 samples"]),
        ({"chr1": 12, "chr2": 6}, "leave_out_chr2", {"held_out_samples": 0.05}, ["1 of 20 samples", "0.05"]),
    ],
)
def test_impossible_chromosomes(
    refuses: Refuses, counts: dict[str, int], name: str, changes: dict[str, Any], parts: list[str]
) -> None:
    with refuses(*parts):
        draw(name, genes_on(counts, cluster_size=3), some_samples(20), **changes)


def test_a_pseudo_autosomal_twin_is_no_slip() -> None:
    """A gene of chrX and its twin on chrY are one cluster: without chrX the twin may train, and the gene is marked."""
    genes = genes_on({"chrX": 6, "chrY": 6, "chr1": 6})
    genes.cluster[6] = genes.cluster[0]
    split = draw("leave_out_chrX", genes, some_samples(20))
    check_apart(split, genes, some_samples(20))
    assert split.shares_promoter(genes.cluster)[0] == (6 not in split.validation_genes)


@pytest.mark.parametrize("slip", ["test gene trains", "cluster is torn"])
def test_a_file_that_mixes_sides_is_refused(tmp_path: Path, refuses: Refuses, slip: str) -> None:
    genes, samples = genes_on({"chr1": 6, "chr2": 12, "chr3": 12}, cluster_size=2), some_samples(20)
    path = tmp_path / "leave_out_chr1.tsv"
    draw("leave_out_chr1", genes, samples).write(path, genes, samples)
    lines = path.read_text().splitlines(keepends=True)
    part, group = {"test gene trains": ("test", "chromosome chr1"), "cluster is torn": ("validation", "cluster ")}[slip]
    lines.remove(next(line for line in lines if line.startswith(f"gene\t{part}")))
    path.write_text("".join(lines))
    with refuses("leave_out_chr1", group):
        Split.read(path, genes, samples)


# --- samples that are not held out ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["thesis", "chromosome_2", "overlap_free", "leave_out_chr3"])
def test_without_held_out_samples_all_train_and_are_predicted(name: str, tmp_path: Path) -> None:
    genes, samples = genes_on({"chr1": 9, "chr2": 8, "chr3": 7, "chrX": 6}), some_samples(7)
    split = draw(name, genes, samples, held_out_samples=0)
    path = tmp_path / f"{name}.tsv"
    split.write(path, genes, samples)
    for found in (split, Split.read(path, genes, samples)):
        assert found.shares_samples and not len(found.held_out_samples)
        train, all_samples = found.training_axes(len(genes), len(samples))
        assert all_samples.tolist() == list(range(7))
        for part in PARTS:
            pairs = found.pairs(part)
            assert len(pairs) == 7 * len(found.axes(part)[0])
            assert set(pairs[:, 1].tolist()) == set(range(7))
            assert not set(pairs[:, 0].tolist()) & set(train.tolist())
        drawn = PairOrder(3, len(genes), len(samples), found).take(500)
        assert set(drawn[:, 1].tolist()) == set(range(7))
        assert not set(drawn[:, 0].tolist()) & set(found.held_out_genes.tolist())
    # With held-out samples the genes are the same.
    assert draw(name, genes, some_samples(20)).held_out_genes.tolist() == split.held_out_genes.tolist()


def test_folds_without_held_out_samples_need_no_genes_to_draw() -> None:
    """The thesis's draw of samples follows that of genes: without it their number does not matter."""
    genes, samples = genes_on({"chr1": 2, "chr2": 2, "chr3": 2}), some_samples(5)
    split = draw("chromosome_1", genes, samples, held_out_samples=0, held_out_genes=512)
    assert (len(split.test_genes), len(split.validation_genes)) == (2, 2)


# --- shares -----------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(size=st.integers(3, 2000), count=st.integers(2, 1999))
def test_a_share_is_the_number_it_makes(size: int, count: int) -> None:
    if count < size:
        assert held_out_count("held_out_genes", count / size, size, "genes") == count
        assert held_out_count("held_out_genes", count, size, "genes") == count


def test_splits_by_share_are_those_by_number() -> None:
    genes, samples = genes_on({"chr1": 30, "chr2": 20, "chr3": 30}, 2), some_samples(40)
    numbers = {"held_out_genes": 20, "held_out_samples": 20, "held_out_donors": 8}
    for name in ("thesis", "donor", "overlap_free", "chromosome_2", "leave_out_chr2"):
        by_number, by_share = draw(name, genes, samples, **numbers), draw(name, genes, samples)
        for part in PARTS:
            assert by_share.pairs(part).tolist() == by_number.pairs(part).tolist()
    pool = thesis_split(80, 40, 0.5, 0.5, gene_pool=40)
    assert len(pool.held_out_genes) == 20 and pool.held_out_genes.max() < 40


@pytest.mark.parametrize(
    ("value", "size", "parts"),
    [
        (0.01, 100, ["1 of 100 donors", "0.01"]),
        (0.999, 100, ["100 of 100 donors", "0.999"]),
        (1, 100, ["1 of 100 donors"]),
        (100, 100, ["100 of 100 donors"]),
        (2.5, 100, ["2.5 of 100 donors"]),
        (-0.5, 100, ["-0.5 of 100 donors"]),
        (0, 100, ["0 of 100 donors"]),
    ],
)
def test_impossible_counts(refuses: Refuses, value: float, size: int, parts: list[str]) -> None:
    with refuses(*parts, "split: held_out_donors"):
        held_out_count("held_out_donors", value, size, "donors")


def test_groups_that_fit_by_hand() -> None:
    # Of groups of 5, 3, 4 and 1, in this order, into 8: 5 and 3.
    assert groups_that_fit(np.arange(4), np.array([5, 3, 4, 1]), 8).tolist() == [0, 1]
    # Into 6: 5 and 1.
    assert groups_that_fit(np.arange(4), np.array([5, 3, 4, 1]), 6).tolist() == [0, 3]
    assert not len(groups_that_fit(np.arange(2), np.array([5, 3]), 2))


def test_defaults_without_the_workflow() -> None:
    genes, samples = genes_on({"chr1": 40, "chr2": 30}), some_samples(2000)
    split = leave_out_split(genes, samples, "chr2")
    assert len(split.held_out_samples) == 512
    assert len(split.validation_genes) == 4
    assert replace(split, name="x").test_genes.tolist() == list(range(40, 70))
