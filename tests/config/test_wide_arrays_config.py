"""The section `wide`: what cannot be read is said before anything is."""

from typing import Any

import pytest
from tr300m.config.wide_arrays import wide_problems

EDGES = [250, 1000]


@pytest.mark.parametrize(
    ("wide", "by_range", "named"),
    [
        ({"mark_edges": EDGES, "gene_body": True}, False, []),
        ({"mark_edges": EDGES, "gene_body": False}, True, []),
        ({"mark_edges": [], "gene_body": False}, True, []),
        ({"mark_edges": [1000, 250], "gene_body": False}, False, ["[1000, 250]"]),
        ({"mark_edges": [], "gene_body": True}, False, ["`wide: mark_edges`"]),
        ({"mark_edges": EDGES, "gene_body": True}, True, ["`tracks_by_range`"]),
        ({"mark_edges": [], "gene_body": True}, True, ["`wide: mark_edges`", "`tracks_by_range`"]),
    ],
)
def test_each_problem_is_named(wide: dict[str, Any], by_range: bool, named: list[str]) -> None:
    problems = wide_problems(wide, by_range)
    assert len(problems) == len(named)
    assert all(name in problem for name, problem in zip(named, problems, strict=True))
