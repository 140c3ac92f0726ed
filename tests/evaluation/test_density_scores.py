"""CRPS and coverage of single pairs, of proper densities only."""

from pathlib import Path

import numpy as np
import pytest
from tr300m.base.array_files import save_arrays
from tr300m.evaluation.calibration import coverage, crps
from tr300m.evaluation.density_scores import density_scores, read_scored
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture

ONE = ZeroLognormalMixture(components=1, smallest_scale=1.0)
# Hardly an atom, and above it exp(N(0, 1)): the central interval of 90 % is from 0.193 to 5.18 TPM.
RAW = np.tile(np.array([[-1e4, 0.0, 0.0, -1e4]]), (4, 1))
# The last is all atom, so that its interval is [0, 0].
RAW[3, 0] = 1e4
OBSERVED = np.array([0.19, 0.2, 5.1, 0.0])


def test_coverage_counts_the_values_inside() -> None:
    found = density_scores(ONE, OBSERVED, RAW)
    assert found["coverage_90"].tolist() == [0, 1, 1, 1]
    assert found["coverage_90"].mean() == coverage(ONE, OBSERVED, RAW, 0.9)[0]
    assert np.array_equal(found["crps"], crps(ONE, OBSERVED, RAW))
    # Certain and right.
    assert found["crps"][3] == pytest.approx(0, abs=1e-12)


def test_only_proper_densities_are_scored(tmp_path: Path) -> None:
    pairs = {"gene": np.arange(4), "sample": np.arange(4), "observed": OBSERVED, "median": OBSERVED}
    save_arrays(tmp_path / "p.npz", {**pairs, "raw": RAW, "nll": OBSERVED})
    proper = read_scored(tmp_path / "p.npz", {"name": "zero_lognormal_mixture", "components": 1, "smallest_scale": 1.0})
    assert set(proper) == {*pairs, "nll", "crps", "coverage_90"}
    assert proper["coverage_90"].sum() == 3
    assert set(read_scored(tmp_path / "p.npz", {"name": "nb_exponential"})) == {*pairs, "nll"}
    save_arrays(tmp_path / "b.npz", pairs)
    assert set(read_scored(tmp_path / "b.npz", None)) == set(pairs)
