"""JASPAR profiles to kernels, columns and mapping."""

import math
import sqlite3
from pathlib import Path

import numpy as np
import pyjaspar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from tr300m.arrays.motifs import (
    JasparProfile,
    core_profiles,
    human_profiles,
    kernels,
    motif_axis,
    motif_columns,
    motif_map,
    pssm,
)
from tr300m.base.axes import Regulators

CORE_NAMES = [
    "MTE",
    "INR",
    "GC-box",
    "CCAAT-box",
    "DPE",
    "BREu",
    "BREd",
    "DCE_S_I",
    "DCE_S_II",
    "DCE_S_III",
    "XCPE1",
    "TATA-Box",
    "MED-1",
]


def profile(name: str, length: int, matrix_id: str = "MA0001.1", seed: int = 0) -> JasparProfile:
    """Return a profile of random counts."""
    counts = np.random.default_rng(seed).integers(0, 20, (length, 4)).astype(np.float64)
    return JasparProfile(matrix_id, name, counts)


def regulators(names: list[str]) -> Regulators:
    """Return regulators of these gene names."""
    return Regulators(
        gene_id=np.array([f"ENSG{number}.1" for number in range(len(names))]),
        gene_name=np.array(names),
        chromosome=np.array(["chr1"] * len(names)),
        strand=np.array(["+"] * len(names)),
        tss=np.arange(len(names), dtype=np.int64),
    )


def literal_pssm(counts: NDArray[np.float64]) -> list[list[float]]:
    """Return the PSSM number by number."""
    rows = []
    for position in counts.tolist():
        raised = [count + 2.0**-24 for count in position]
        rows.append([math.log2(count / sum(raised) / 0.25) for count in raised])
    return rows


@pytest.fixture(scope="module")
def human() -> list[JasparProfile]:
    """Return the human profiles."""
    return human_profiles()


@pytest.fixture(scope="module")
def core() -> list[JasparProfile]:
    """Return the core promoter elements."""
    return core_profiles()


def test_human_profiles_are_1237_in_database_order(human: list[JasparProfile]) -> None:
    assert len(human) == 1237
    database = Path(pyjaspar.__file__).parent / "data" / "JASPAR2022.sqlite"
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        matrices = connection.execute("SELECT ID, BASE_ID, VERSION, NAME FROM MATRIX ORDER BY ID").fetchall()
        species: dict[int, set[str]] = {}
        for number, taxon in connection.execute("SELECT ID, TAX_ID FROM MATRIX_SPECIES"):
            species.setdefault(number, set()).add(str(taxon))
        counts: dict[tuple[int, int, str], float] = {
            (number, position, base): value
            for number, base, position, value in connection.execute("SELECT ID, row, col, val FROM MATRIX_DATA")
        }
    finally:
        connection.close()
    only_human = [matrix for matrix in matrices if species.get(matrix[0]) == {"9606"}]
    assert [one.matrix_id for one in human] == [f"{base}.{version}" for _, base, version, _ in only_human]
    assert [one.name for one in human] == [name for _, _, _, name in only_human]
    for one, (number, _, _, _) in list(zip(human, only_human, strict=True))[::50]:
        literal = [[counts[number, at + 1, base] for base in "ACGT"] for at in range(len(one.counts))]
        assert one.counts.tolist() == literal


def test_all_versions_are_there(human: list[JasparProfile]) -> None:
    assert sum(one.name == "TFAP2A" for one in human) >= 6
    assert "MA0442.2" in [one.matrix_id for one in human]
    assert max(len(one.counts) for one in human) <= 35


def test_core_elements_in_order(core: list[JasparProfile]) -> None:
    assert [one.name for one in core] == CORE_NAMES
    assert kernels(core, 19).shape == (19, 4, 13)
    assert max(len(one.counts) for one in core) <= 19


