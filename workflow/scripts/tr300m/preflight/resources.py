"""Checks of disks and memory."""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from ..base.axes import ARRAYS
from ..config.settings import Settings
from ..features.pooling import pooled_length
from .axes import axis_lengths
from .check import Check

# Base pairs of chr1, the longest chromosome, and of the human genome.
LONGEST_CHROMOSOME = 248_956_422
GENOME = 3_100_000_000
# The largest number of bytes per value in an array.
VALUE_BYTES = 4


def missing_files(settings: Settings) -> dict[str, int]:
    """Return the largest size in bytes of each large file that is still to be made, including temporary ones."""
    config, lengths = settings.config, axis_lengths(settings)
    results, names = Path(settings.results), list(ARRAYS)
    sizes = {f"dataset/{name}.npy": prod(lengths[axis] for axis in ARRAYS[name].axes) * VALUE_BYTES for name in names}
    if any(run.scan == "cached" for run in settings.selection.runs.values()):
        # The scores are float16.
        motifs = lengths["motif"] + lengths["core_motif"]
        sizes["scan/pooled.npy"] = lengths["gene"] * pooled_length(settings.network["schedule"]) * motifs * 2
    missing = {name: size for name, size in sizes.items() if not (results / name).is_file()}
    if "dataset/histones.npy" in missing:
        missing["histones/"] = missing["dataset/histones.npy"]
    if "dataset/onehot.npy" in missing and settings.locations["genome"].kind != "simulated":
        chromosomes = len(config["chromosomes"] or ()) * LONGEST_CHROMOSOME
        missing["genome/"] = min(chromosomes or GENOME, GENOME)
    return missing


def check_disks(needs: Mapping[str, int]) -> list[Check]:
    """Compare the free space of each disk with what its folders need.

    Parameters
    ----------
    needs
        Bytes by folder; the folders need not exist.
    """
    disks: dict[int, list[str]] = {}
    for folder in (folder for folder, size in needs.items() if size):
        disks.setdefault(_existing(folder).stat().st_dev, []).append(folder)
    return [_check_disk(folders, sum(needs[folder] for folder in folders)) for folders in disks.values()]


def _existing(folder: str) -> Path:
    """Return a folder, or its nearest existing parent."""
    path = Path(folder).absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _check_disk(folders: Sequence[str], needed: int) -> Check:
    free = shutil.disk_usage(_existing(folders[0])).free
    what, state = f"disk of {', '.join(folders)}", f"{free:,} bytes free"
    if needed <= free:
        return Check(what, needed, state)
    advice = f"free {needed - free:,} bytes, or put `results` or resources/upstream (a symbolic link) on a larger disk"
    return Check(what, needed, state, f"{needed:,} bytes needed at most, {free:,} free; {advice}")


def check_memory(settings: Settings) -> Check:
    """Compare the memory of this machine with that of the configuration's largest job."""
    key, asked = max(_memory(settings.config["compute"]), key=lambda item: item[1])
    has = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed, state = asked * 10**6, f"this machine has {has:,} bytes"
    advice = "use a larger machine or a cluster, or set it to what your training needs"
    problem = "" if needed <= has else f"`compute: {key}` asks for {needed:,} bytes, {state}; {advice}"
    return Check("memory", needed, state, problem)


def _memory(compute: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    return ((key, value) for key, value in compute.items() if key.endswith("_mem_mb"))
