"""Write values along a stretch of the genome as a bigWig."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyBigWig  # type: ignore[import-not-found, import-untyped, unused-ignore]

from ..base.disk import BIGWIG_BYTES, BIGWIG_INDEX, check_room
from ..base.files import atomic_path
from ..base.types import Floats, Ints


def write_bigwig(
    path: Path | str, lengths: Mapping[str, int], chromosome: str, positions: Ints, values: Floats
) -> None:
    """Write one value a base.

    Parameters
    ----------
    path
        File to write.
    lengths
        Lengths of the chromosomes (bp); those of the header.
    chromosome
        Where the values lie.
    positions
        1-based positions, consecutive in either direction [position].
    values
        Values [position]; what is NaN or outside the chromosome is left out.
    """
    order = np.argsort(positions)
    positions, values = positions[order], values[order]
    kept = np.isfinite(values) & (positions >= 1) & (positions <= lengths[chromosome])
    starts = positions[kept] - 1
    with atomic_path(path) as temporary:
        check_room(temporary, BIGWIG_BYTES * len(starts) + BIGWIG_INDEX)
        track = pyBigWig.open(str(temporary), "w")
        track.addHeader(list(lengths.items()))
        if len(starts):
            track.addEntries(
                [chromosome] * len(starts), starts.tolist(), ends=(starts + 1).tolist(), values=values[kept].tolist()
            )
        track.close()
