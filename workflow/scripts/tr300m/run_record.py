"""The record of a run: everything needed to say what was trained, on what, by what."""

import platform
import resource
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .io import atomic_path, read_json, write_json

PACKAGES = ("tr300m", "tensorflow", "jax", "keras", "numpy", "scipy")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that shape a result; packages that are not installed are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, MB (2^20 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KB, macOS in bytes.
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


# What a trained model's inputs mean; the genes and samples may be others.
MEANING = ("pssm", "core", "motif_map", "tissues.tsv", "regulators.tsv", "tracks.tsv")


def differences(trained: Mapping[str, str], manifest: Mapping[str, Any]) -> list[str]:
    """Return which motifs, tissues, regulators or tracks of a dataset are not those that a model was trained on.

    Parameters
    ----------
    trained
        `checksums` of the dataset it was trained on.
    manifest
        Of the dataset at hand.
    """
    here = checksums(manifest)
    return [name for name in MEANING if name in trained and trained[name] != here.get(name)]


def checksums(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of arrays and tables by name, from a dataset's manifest."""
    entries = {**manifest.get("arrays", {}), **manifest.get("tables", {})}
    return {name: str(entry["sha256"]) for name, entry in entries.items() if "sha256" in entry}


def reuse_run(trained: Path, folder: Path, run: str, control: str) -> None:
    """Copy a trained run's weights, history and record, for a run that only predicts.

    Parameters
    ----------
    trained, folder
        Folder of the trained run, and of the other.
    run, control
        Its name and control, which its record then holds beside the name of the trained run (`weights_of`).
    """
    for name in ("model.weights.h5", "history.tsv"):
        with atomic_path(folder / name) as temporary:
            shutil.copyfile(trained / name, temporary)
    record = read_json(trained / "run.json")
    write_json(folder / "run.json", {**record, "run": run, "control": control, "weights_of": record["run"]})
