"""The table of factorised models: features that exist and have a weight, architectures of these names."""

from itertools import product
from pathlib import Path

import pytest
from tr300m.base.files import read_tsv
from tr300m.config.factorised_models import FACTORISED, gene_blocks
from tr300m.factorised.boosted import TREE_BLOCKS
from tr300m.factorised.fit import GENE_WEIGHTS
from tr300m.features.controlled_features import MARK_FEATURES
from tr300m.features.gene_features import FEATURES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("marks", "bases", "body"), list(product([False, True], repeat=3)))
def test_every_block_is_a_feature_with_a_weight(marks: bool, bases: bool, body: bool) -> None:
    blocks = gene_blocks(marks, bases, body)
    assert len(set(blocks)) == len(blocks)
    assert set(blocks) <= FEATURES.keys()
    assert set(blocks) <= GENE_WEIGHTS.keys()
    # Trees always have something to read; without the wide arrays nothing asks for them.
    assert set(blocks) & set(TREE_BLOCKS)
    assert len(set(blocks) & MARK_FEATURES) == 1 + body
    assert ("body_marks" in blocks) == body
    assert marks or not set(blocks) & {"smooth_marks", "wide_marks"}
    assert bases or not [name for name in blocks if name.startswith("wide_")]


def test_weights_and_blocks_of_trees_are_of_features() -> None:
    assert GENE_WEIGHTS.keys() <= FEATURES.keys()
    assert set(TREE_BLOCKS) <= GENE_WEIGHTS.keys()


def test_architectures_of_the_family_are_the_factorised_models() -> None:
    table = read_tsv(ROOT / "config" / "architectures.tsv")
    of_family = table["architecture"][table["family"] == "factorised"]
    assert sorted(of_family.tolist()) == sorted(FACTORISED)
    assert [name for name, row in FACTORISED.items() if row.trees] == ["bilinear_trees"]
    assert [name for name, row in FACTORISED.items() if row.towers] == ["two_tower"]
