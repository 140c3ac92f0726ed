"""Bytes of the arrays of a dataset whose axes have other lengths.

    python benchmarks/array_sizes.py results/demo/dataset sample=300000

Types of values are those of the dataset that is named, lengths those of the release (the largest that each axis can
have) except for the axes given. Prints a Markdown table, with the cached motif scan of networks.
"""

import sys
from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
from tr300m.base.axes import ARRAYS, WIDE_ARRAYS
from tr300m.config.window import Window
from tr300m.dataset.splits import N_GENES, N_SAMPLES
from tr300m.features.pooling import pooled_length
from tr300m.preflight.axes import LENGTHS

RELEASE = {**LENGTHS, "gene": N_GENES, "sample": N_SAMPLES, "track": 21, "window": Window().width}


def array_bytes(dataset: Path, lengths: Mapping[str, int]) -> dict[str, int]:
    """Return the bytes of each array that a dataset has, and of the scan, at other lengths of the axes."""
    sizes = {}
    for name, spec in {**ARRAYS, **WIDE_ARRAYS}.items():
        path = dataset / f"{name}.npy"
        if path.is_file():
            array = np.load(path, mmap_mode="r")
            axes = zip(spec.axes, array.shape, strict=True)
            sizes[name] = prod(lengths.get(axis, length) for axis, length in axes) * array.itemsize
    # The scores are float16.
    sizes["scan"] = lengths["gene"] * pooled_length() * (lengths["motif"] + lengths["core_motif"]) * 2
    return sizes


if __name__ == "__main__":
    given = {axis: int(length) for axis, length in (argument.split("=") for argument in sys.argv[2:])}
    print("| array | GB |\n|---|---|")
    for name, size in sorted(array_bytes(Path(sys.argv[1]), RELEASE | given).items(), key=lambda item: -item[1]):
        print(f"| {name} | {size / 1e9:.3f} |")
