"""The section `use`: what is refused before any work."""

from pathlib import Path
from typing import Any

import pytest
from tr300m.config.run_table import Run
from tr300m.config.used_runs import problems_of_use

DEFAULTS: dict[str, Any] = {"runs": [], "genes": [], "variants": None, "tissues": ["all"]}
RUNS = {
    run.run: run
    for run in (
        Run("a", "seq_tf", "thesis", "nb_exponential", "none", "cached", 3, 10),
        Run("b", "bilinear", "thesis", "zero_lognormal_mixture", "none", "-", 3, None),
        Run("donors", "seq_tf", "donor", "nb_exponential", "none", "cached", 3, 10),
        Run("permuted", "seq_tf", "thesis", "nb_exponential", "permute_levels", "cached", 3, 10),
    )
}


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({}, []),
        ({"runs": ["a", "b"], "genes": ["HNF4A"]}, []),
        ({"runs": ["z"]}, [["z", "a, b, donors, permuted"]]),
        ({"runs": ["a", "donors"]}, [["donor, thesis"]]),
        ({"runs": ["permuted"]}, [["permuted", "permute_levels"]]),
        ({"genes": ["HNF4A"]}, [["use: runs"]]),
        ({"runs": ["a"], "variants": "none.vcf"}, [["none.vcf"]]),
        ({"runs": ["z", "permuted"], "variants": "none.vcf"}, [["z"], ["permuted"], ["none.vcf"]]),
    ],
)
def test_problems(given: dict[str, Any], parts: list[list[str]]) -> None:
    found = problems_of_use(DEFAULTS | given, RUNS)
    assert len(found) == len(parts)
    for problem, names in zip(found, parts, strict=True):
        assert all(name in problem for name in names)


def test_a_file_of_variants(tmp_path: Path) -> None:
    vcf = tmp_path / "mine.vcf"
    vcf.write_text("")
    assert not problems_of_use(DEFAULTS | {"runs": ["a"], "variants": str(vcf)}, RUNS)
