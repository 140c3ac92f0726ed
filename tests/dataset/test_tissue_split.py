"""Held-out tissues with their relatives, and the table of their groups."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from tr300m.base.axes import Genes, Samples
from tr300m.config.settings import resolve
from tr300m.config.tissue_groups import read_tissue_groups
from tr300m.dataset.split_schemes import draw_split, scheme_settings
from tr300m.dataset.splits import Split, thesis_split
from tr300m.dataset.tissue_split import groups_of_tissues

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "held_out_genes": 8, "gene_pool": None, "seed": 0, "held_out_tissues": 4, "tissue_groups": None,
}  # fmt: skip


def some_genes(count: int = 30) -> Genes:
    """Return genes whose columns say nothing."""
    text, zero = np.array([f"G{number}" for number in range(count)]), np.zeros(count, np.int64)
    return Genes(text, text, text, text, zero, zero, zero, text, zero)


def samples_of(*tissues: str) -> Samples:
    """Return one sample a tissue, all of one donor."""
    names = np.array([f"S{number}" for number in range(len(tissues))])
    return Samples(names, np.full(len(tissues), "D1"), np.array(tissues))


# Six groups: Brain with three tissues, Skin with two, four of one tissue.
GTEX = samples_of(
    "Brain - Cortex", "Liver", "Skin - Leg", "Brain - Amygdala", "Lung", "Liver", "Skin - Back", "Spleen", "Testis",
    "Brain - Cortex",
)  # fmt: skip


def draw(samples: Samples, **changes: Any) -> Split:
    """Draw the split with the settings above."""
    return draw_split("tissue", some_genes(), samples, scheme_settings("tissue", SETTINGS | changes))


def tissues(split: Split, samples: Samples) -> list[set[str]]:
    """Return the tissues of training, validation and test."""
    _, train = split.training_axes(0, len(samples))
    return [set(samples.tissue[part].tolist()) for part in (train, split.validation_samples, split.test_samples)]


def test_a_named_tissue_is_tested_with_its_relatives() -> None:
    split = draw(GTEX, held_out_tissues=["Brain - Amygdala"])
    train, validated, tested = tissues(split, GTEX)
    assert tested == {"Brain - Amygdala", "Brain - Cortex"}
    assert split.test_samples.tolist() == [0, 3, 9]
    # As many groups validate as are tested: one.
    assert len({name.split(" - ")[0] for name in validated}) == 1
    assert train | validated | tested == set(GTEX.tissue.tolist())
    both = draw(GTEX, held_out_tissues=["Lung", "Skin - Leg"])
    assert tissues(both, GTEX)[2] == {"Lung", "Skin - Leg", "Skin - Back"}
    thesis = thesis_split(30, 10, 8, 2, None)
    assert both.held_out_genes.tolist() == thesis.held_out_genes.tolist()


@settings(deadline=None, max_examples=60)
@given(
    organs=st.lists(st.integers(1, 4), min_size=3, max_size=12), share=st.floats(0, 1), seed=st.integers(0, 2**32 - 1)
)
def test_no_group_is_on_two_sides(organs: list[int], share: float, seed: int) -> None:
    names = [f"Organ {organ} - Part {part}" for organ, parts in enumerate(organs) for part in range(parts)]
    samples = samples_of(*names, *names[::2])
    count = 2 + int(share * (len(organs) - 3))
    split = draw(samples, held_out_tissues=count, seed=seed)
    sides = [{name.split(" - ")[0] for name in side} for side in tissues(split, samples)]
    assert sum(map(len, sides)) == len(organs)
    assert (len(sides[1]), len(sides[2])) == (count // 2, count - count // 2)
    by_share = draw(samples, held_out_tissues=count / len(organs), seed=seed)
    assert by_share.test_samples.tolist() == split.test_samples.tolist()


def test_the_table_says_who_is_related() -> None:
    group_of = {name: "inner" if name in ("Liver", "Spleen") else name for name in set(GTEX.tissue.tolist())}
    split = draw(GTEX, held_out_tissues=["Spleen"], tissue_groups=group_of)
    assert tissues(split, GTEX)[2] == {"Liver", "Spleen"}
    assert groups_of_tissues(GTEX.tissue, group_of)[[0, 1, 7]].tolist() == ["Brain - Cortex", "inner", "inner"]
    assert groups_of_tissues(GTEX.tissue)[[0, 1, 3]].tolist() == ["Brain", "Liver", "Brain"]


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"held_out_tissues": 6}, ["6 of 6 groups", "held_out_tissues"]),
        ({"held_out_tissues": 0.1}, ["1 of 6 groups", "0.1", "held_out_tissues"]),
        ({"held_out_tissues": ["Brain"]}, ["Brain", "Brain - Cortex", "held_out_tissues"]),
        ({"held_out_tissues": ["Lung", "Liver", "Spleen"]}, ["Lung, Liver, Spleen", "6", "3", "held_out_tissues"]),
        ({"tissue_groups": {"Liver": "x"}}, ["tissue_groups", "7 of 8", "Skin - Back"]),
    ],
)
def test_impossible_tissues(refuses: Refuses, changes: dict[str, Any], parts: list[str]) -> None:
    with refuses(*parts):
        draw(GTEX, **changes)


def test_it_reads_back(tmp_path: Path) -> None:
    split = draw(GTEX)
    split.write(tmp_path / "tissue.tsv", some_genes(), GTEX)
    found = Split.read(tmp_path / "tissue.tsv", some_genes(), GTEX)
    assert found.apart == "tissue"
    assert found.pairs("test").tolist() == split.pairs("test").tolist()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("tissue\torgan\nLung\tx\n", ["tissue organ", "tissue group"]),
        ("tissue\tgroup\nLung\tx\nLung\ty\n", ["line 3", "Lung"]),
        ("tissue\tgroup\nLung\t\n", ["line 2", "Lung"]),
    ],
)
def test_bad_tables_of_groups(tmp_path: Path, refuses: Refuses, text: str, parts: list[str]) -> None:
    path = tmp_path / "groups.tsv"
    path.write_text(text)
    with refuses("groups.tsv", *parts):
        read_tissue_groups(path)
    # Before any job.
    with refuses("groups.tsv", *parts):
        resolve({"split": {"tissue_groups": str(path)}}, ROOT)


def test_the_split_follows_the_content_of_the_table(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "groups.tsv"
    path.write_text("tissue\tgroup\nLung\tx\nLiver\tx\n")
    config = {"split": {"tissue_groups": str(path)}}
    assert resolve(config, ROOT).split["tissue_groups"] == {"Lung": "x", "Liver": "x"}
    assert resolve({}, ROOT).split["tissue_groups"] is None
    with refuses("nowhere.tsv"):
        resolve({"split": {"tissue_groups": "nowhere.tsv"}}, ROOT)
