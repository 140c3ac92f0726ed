"""The section `wide` of a configuration: which arrays over wider windows there are."""

from collections.abc import Mapping
from typing import Any


def wide_problems(wide: Mapping[str, Any], tracks_by_range: bool) -> list[str]:
    """Return what is wrong with the section `wide`, one problem a text.

    Parameters
    ----------
    wide
        The section.
    tracks_by_range
        Whether only windows of the tracks are fetched, not whole files.
    """
    problems = []
    if wide["mark_edges"] != sorted(wide["mark_edges"]):
        problems.append(f"`wide: mark_edges`: {wide['mark_edges']} do not ascend; write the smallest first")
    if wide["gene_body"] and not wide["mark_edges"]:
        problems.append("`wide: gene_body` adds to the array wide_marks, which there is not; set `wide: mark_edges`")
    if wide["gene_body"] and tracks_by_range:
        problems.append("`wide: gene_body` reads whole genes, `tracks_by_range` fetches windows; leave one of them out")
    return problems
