"""The parts of splits as text, counted by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
from helpers.fixtures import says
from tr300m.base.axes import Genes, Samples
from tr300m.dataset.split_overview import split_overview, splits_overview
from tr300m.dataset.split_schemes import draw_split, scheme_settings
from tr300m.dataset.splits import Split

CHROMOSOME = np.repeat(["chr2", "chr10", "chrX", "chrY"], [4, 3, 2, 1])
NAMES = np.array([f"G{row}" for row in range(10)])
GENES = Genes(NAMES, NAMES, CHROMOSOME, NAMES, *[np.arange(10)] * 3, NAMES, np.arange(10))
SAMPLES = Samples(
    NAMES, np.array([f"D{row // 2}" for row in range(10)]), np.repeat(["Lung", "Liver", "Testis"], [5, 3, 2])
)
SETTINGS = {
    "held_out_genes": 4, "held_out_samples": 4, "gene_pool": None, "seed": 0, "folds": 3, "held_out_donors": 2,
    "validation_share": 0.2, "held_out_tissues": ["Liver"], "tissue_groups": None,
}  # fmt: skip


def draw(name: str, **changes: Any) -> Split:
    """Draw a split with the settings above."""
    return draw_split(name, GENES, SAMPLES, scheme_settings(name, SETTINGS | changes))


def test_chromosomes_are_listed_in_the_order_of_the_genes() -> None:
    split = replace(draw("leave_out_chr10"), validation_genes=np.array([9]))
    title, train, validated, tested = split_overview(split, GENES, SAMPLES)
    assert says(title, "leave_out_chr10", "chromosome", "sample")
    assert says(train, "training", "6", "chr2 4, chrX 2")
    assert says(validated, "validation", "1", "2", "chrY 1")
    assert says(tested, "test", "3", "2", "chr10 3")


def test_tissues_and_donors_are_listed() -> None:
    _, train, validated, tested = split_overview(draw("tissue"), GENES, SAMPLES)
    assert says(tested, "2", "3", "Liver 3")
    assert sorted([train.split(": ")[1], validated.split(": ")[1]]) == ["Lung 5", "Testis 2"]
    _, _, validated, tested = split_overview(draw("donor"), GENES, SAMPLES)
    assert says(validated, "2", "1 donors") and says(tested, "2", "1 donors")


def test_samples_that_are_in_all_parts() -> None:
    title, *parts = split_overview(draw("thesis", held_out_samples=0), GENES, SAMPLES)
    assert "all samples" in title
    assert all(says(part, "10") for part in parts)


def test_all_splits_below_the_axes() -> None:
    text = splits_overview(["thesis", "chromosome_1"], SETTINGS, GENES, SAMPLES)
    assert says(text.splitlines()[0], "10", "4")
    assert [line.partition(":")[0] for line in text.splitlines() if line and line[0].isalpha()] == [
        "thesis",
        "chromosome_1",
    ]
