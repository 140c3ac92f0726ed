"""The section `use` of the configuration: which runs are used for pages and variants."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .run_table import Run


def problems_of_use(section: Mapping[str, Any], runs: Mapping[str, Run]) -> list[str]:
    """Return what is wrong with the section: runs that are not there, controls, several splits, a missing file."""
    names = section["runs"]
    found = [
        f"`use: runs`: there is no run {name}; choose from {', '.join(runs)}" for name in names if name not in runs
    ]
    chosen = [runs[name] for name in names if name in runs]
    found += [
        f"`use: runs`: {run.run} is a control ({run.control}); name runs without"
        for run in chosen
        if run.control != "none"
    ]
    if len(splits := sorted({run.split for run in chosen})) > 1:
        found.append(f"`use: runs`: they were trained on the splits {', '.join(splits)}; name runs of one split")
    if (section["genes"] or section["variants"]) and not names:
        found.append("`use`: genes or variants are given, and no runs; name some in `use: runs`")
    if section["variants"] and not Path(section["variants"]).is_file():
        found.append(f"`use: variants`: {section['variants']} does not exist; write the path of a VCF")
    return found
