"""Paths in a configuration: ``~`` as the home folder, the place of checkpoints, and files that are missing."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.errors import TR300MError

PATHS = ("results", "data", "genes", "samples", "runs", "architectures", "tracks", "released_data")
"""Keys whose values are paths; the values in `sources` may be paths too."""
MOTIF_PATHS = ("file", "map")
"""Keys of the section `motifs` whose values are paths."""


def expand_paths(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with the home folder in place of a leading ``~`` in each path.

    Raises
    ------
    TR300MError
        If no home folder is known.
    """
    filled = {**config, **{key: _expand(key, config[key]) for key in PATHS if config[key]}}
    filled["motifs"] = {
        key: _expand(f"motifs: {key}", value) if key in MOTIF_PATHS and value else value
        for key, value in filled["motifs"].items()
    }
    if table := filled["split"]["tissue_groups"]:
        filled["split"] = filled["split"] | {"tissue_groups": _expand("split: tissue_groups", table)}
    if place := filled["compute"]["checkpoints"]:
        filled["compute"] = filled["compute"] | {"checkpoints": _expand("compute: checkpoints", place)}
    if vcf := filled["use"]["variants"]:
        filled["use"] = filled["use"] | {"variants": _expand("use: variants", vcf)}
    filled["sources"] = {key: _expand(f"sources: {key}", value) for key, value in filled["sources"].items()}
    return filled


def missing_paths(config: Mapping[str, Any]) -> list[str]:
    """Return a problem for each file that does not exist; sources and tracks are checked with their tables."""
    problems = []
    for key in ("genes", "samples", "runs", "architectures"):
        if config[key] and not Path(config[key]).is_file():
            problems.append(f"`{key}`: {config[key]} does not exist; write the path of a file")
    for key in MOTIF_PATHS:
        if config["motifs"][key] and not Path(config["motifs"][key]).is_file():
            problems.append(f"`motifs: {key}`: {config['motifs'][key]} does not exist; write the path of a file")
    if config["released_data"] and not Path(config["released_data"]).exists():
        problems.append(f"`released_data`: {config['released_data']} does not exist; name the data.zip or its folder")
    return problems


def checkpoint_folder(results: str, place: str | None) -> str:
    """Return the folder of the checkpoints of all trainings.

    Parameters
    ----------
    results
        Folder of the results, which has them if no place is named.
    place
        `compute: checkpoints`. Folders of results that share a place have each their own in it.
    """
    if not place:
        return f"{results}/checkpoints"
    # Neither the root nor a step upwards may lead out of the place.
    return str(Path(place, *(part for part in Path(results).parts if part not in ("/", ".."))))


def _expand(key: str, path: str) -> str:
    """Return a path with the home folder in place of a leading ``~``."""
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise TR300MError(
            f"`{key}`: {path}: no home folder is known for {path.partition('/')[0]}", "write the full path"
        )
    return expanded
