"""The record of a run: what was trained, on which data, with which software and hardware."""

import platform
import resource
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..base.errors import TR300MError
from ..base.files import atomic_path, read_json, write_json
from ..dataset.dataset import BINS_TABLE

PACKAGES = ("tr300m", "tensorflow", "jax", "keras", "numpy", "scipy", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the installed packages that affect results."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def peak_memory_mb() -> float:
    """Return the peak resident memory of this process so far, in MB (2^20 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # The unit is KB on Linux and bytes on macOS.
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


# These define the meaning of a trained model's inputs; genes and samples may differ.
MEANING = ("pssm", "core", "motif_map", "tissues.tsv", "regulators.tsv", "tracks.tsv")


def differences(record: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[str]:
    """Return what differs between a model and a dataset: arrays and tables of `MEANING`, bins, edition, window.

    Parameters
    ----------
    record
        Content of `run.json` of the model.
    manifest
        Manifest of the dataset.
    """
    trained, here = record["arrays"], checksums(manifest)
    wide = (BINS_TABLE,) if record["architecture"].get("wide_marks") else ()
    found = [name for name in (*MEANING, *wide) if trained.get(name) != here.get(name)]
    return found + [name for name, value in window_settings(manifest).items() if record.get(name) != value]


def window_settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what places the promoter windows of a dataset, from its manifest.

    The extent, and the edition: windows of the editions are shifted by one base.
    """
    config = manifest.get("config", {})
    return {name: config.get(name) for name in ("edition", "window")}


def checksums(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of arrays and tables by name, from a dataset's manifest."""
    entries = {**manifest.get("arrays", {}), **manifest.get("tables", {})}
    return {name: str(entry["sha256"]) for name, entry in entries.items() if "sha256" in entry}


def read_record(folder: Path | str) -> dict[str, Any]:
    """Read `run.json` of a trained run.

    Raises
    ------
    TR300MError
        If it or the weights are missing, it is a factorised model, or an older version wrote it without the units of
        the inputs.
    """
    weights, path = Path(folder) / "model.weights.h5", Path(folder) / "run.json"
    if (Path(folder) / "model.npz").is_file():
        raise TR300MError(
            f"{folder} holds a factorised model, which has no weights of a network",
            "open it with tr300m.factorised.model.FactorisedModel.load, or name the folder of a network",
        )
    for file in (weights, path):
        if not file.is_file():
            raise TR300MError(f"{file} is missing", "train the run first")
    record: dict[str, Any] = read_json(path)
    if "units" not in record:
        raise TR300MError(f"{path} has no units, because an older version wrote it", "train the run again")
    return record


TRAINED_FILES = ("model.weights.h5", "history.tsv")
"""Files of a trained network, beside its record."""


def reuse_run(trained: Path, folder: Path, run: str, control: str, files: Sequence[str] = TRAINED_FILES) -> None:
    """Copy the files and the record of a trained run, for a run that only predicts.

    Parameters
    ----------
    trained, folder
        Folder of the trained run, and of the run that only predicts.
    run, control
        Name and control of the run that only predicts. Its record has them, and the name of the trained run in
        `weights_of`.
    files
        Names of the files to copy as they are.
    """
    for name in files:
        with atomic_path(folder / name) as temporary:
            shutil.copyfile(trained / name, temporary)
    record = read_json(trained / "run.json")
    write_json(folder / "run.json", {**record, "run": run, "control": control, "weights_of": record["run"]})


def fit_record(
    row: Mapping[str, Any],
    architecture: Mapping[str, Any],
    likelihood: Mapping[str, Any],
    features: Sequence[str],
    manifest: Mapping[str, Any],
    code: str,
) -> dict[str, Any]:
    """Return the content of `run.json` of a factorised run: everything that the result depends on, and the versions.

    Parameters
    ----------
    row
        Row of the run table.
    architecture, likelihood
        Row of the table of architectures; name and settings of the output distribution.
    features
        Names of the gene features that the model reads.
    manifest
        Manifest of the dataset.
    code
        Hash of the code that fitted it.
    """
    chosen = {name: row[name] for name in ("control", "split", "seed", "options")}
    return {
        "run": row["run"],
        "architecture": dict(architecture),
        "likelihood": dict(likelihood),
        **chosen,
        "features": list(features),
        "code": code,
        **window_settings(manifest),
        "arrays": checksums(manifest),
        "versions": versions(),
    }