def test_pssm_of_one_certain_position() -> None:
    found = pssm(np.array([[10.0, 0, 0, 0]]))
    tiny = 2.0**-24
    total = 10 + 4 * tiny
    expected = [math.log2((10 + tiny) / total / 0.25)] + [math.log2(tiny / total / 0.25)] * 3
    assert found.dtype == np.float64
    assert np.allclose(found, [expected], rtol=1e-14, atol=0)


def test_pssm_of_equal_counts_is_zero() -> None:
    assert np.array_equal(pssm(np.full((3, 4), 7.0)), np.zeros((3, 4)))


@settings(deadline=None, max_examples=50)
@given(arrays(np.float64, st.tuples(st.integers(1, 8), st.just(4)), elements=st.integers(0, 1000).map(float)))
def test_pssm_equals_the_formula(counts: NDArray[np.float64]) -> None:
    assert np.allclose(pssm(counts), literal_pssm(counts), rtol=1e-13, atol=1e-13)


def test_pssm_of_all_released_profiles(human: list[JasparProfile], core: list[JasparProfile]) -> None:
    for one in [*human[::25], *core]:
        assert np.allclose(pssm(one.counts), literal_pssm(one.counts), rtol=1e-13, atol=1e-13)


@settings(deadline=None, max_examples=60)
@given(length=st.integers(1, 12), spare_width=st.integers(0, 9))
def test_kernels_are_centred_with_the_odd_position_on_the_right(length: int, spare_width: int) -> None:
    width = length + spare_width
    one = profile("A", length)
    found = kernels([one], width)
    left = (width - length) // 2
    expected = np.zeros((width, 4, 1))
    expected[left : left + length, :, 0] = pssm(one.counts)
    assert np.array_equal(found, expected)
    right = width - length - left
    assert right - left in {0, 1}


def test_kernels_stack_profiles_in_order_and_append_spares() -> None:
    profiles = [profile("A", 3, seed=1), profile("B", 5, seed=2)]
    found = kernels(profiles, 5, spare=2)
    assert found.shape == (5, 4, 4)
    assert found.dtype == np.float64
    assert np.array_equal(found[1:4, :, 0], pssm(profiles[0].counts))
    assert np.array_equal(found[:, :, 1], pssm(profiles[1].counts))
    assert not found[[0, 4], :, 0].any()
    assert not found[:, :, 2:].any()


def test_motif_axis_counts_the_first_position() -> None:
    one = JasparProfile("MA0001.2", "A", np.array([[1.0, 2, 3, 4], [9, 9, 9, 9]]))
    motifs = motif_axis([one], spare=1)
    assert motifs.matrix_id.tolist() == ["MA0001.2", ""]
    assert motifs.name.tolist() == ["A", ""]
    assert motifs.length.tolist() == [2, 0]
    assert motifs.counts.tolist() == [10, 0]


def test_columns_match_gene_names_exactly_and_drop_dimers() -> None:
    profiles = [
        profile("B", 4, "MA2.1"),
        profile("A", 4, "MA1.1"),
        profile("A::B", 4, "MA3.1"),
        profile("a", 4, "MA4.1"),
        profile("A", 4, "MA1.2"),
        profile("C", 4, "MA5.1"),
    ]
    kept = motif_columns(profiles, regulators(["A", "B", "D"]))
    assert [one.matrix_id for one in kept] == ["MA2.1", "MA1.1", "MA1.2"]


def test_map_has_a_one_where_names_agree() -> None:
    # SHOX twice, as its PAR_Y copy: both map to its motif. The spare column maps to nobody.
    table = regulators(["SHOX", "A", "SHOX", "D"])
    motifs = motif_axis([profile("A", 4), profile("SHOX", 4), profile("A", 5)], spare=1)
    found = motif_map(table, motifs)
    assert found.dtype == np.uint8
    assert found.tolist() == [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_a_nameless_regulator_does_not_map_to_the_spare_column() -> None:
    found = motif_map(regulators(["A", ""]), motif_axis([profile("A", 4)], spare=1))
    assert found.tolist() == [[1, 0], [0, 0]]
