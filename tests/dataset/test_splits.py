"""Held-out genes and samples."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import MakeGenes, Refuses, says
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.base.axes import Genes, Samples
from tr300m.base.errors import TR300MError
from tr300m.config.split_names import split_names
from tr300m.dataset.overlap_window import overlap_note, overlap_window
from tr300m.dataset.split_schemes import (
    SCHEMES,
    chromosome_folds,
    chromosome_split,
    donor_split,
    draw_split,
    overlap_free_split,
    scheme_settings,
)
from tr300m.dataset.splits import Split, check_apart, kind_and_argument, thesis_split


def make_samples(count: int) -> Samples:
    """Return a sample table."""
    return Samples(
        sample_id=np.array([f"S{number}" for number in range(count)]),
        donor_id=np.array([f"D{number}" for number in range(count)]),
        tissue=np.array(["Lung"] * count),
    )


def small_axes(make_genes: MakeGenes) -> tuple[Genes, Samples]:
    """Return 12 genes and 10 samples."""
    return make_genes([("chr1", "+", 5000 + number) for number in range(12)]), make_samples(10)


def test_first_held_out_of_the_thesis() -> None:
    split = thesis_split()
    assert split.validation_genes[:4].tolist() == [19378, 14782, 5640, 11882]
    assert split.test_genes[:2].tolist() == [11621, 1295]
    assert split.validation_samples[:4].tolist() == [14471, 16616, 2753, 14906]
    assert split.test_samples[:2].tolist() == [8936, 12465]


def test_first_held_out_when_drawn_from_all_genes() -> None:
    for split in (thesis_split(gene_pool=None), thesis_split(gene_pool=19786)):
        assert split.validation_genes[:4].tolist() == [6156, 13931, 13929, 17701]
        assert split.test_genes[:2].tolist() == [3093, 4584]
        assert split.validation_samples[:4].tolist() == [240, 14215, 11986, 6158]
        assert split.test_samples[:2].tolist() == [21, 7234]


@pytest.mark.parametrize("pool", [19746, None])
def test_split_equals_the_legacy_generator(pool: int | None) -> None:
    generator = np.random.RandomState(0)
    genes = generator.choice(pool or 19786, 512, replace=False)
    samples = generator.choice(17382, 512, replace=False)
    split = thesis_split(gene_pool=pool)
    assert split.held_out_genes.tolist() == genes.tolist()
    assert split.held_out_samples.tolist() == samples.tolist()
    assert split.validation_genes.tolist() == genes[:256].tolist()
    assert split.test_samples.tolist() == samples[256:].tolist()
    assert split.name == "thesis"


def test_the_global_generator_is_left_alone() -> None:
    np.random.seed(5)  # noqa: NPY002 - the legacy generator is what is tested
    before = np.random.get_state()  # noqa: NPY002
    thesis_split()
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("part", ["validation", "test"])
def test_pairs_are_gene_fastest(part: str) -> None:
    split = thesis_split()
    pairs = split.pairs(part)  # type: ignore[arg-type]
    genes, samples = split.axes(part)  # type: ignore[arg-type]
    assert pairs.shape == (65536, 2)
    assert pairs.dtype == np.int64
    for number in (0, 1, 255, 256, 257, 65535, 31415):
        assert pairs[number].tolist() == [genes[number % 256], samples[number // 256]]


@settings(deadline=None, max_examples=40)
@given(
    n_genes=st.integers(3, 60),
    n_samples=st.integers(3, 60),
    share=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    seed=st.integers(0, 2**32 - 1),
)
def test_parts_are_disjoint_and_in_range(n_genes: int, n_samples: int, share: tuple[float, float], seed: int) -> None:
    held = [2 + int(part * (size - 3)) for part, size in zip(share, (n_genes, n_samples), strict=True)]
    split = thesis_split(n_genes, n_samples, held[0], held[1], None, seed)
    for axis, size, count in (
        (split.held_out_genes, n_genes, held[0]),
        (split.held_out_samples, n_samples, held[1]),
    ):
        assert len(set(axis.tolist())) == len(axis) == count
        assert set(axis.tolist()) <= set(range(size))
    assert len(split.validation_genes) == held[0] // 2
    assert len(split.validation_samples) == held[1] // 2
    again = thesis_split(n_genes, n_samples, held[0], held[1], None, seed)
    assert again.pairs("test").tolist() == split.pairs("test").tolist()


def test_a_smaller_pool_holds_its_genes() -> None:
    split = thesis_split(100, 100, 20, 20, 30)
    assert split.held_out_genes.max() < 30


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((10, 10, 11, 2, None), ("11", "10", "gene")),
        ((10, 10, 10, 2, None), ("10", "gene")),
        ((10, 10, 2, 11, None), ("11", "10", "sample")),
        ((10, 10, 2, 10, None), ("10", "sample")),
        ((10, 10, 6, 2, 5), ("6", "5", "gene")),
        ((10, 10, 2, 2, 11), ("11", "10", "gene")),
        ((10, 10, -2, 2, None), ("-2", "gene")),
    ],
)
def test_impossible_split(
    refuses: Refuses, arguments: tuple[int, int, int, int, int | None], parts: tuple[str]
) -> None:
    with refuses(*parts):
        thesis_split(*arguments)


def test_written_split_reads_back(tmp_path: Path, make_genes: MakeGenes) -> None:
    genes, samples = small_axes(make_genes)
    split = thesis_split(12, 10, 4, 6, None)
    path = tmp_path / "thesis.tsv"
    split.write(path, genes, samples)
    header, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert header == ["axis", "part", "index", "id", "apart", "overlap_window"]
    expected = [
        [axis, part, str(index), ids[index], "nothing", "-2772..+50"]
        for axis, ids, parts in (
            ("gene", genes.gene_id, (split.validation_genes, split.test_genes)),
            ("sample", samples.sample_id, (split.validation_samples, split.test_samples)),
        )
        for part, indices in zip(("validation", "test"), parts, strict=True)
        for index in indices.tolist()
    ]
    assert len(rows) == 4 + 6
    assert sorted(rows) == sorted(expected)
    found = Split.read(path, genes, samples)
    assert found.validation_genes.tolist() == split.validation_genes.tolist()
    assert found.test_genes.tolist() == split.test_genes.tolist()
    assert found.validation_samples.tolist() == split.validation_samples.tolist()
    assert found.test_samples.tolist() == split.test_samples.tolist()
    assert found.validation_genes.dtype == np.int64


def write_split(path: Path, make_genes: MakeGenes) -> list[list[str]]:
    """Write a split and return its lines as fields."""
    genes, samples = small_axes(make_genes)
    thesis_split(12, 10, 4, 4, None).write(path, genes, samples)
    return [line.split("\t") for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    "case", ["id", "twice", "both parts", "range", "text", "axis", "part", "columns", "width", "apart", "apart differs"]
)
def test_bad_split_file(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, case: str) -> None:
    path = tmp_path / "thesis.tsv"
    lines = write_split(path, make_genes)
    genes, samples = small_axes(make_genes)
    gene_row = next(number for number, line in enumerate(lines) if line[:2] == ["gene", "validation"])
    parts = ["thesis.tsv"]
    if case == "id":
        lines[gene_row][3] = "ENSG_other.1"
        parts.append("ENSG_other.1")
    elif case == "twice":
        lines.append(list(lines[gene_row]))
        parts.append(lines[gene_row][3])
    elif case == "both parts":
        lines.append(["gene", "test", *lines[gene_row][2:]])
        parts.append(lines[gene_row][3])
    elif case == "range":
        lines[gene_row][2] = "12"
    elif case == "text":
        lines[gene_row][2] = "one"
    elif case == "axis":
        lines[gene_row][0] = "tissue"
    elif case == "part":
        lines[gene_row][1] = "train"
    elif case == "columns":
        lines[0][2] = "number"
    elif case == "apart":
        lines[gene_row][4] = "organ"
        parts += ["organ", "tissue", "cluster"]
    elif case == "apart differs":
        lines[gene_row][4] = "donor"
        parts += ["donor", "nothing", "apart"]
    else:
        lines[gene_row].append("more")
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n")
    with refuses(*parts):
        Split.read(path, genes, samples)


def test_missing_split_file(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    with refuses("none.tsv"):
        Split.read(tmp_path / "none.tsv", *small_axes(make_genes))


# Three genes on each of seven chromosomes but chr7, which has six.
ROWS = [(f"chr{number}", "+", 5000 + gene) for number in range(1, 8) for gene in range(6 if number == 7 else 3)]
SETTINGS = {"held_out_genes": 8, "held_out_samples": 10, "gene_pool": None, "seed": 0, "folds": 4, "held_out_donors": 3}
SETTINGS |= {"validation_share": 0.2, "held_out_tissues": 2, "tissue_groups": None}
NAMES = [name.replace("CHROM", "chr3") for name in split_names(4)]


def axes_with_donors(make_genes: MakeGenes) -> tuple[Genes, Samples]:
    """Return 24 genes on seven chromosomes, and 20 samples of eight donors."""
    samples = make_samples(20)
    number = np.arange(20).astype(np.str_)
    donors, tissues = (np.char.add(letter, number[np.arange(20) % of]) for letter, of in (("D", 8), ("T", 3)))
    return make_genes(ROWS), replace(samples, donor_id=donors, tissue=tissues)


def draw(name: str, genes: Genes, samples: Samples, **changes: int) -> Split:
    """Draw a split with the settings above."""
    return draw_split(name, genes, samples, scheme_settings(name, SETTINGS | changes))


def test_every_name_can_be_drawn_and_reads_back(tmp_path: Path, make_genes: MakeGenes) -> None:
    genes, samples = axes_with_donors(make_genes)
    assert {kind_and_argument(name)[0] for name in NAMES} == set(SCHEMES)
    for name in NAMES:
        split = draw(name, genes, samples)
        assert split.name == name
        path = tmp_path / f"{name}.tsv"
        split.write(path, genes, samples)
        found = Split.read(path, genes, samples)
        assert found.apart == split.apart
        for part in ("validation", "test"):
            assert found.pairs(part).tolist() == split.pairs(part).tolist()  # type: ignore[arg-type]


def test_the_thesis_by_name_is_the_thesis(make_genes: MakeGenes) -> None:
    genes, samples = axes_with_donors(make_genes)
    by_name, plain = draw("thesis", genes, samples), thesis_split(24, 20, 8, 10, None)
    assert by_name.pairs("test").tolist() == plain.pairs("test").tolist()


def test_folds_are_filled_from_the_richest_chromosome(make_genes: MakeGenes) -> None:
    folds = chromosome_folds(make_genes(ROWS).chromosome, 4)
    # chr7 alone fills a fold; the others go by twos: 6 genes each.
    assert np.bincount(folds).tolist() == [6, 6, 6, 6]
    assert folds[18:].tolist() == [0] * 6
    assert folds[:18].tolist() == [1] * 3 + [2] * 3 + [3] * 3 + [1] * 3 + [2] * 3 + [3] * 3


def test_every_gene_is_tested_once_and_validated_once(make_genes: MakeGenes) -> None:
    genes, samples = axes_with_donors(make_genes)
    splits = [draw(f"chromosome_{fold}", genes, samples) for fold in (1, 2, 3, 4)]
    for part in ("validation_genes", "test_genes"):
        assert sorted(np.concatenate([getattr(split, part) for split in splits]).tolist()) == list(range(24))
    for split in splits:
        tested, validated = (set(genes.chromosome[part]) for part in (split.test_genes, split.validation_genes))
        trained = set(np.delete(genes.chromosome, split.held_out_genes))
        assert tested
        assert validated
        assert trained
        assert not tested & validated
        assert not (tested | validated) & trained
        # The samples of the thesis's draw.
        drawn = thesis_split(24, 20, 8, 10, None)
        assert split.validation_samples.tolist() == drawn.validation_samples.tolist()
        assert split.test_samples.tolist() == drawn.test_samples.tolist()


@settings(deadline=None, max_examples=40)
@given(counts=st.lists(st.integers(1, 40), min_size=3, max_size=24), folds=st.integers(3, 24))
def test_folds_hold_whole_chromosomes_in_balance(counts: list[int], folds: int) -> None:
    folds = min(folds, len(counts))
    chromosome = np.repeat([f"chr{number}" for number in range(len(counts))], counts)
    found = chromosome_folds(chromosome, folds)
    sizes = np.bincount(found, minlength=folds)
    assert sizes.min() > 0
    assert all(len(set(found[chromosome == name])) == 1 for name in set(chromosome))
    # Graham's bound: no fold exceeds the mean by more than the largest chromosome.
    assert sizes.max() <= sizes.mean() + max(counts)


def test_a_donor_is_on_one_side_with_all_samples(make_genes: MakeGenes) -> None:
    genes, samples = axes_with_donors(make_genes)
    split = draw("donor", genes, samples)
    validated, tested = (set(samples.donor_id[part]) for part in (split.validation_samples, split.test_samples))
    assert (len(validated), len(tested)) == (1, 2)
    assert not validated & tested
    assert not (validated | tested) & set(np.delete(samples.donor_id, split.held_out_samples))
    assert sorted(split.validation_samples.tolist()) == np.flatnonzero(np.isin(samples.donor_id, [*validated])).tolist()
    assert split.test_genes.tolist() == thesis_split(24, 20, 8, 10, None).test_genes.tolist()
    again, other = draw("donor", genes, samples), [draw("donor", genes, samples, seed=seed) for seed in range(1, 6)]
    assert again.test_samples.tolist() == split.test_samples.tolist()
    assert any(o.test_samples.tolist() != split.test_samples.tolist() for o in other)


@pytest.mark.parametrize("donors", [1, 8, 9])
def test_impossible_numbers_of_donors(make_genes: MakeGenes, refuses: Refuses, donors: int) -> None:
    with refuses(str(donors), "8", "held_out_donors"):
        draw("donor", *axes_with_donors(make_genes), held_out_donors=donors)


@pytest.mark.parametrize(
    ("fold", "folds", "parts"), [(1, 8, ["7", "8"]), (1, 2, ["7", "2", "3"]), (5, 4, ["chromosome_5", "1", "4"])]
)
def test_impossible_folds(make_genes: MakeGenes, refuses: Refuses, fold: int, folds: int, parts: list[str]) -> None:
    with refuses(*parts, "split: folds"):
        draw(f"chromosome_{fold}", *axes_with_donors(make_genes), folds=folds)


@pytest.mark.parametrize(
    ("name", "axis", "group"),
    [
        ("chromosome_2", "gene", "chromosome chr"),
        ("donor", "sample", "donor D"),
        ("tissue", "sample", "tissue T"),
        ("overlap_free", "gene", "cluster "),
    ],
)
@pytest.mark.parametrize("slip", ["to train", "to test"])
def test_a_file_that_mixes_sides_is_refused(
    tmp_path: Path, make_genes: MakeGenes, refuses: Refuses, name: str, axis: str, group: str, slip: str
) -> None:
    """One gene of a validation chromosome or cluster, or sample of a validation donor, on another side."""
    genes, samples = axes_with_donors(make_genes)
    genes = replace(genes, cluster=np.arange(24) // 2)
    # What is kept apart stands in the file: its name may be any.
    path = tmp_path / "mine.tsv"
    draw(name, genes, samples).write(path, genes, samples)
    lines = path.read_text().splitlines(keepends=True)
    row = next(number for number, line in enumerate(lines) if line.startswith(f"{axis}\tvalidation"))
    lines[row : row + 1] = [] if slip == "to train" else [lines[row].replace("validation", "test")]
    slipped = lines[row].split("\t")[3] if slip == "to test" else ""
    path.write_text("".join(lines))
    with refuses("mine", group, slipped):
        Split.read(path, genes, samples)


@pytest.mark.parametrize("name", ["thesis", "chromosome_2", "donor"])
def test_a_file_without_the_column_apart_keeps_apart_what_its_name_says(
    tmp_path: Path, make_genes: MakeGenes, refuses: Refuses, name: str
) -> None:
    """As earlier versions wrote it."""
    genes, samples = axes_with_donors(make_genes)
    path = tmp_path / f"{name}.tsv"
    split = draw(name, genes, samples)
    split.write(path, genes, samples)
    lines = ["\t".join(line.split("\t")[:4]) for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    found = Split.read(path, genes, samples)
    assert found.apart == split.apart
    assert found.pairs("test").tolist() == split.pairs("test").tolist()
    if name != "thesis":
        axis = {"donor": "sample"}.get(name, "gene")
        lines.remove(next(line for line in lines if line.startswith(f"{axis}\tvalidation")))
        path.write_text("\n".join(lines) + "\n")
        with refuses(name):
            Split.read(path, genes, samples)


def test_the_window_of_the_clusters_stands_in_the_file(tmp_path: Path, make_genes: MakeGenes, refuses: Refuses) -> None:
    genes, samples = axes_with_donors(make_genes)
    path = tmp_path / "thesis.tsv"
    draw("thesis", genes, samples).write(path, genes, samples)
    wider = replace(genes, window_end=genes.window_end + 1950)
    with refuses("thesis.tsv", "-2772..+50", "-2772..+2000"):
        Split.read(path, wider, samples)
    # As earlier versions wrote it.
    lines = [line.rpartition("\t")[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    assert Split.read(path, wider, samples).apart == "nothing"


def test_windows_are_counted_from_the_tss_along_the_gene(make_genes: MakeGenes) -> None:
    rows = {strand: [("chr1", strand, 5000), ("chr2", strand, 9000)] for strand in "+-"}
    assert overlap_window(make_genes(rows["+"])) == "-2772..+50"
    assert overlap_window(make_genes(rows["-"])) == "-2773..+49"
    # The strands of the release differ by a base, those of the corrected edition do not.
    assert overlap_window(make_genes(rows["+"] + rows["-"])) == "-2773..+50"
    assert overlap_window(make_genes(rows["+"] + rows["-"], edition="corrected")) == "-2773..+49"
    assert says(overlap_note(make_genes(rows["+"])), "-2,772", "+50")


def test_the_thesis_keeps_no_donors_apart(make_genes: MakeGenes, refuses: Refuses) -> None:
    genes, samples = axes_with_donors(make_genes)
    split = draw("thesis", genes, samples)
    check_apart(split, genes, samples)
    with refuses("D1"):
        check_apart(replace(split, apart="donor"), genes, samples)


def test_a_split_depends_on_its_own_settings() -> None:
    assert "folds" not in scheme_settings("thesis", SETTINGS)
    assert scheme_settings("overlap_free", SETTINGS) == scheme_settings("thesis", SETTINGS)
    assert set(scheme_settings("chromosome_3", SETTINGS)) == {*scheme_settings("thesis", SETTINGS), "folds"}
    assert set(scheme_settings("donor", SETTINGS)) == {*scheme_settings("thesis", SETTINGS), "held_out_donors"}
    assert set(scheme_settings("leave_out_chr3", SETTINGS)) == {"held_out_samples", "validation_share", "seed"}


@pytest.mark.parametrize("name", ["random", "overlap", "chromosome", "thesis_1", "donor_2", "chromosome_x"])
def test_an_unknown_split_is_refused(make_genes: MakeGenes, refuses: Refuses, name: str) -> None:
    with refuses(name, "thesis, chromosome_1, donor, overlap_free, tissue, leave_out_CHROM"):
        draw_split(name, *axes_with_donors(make_genes), {})
    with refuses(name):
        scheme_settings(name, SETTINGS)


def test_splits_without_a_seed_take_the_thesis_seed(make_genes: MakeGenes) -> None:
    genes, samples = axes_with_donors(make_genes)
    sizes = {"held_out_genes": 8, "held_out_samples": 10, "gene_pool": None}
    for drawn, name in (
        (donor_split(genes, samples, 3, **sizes), "donor"),
        (chromosome_split(genes, samples, 2, 4, **sizes), "chromosome_2"),
        (overlap_free_split(genes, samples, **sizes), "overlap_free"),
    ):
        for part in ("validation", "test"):
            assert drawn.pairs(part).tolist() == draw(name, genes, samples).pairs(part).tolist()  # type: ignore[arg-type]


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=6, max_size=30), share=st.floats(0, 1), seed=st.integers(0, 2**32 - 1)
)
def test_overlap_free_holds_out_whole_clusters(sizes: list[int], share: float, seed: int) -> None:
    cluster = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    held_out = 2 * max(min(sizes), 1 + int(share * (len(cluster) // 2 - 2)))
    genes = genes_of_clusters(cluster)
    if held_out >= len(genes):
        return
    draw = {"held_out_genes": held_out, "held_out_samples": 10, "gene_pool": None, "seed": seed}
    try:
        split = draw_split("overlap_free", genes, make_samples(20), draw)
    except TR300MError as error:
        assert "clusters" in error.message  # noqa: PT017
        return
    train, _ = split.training_axes(len(genes), 20)
    sides = [set(cluster[part].tolist()) for part in (split.validation_genes, split.test_genes, train)]
    assert all(sides)
    assert sum(map(len, sides)) == len(sizes)
    for part in (split.validation_genes, split.test_genes):
        assert 0 < len(part) <= held_out // 2
        # No further cluster of one gene is left that would have fit.
        assert len(part) == held_out // 2 or 1 not in np.bincount(cluster)[list(sides[2])]
    assert not split.shares_promoter(cluster)[split.held_out_genes].any()
    thesis = thesis_split(len(genes), 20, held_out, 10, None, seed)
    assert split.validation_samples.tolist() == thesis.validation_samples.tolist()


def genes_of_clusters(cluster: NDArray[np.int64]) -> Genes:
    """Return a gene table whose other columns say nothing."""
    text, zero = np.array([f"ENSG{number}.1" for number in range(len(cluster))]), np.zeros(len(cluster), dtype=np.int64)
    return Genes(text, text, text, text, zero, zero, zero, text, cluster)


def test_clusters_that_are_too_large_are_named(refuses: Refuses) -> None:
    draw = {"held_out_genes": 4, "held_out_samples": 10, "gene_pool": None, "seed": 0}
    with refuses("4 genes", "5 clusters", "has 3", "held_out_genes"):
        draw_split("overlap_free", genes_of_clusters(np.arange(15) // 3), make_samples(20), draw)


def test_genes_that_share_a_promoter_with_training() -> None:
    none = np.array([], dtype=np.int64)
    split = Split("toy", np.array([0, 2]), np.array([5]), none, none)
    # Of the held-out genes, 0 shares with 1, which trains; 2 and 5 share with each other alone.
    assert split.shares_promoter(np.array([0, 0, 1, 2, 2, 1])).tolist() == [True, True, False, True, True, False]
